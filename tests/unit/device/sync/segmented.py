"""A company large enough for segments, and the requests and replies that carry them."""

from dataclasses import replace

import pytest

from sync_protocol.change import Stream
from sync_protocol.conformance.http_server import Reply, Request
from tests.unit.device.company import TERRITORY, customer
from tests.unit.device.feed_server import FeedServer

CUSTOMERS: Stream = (TERRITORY, "customers")


@pytest.fixture
def segmented(server: FeedServer) -> FeedServer:
    """300 customers, offered in segments of 50 rows."""
    for n in range(300):
        server.feed.put(TERRITORY, "customers", f"S{n:03}", customer(f"S{n:03}", f"Søren {n * 7919 % 1000}"))
    server.feed.build_in_segments(CUSTOMERS, 50)
    return server


def segment_requests(server: FeedServer) -> list[str]:
    """Return method and path of the requests for segments."""
    return [line for line in server.request_lines() if line.startswith("GET /v1/segments/")]


def segment_reply(server: FeedServer, request: Request) -> Reply | None:
    """Return the ordinary reply to a request for a segment, and None for any other request."""
    return server.segments.answer(request) if request.path.startswith("/v1/segments/") else None


def cut(reply: Reply, size: int) -> Reply:
    """Return *reply* as it arrives if the connection breaks after *size* bytes."""
    return replace(reply, cut=size)
