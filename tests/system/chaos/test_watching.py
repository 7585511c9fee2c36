"""The network that reads along finds the mark of another rep wherever in an answer it is."""

import gzip

import httpx
import pytest

from tests.system.chaos.rig.watching import Watching

OURS, THEIRS = b"CANARY-R1-a1", b"CANARY-R2-b2"
# What no compression makes short, so that a half of it still holds the mark.
NOISE = bytes(range(256)) * 8


def _reads(body: bytes) -> list[str]:
    """Return what R1's network finds in an answer with *body*."""
    found: list[str] = []
    network = httpx.MockTransport(lambda request: httpx.Response(200, stream=httpx.ByteStream(body)))
    with httpx.Client(transport=Watching("R1", found.append, network)) as client:
        client.get("http://satchel.test/")
    return found


@pytest.mark.parametrize(
    ("body", "found"),
    [
        pytest.param(b'{"notes":"' + OURS + b'"}', [], id="one's own"),
        pytest.param(b'{"notes":"' + OURS + b" " + THEIRS + b'"}', [THEIRS.decode()], id="plain"),
        pytest.param(gzip.compress(NOISE + THEIRS + NOISE), [THEIRS.decode()], id="compressed"),
        pytest.param(gzip.compress(OURS + THEIRS + NOISE)[:-12], [THEIRS.decode()], id="compressed and cut"),
    ],
)
def test_the_mark_of_another_rep_is_found(body: bytes, found: list[str]) -> None:
    assert _reads(body) == found
