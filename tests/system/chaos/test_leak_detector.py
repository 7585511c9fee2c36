"""The leak detector finds the mark of another rep anywhere in a response."""

import gzip

import httpx
import pytest

from tests.system.chaos.rig.leak_detector import LeakDetector

OURS, THEIRS = b"CANARY-R1-a1", b"CANARY-R2-b2"
# Text that gzip does not shorten, so that half of the body still holds the mark.
NOISE = bytes(range(256)) * 8


def _leaks_in(body: bytes) -> list[str]:
    """Return the marks that R1's detector finds in a response with *body*."""
    leaks: list[str] = []
    network = httpx.MockTransport(lambda request: httpx.Response(200, stream=httpx.ByteStream(body)))
    with httpx.Client(transport=LeakDetector("R1", leaks.append, network)) as client:
        client.get("http://satchel.test/")
    return leaks


@pytest.mark.parametrize(
    ("body", "leaks"),
    [
        pytest.param(b'{"notes":"' + OURS + b'"}', [], id="one's own"),
        pytest.param(b'{"notes":"' + OURS + b" " + THEIRS + b'"}', [THEIRS.decode()], id="plain"),
        pytest.param(gzip.compress(NOISE + THEIRS + NOISE), [THEIRS.decode()], id="compressed"),
        pytest.param(gzip.compress(OURS + THEIRS + NOISE)[:-12], [THEIRS.decode()], id="compressed and cut"),
    ],
)
def test_the_detector_finds_the_marker_of_another_rep(body: bytes, leaks: list[str]) -> None:
    assert _leaks_in(body) == leaks
