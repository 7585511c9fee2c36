"""Rate limits over HTTP: who must wait, and who must not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.clock import ManualClock
from backend.settings import read_settings
from backend.sync.page import etag_of
from tests.unit.api.installation import Installation, Phone, install
from tests.unit.sync.company import order_body, submission


@pytest.fixture
def installation(tmp_path: Path, clock: ManualClock) -> Iterator[Installation]:
    """An installation with low limits."""
    environ = {
        "SATCHEL_FOLDER": str(tmp_path / "instance"),
        "SATCHEL_DEVICE_REQUESTS_PER_MINUTE": "10",
        "SATCHEL_REP_REQUESTS_PER_MINUTE": "15",
        "SATCHEL_ADDRESS_REQUESTS_PER_MINUTE": "5",
    }
    with install(read_settings(environ), clock) as installation:
        yield installation


def guess(installation: Installation, phone: Phone) -> Any:
    body = {"code": "AAAAA-AAAAA-AAAAA", "public_key": phone.public_key, "device_name": "x"}
    return installation.client.post("/v1/enrol", json=body, headers=phone.proven("/v1/enrol"))


def test_a_guesser_does_not_lock_out_the_neighbours(installation: Installation) -> None:
    neighbour = installation.phone()
    replies = [guess(installation, neighbour) for _ in range(60)]
    assert [reply.status_code for reply in replies] == [400] * 20 + [429] * 40
    assert replies[-1].json["code"] == "rate_limited" and int(replies[-1].headers["Retry-After"]) > 0
    # The same address: an enrolment, a refresh and a pull are answered.
    assert installation.phone("R2").pull().status_code == 200
    assert neighbour.refresh().status_code == 200
    assert neighbour.pull().status_code == 200
    assert guess(installation, neighbour).status_code == 429
    installation.clock.advance(seconds=int(replies[-1].headers["Retry-After"]))
    assert guess(installation, neighbour).status_code == 400


def test_forged_refresh_tokens_count_and_the_right_one_is_accepted(installation: Installation) -> None:
    phone = installation.phone()
    codes = [phone.refresh(f"rt1.{n}.1.x").status_code for n in range(25)]
    assert codes == [401] * 20 + [429] * 5
    assert phone.refresh().status_code == 200


def test_a_device_in_a_loop_must_wait_and_may_still_push(installation: Installation) -> None:
    phone, other = installation.phone(), installation.phone("R2")
    replies = [phone.pull() for _ in range(12)]
    assert [reply.status_code for reply in replies] == [200] * 10 + [429] * 2
    assert replies[-1].json["code"] == "rate_limited"
    assert phone.push(submission("01KBR9Z8Q5T000000000000001", order_body())).status_code == 200
    assert other.pull().status_code == 200
    installation.clock.advance(seconds=int(replies[-1].headers["Retry-After"]))
    assert phone.pull().status_code == 200


def test_a_loop_of_idle_polls_is_counted_too(installation: Installation) -> None:
    phone = installation.phone()
    cursor = phone.pull().json["cursor"]
    headers = {"If-None-Match": f'W/"{etag_of(cursor)}"'}
    codes = [phone.pull(cursor, headers=headers).status_code for _ in range(12)]
    assert codes == [304] * 9 + [429] * 3


def test_the_devices_of_a_rep_share_the_limit_of_the_rep(installation: Installation) -> None:
    first, second = installation.phone(), installation.phone()
    assert [first.pull().status_code for _ in range(10)] == [200] * 10
    assert [second.pull().status_code for _ in range(7)] == [200] * 5 + [429] * 2


def test_requests_without_a_token_are_counted_by_address(installation: Installation) -> None:
    def ask(path: str, address: str) -> int:
        return installation.client.get(path, environ_base={"REMOTE_ADDR": address}).status_code

    # One subscriber, two addresses.
    codes = [ask("/v1/limits", f"2001:db8::{n % 2}") for n in range(7)]
    assert codes == [200] * 5 + [429] * 2
    assert ask("/v1/limits", "2001:db8:0:1::1") == 200
    # A load balancer is never refused.
    assert [ask("/livez", "2001:db8::1") for _ in range(20)] == [200] * 20
