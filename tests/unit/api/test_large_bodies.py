"""Large bodies: few at once, never more than their bytes can honestly hold, and honest ones wait a moment."""

import gzip
import json
from typing import Any

import pytest

from backend.api.services import EXTENSION
from backend.api.turns import AT_ONCE, Turns
from sync_protocol.limits import LIMITS
from tests.unit.api.installation import Installation, Phone
from tests.unit.sync.company import order_body, submission

GZIP = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
PLAIN = {"Content-Type": "application/json"}
ORDER = "01KBR9Z8Q5T0000000000000AA"


def padded(size: int) -> bytes:
    return json.dumps({"submissions": [], "padding": "x" * size}).encode()


def push(phone: Phone, data: bytes, headers: dict[str, str]) -> Any:
    return phone.ask("POST", "/v1/push", data=data, headers=headers)


@pytest.fixture
def turns(installation: Installation) -> Turns:
    """The turns of the app, without waiting for one."""
    turns = Turns(wait=0.01)
    object.__setattr__(installation.app.extensions[EXTENSION], "large_bodies", turns)
    return turns


def test_a_body_that_inflates_to_a_hundred_times_its_bytes_is_refused(phone: Phone) -> None:
    dense = gzip.compress(padded(LIMITS.push_bytes // 2), mtime=0)
    assert len(dense) * LIMITS.inflate_ratio < LIMITS.push_bytes // 2
    reply = push(phone, dense, GZIP)
    assert (reply.status_code, reply.json["code"]) == (413, "body_too_large")
    assert "do not compress it" in reply.json["detail"]
    assert push(phone, padded(LIMITS.push_bytes // 2), PLAIN).status_code == 200


def test_a_small_body_may_be_as_dense_as_it_likes(phone: Phone) -> None:
    assert push(phone, gzip.compress(padded(LIMITS.inflate_free_bytes - 100), mtime=0), GZIP).status_code == 200


@pytest.mark.parametrize("headers", [PLAIN, GZIP], ids=["plain", "gzip"])
def test_one_large_body_too_many_is_asked_to_come_again(
    phone: Phone, turns: Turns, headers: dict[str, str]
) -> None:
    ids = [f"{ORDER[:-2]}{n:02}" for n in range(100)]
    documents = [submission(id, {**order_body(), "notes": id * 70, "more": id * 400}) for id in ids]
    large = json.dumps({"submissions": documents}).encode()
    assert len(large) > LIMITS.inflate_free_bytes
    large = gzip.compress(large, 1, mtime=0) if headers is GZIP else large
    taken = [turns.take() for _ in range(AT_ONCE)]
    reply = push(phone, large, headers)
    assert (all(taken), reply.status_code, reply.json["code"]) == (True, 503, "unavailable")
    assert 1 <= int(reply.headers["Retry-After"]) <= 5
    assert push(phone, padded(100), headers if headers is PLAIN else PLAIN).status_code == 200
    for _ in taken:
        turns.give_back()
    for _ in range(2 * AT_ONCE):
        assert push(phone, large, headers).status_code == 200


def test_a_request_gives_its_turn_back_however_it_ends(phone: Phone, turns: Turns) -> None:
    for data in (b"[" * LIMITS.inflate_free_bytes * 2, b'"' + b"x" * LIMITS.inflate_free_bytes * 2):
        for _ in range(AT_ONCE + 1):
            assert push(phone, data, PLAIN).status_code == 400
    assert [turns.take() for _ in range(AT_ONCE + 1)] == [True] * AT_ONCE + [False]
