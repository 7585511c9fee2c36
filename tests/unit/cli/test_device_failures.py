"""What a device says at a terminal when a request fails: a sentence, what to do, and a line for support."""

from collections.abc import Iterator

import pytest

from sync_protocol.conformance.http_server import HttpServer, Reply, problem
from tests.unit.cli.conftest import Satchel

HTML = Reply(200, b"<html>Welcome to our lounge</html>", {"Content-Type": "text/html"})
PORTAL = "the answer did not come from the server; this may be a network with a sign-in page"
AGAIN = "Nothing is lost; run it again later"


@pytest.fixture
def replies() -> list[Reply]:
    """What the server answers; the last one is repeated."""
    return []


@pytest.fixture
def address(replies: list[Reply]) -> Iterator[str]:
    """The address of a server that gives *replies*."""
    server = HttpServer(lambda request: replies.pop(0) if len(replies) > 1 else replies[0])
    yield server.address
    server.close()


@pytest.mark.parametrize(
    ("reply", "sentence", "technical"),
    [
        (HTML, f"{PORTAL}. {AGAIN}", "text/html"),
        (problem(503, "unavailable"), f"the server cannot answer now. {AGAIN}", "(unavailable)"),
        (
            problem(400, "enrolment_code_invalid"),
            "the enrolment code is unknown, used or expired; ask the office for a new one",
            "(enrolment_code_invalid)",
        ),
    ],
    ids=["portal", "busy", "refused"],
)
def test_a_failed_enrolment_says_what_to_do(
    satchel: Satchel, address: str, replies: list[Reply], reply: Reply, sentence: str, technical: str
) -> None:
    replies.append(reply)
    result = satchel("device", "enrol", "AAAAA-AAAAA-AAAAA", "--server", address)
    first, second = result.output.strip().splitlines()
    assert (first, result.exit_code) == (f"Error: {sentence}", 1)
    assert second.startswith("For support: ") and technical in second
