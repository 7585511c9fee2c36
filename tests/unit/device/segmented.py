"""A company large enough for segments, and what a test asks about them."""

import pytest

from sync_protocol.change import Stream
from sync_protocol.device.device import Device
from tests.unit.device.company import TERRITORY, customer
from tests.unit.device.fake_server import FakeServer

CUSTOMERS: Stream = (TERRITORY, "customers")


@pytest.fixture
def segmented(server: FakeServer) -> FakeServer:
    """300 customers, offered in segments of 50 rows."""
    for n in range(300):
        server.feed.put(TERRITORY, "customers", f"S{n:03}", customer(f"S{n:03}", f"Søren {n * 7919 % 1000}"))
    server.feed.build(CUSTOMERS, 50)
    return server


def of_segments(server: FakeServer) -> list[str]:
    return [seen for seen in server.seen if seen.startswith("GET /v1/segments/")]


def held(device: Device) -> dict[tuple[str, str], object]:
    counts = device.status().counts
    return {(name, record["id"]): record for name in counts for record in device.records(name)}
