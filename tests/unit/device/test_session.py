"""Enrolment and tokens: a lost reply logs nobody out, and nobody else's data stays."""

import stat
from pathlib import Path

import httpx
import pytest

from backend.clock import ManualClock
from sync_protocol.device.device import Device
from sync_protocol.device.errors import DeviceError, EnrolAgain, Offline, Problem
from sync_protocol.device.failpoint import FailpointRaised
from sync_protocol.device.session.keys import key_file_name, load
from tests.unit.device.company import order_body
from tests.unit.device.conftest import Opened
from tests.unit.device.fake_server import CODE, ISSUER, FakeServer


def refresh_token(device: Device) -> str:
    return str(device.db.value("SELECT refresh_token FROM session"))


def test_enrolment_says_whose_device_it_is(opened: Opened) -> None:
    who = opened().enrol(f" {CODE} ", ISSUER)
    assert (who.rep, who.rep_name, who.company, who.server) == ("R1", "Rosa Reyes", "Northwind", ISSUER)


def test_tokens_do_not_show_where_an_identity_is_printed(enrolled: Device) -> None:
    assert "refresh-" not in repr(enrolled.identity) and "access-" not in repr(enrolled.identity)


def test_an_enrolment_whose_reply_was_lost_gives_the_same_device(opened: Opened, server: FakeServer) -> None:
    server.lose_reply("/v1/enrol")
    with pytest.raises(Offline):
        opened().enrol(CODE, ISSUER)
    key = server.key
    assert opened().enrol(CODE, ISSUER).device_id
    assert server.key == key


def test_a_code_typed_in_another_way_finds_the_same_key() -> None:
    assert key_file_name("ab-0 1 1x") == key_file_name("ABOIlX") != key_file_name("AB01X")


def test_a_crash_before_the_enrolment_is_stored_gives_the_same_device(
    opened: Opened, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SATCHEL_DEVICE_FAILPOINTS", "enrol.before_store=raise")
    with pytest.raises(FailpointRaised):
        opened().enrol(CODE, ISSUER)
    monkeypatch.delenv("SATCHEL_DEVICE_FAILPOINTS")
    key = server.key
    device = opened()
    device.enrol(CODE, ISSUER)
    assert server.key == key and device.sync().complete


def test_a_wrong_code_says_what_to_do(opened: Opened) -> None:
    with pytest.raises(Problem, match="enrolment_code_invalid"):
        opened().enrol("WRONG", ISSUER)


@pytest.mark.parametrize(
    "url", ["http://satchel.example.com", "ftp://x", "satchel.example.com", "https://", "https://x/?a=1"]
)
def test_a_server_that_cannot_be_spoken_to_safely_is_refused(opened: Opened, url: str) -> None:
    with pytest.raises(DeviceError):
        opened().enrol(CODE, url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost:8000/", "http://[::1]:8000"])
def test_plain_http_is_for_this_machine(opened: Opened, url: str) -> None:
    assert opened().enrol(CODE, url).server == url.rstrip("/")


def test_the_key_is_readable_by_its_owner_only(enrolled: Device, folder: Path) -> None:
    (key,) = folder.glob("key-*")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert load(key).public_jwk()["crv"] == "Ed25519"


def test_an_expired_token_is_refreshed_and_the_request_sent_again(device: Device, server: FakeServer) -> None:
    server.expire_access()
    assert device.sync().complete
    assert server.seen[-3:] == ["GET /v1/pull", "POST /v1/token", "GET /v1/pull"]


def test_a_token_near_its_end_is_refreshed_before_it_is_used(
    device: Device, server: FakeServer, clock: ManualClock
) -> None:
    clock.advance(minutes=14, seconds=30)
    device.sync()
    assert server.seen[-2:] == ["POST /v1/token", "GET /v1/pull"]


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_that_is_years_wrong_does_not_stop_a_sync(
    device: Device, server: FakeServer, clock: ManualClock, years: int
) -> None:
    clock.advance(days=365 * years)
    server.expire_access()
    assert device.sync().complete


def test_a_rotation_whose_reply_was_lost_logs_nobody_out(device: Device, server: FakeServer) -> None:
    server.expire_access()
    server.lose_reply("/v1/token")
    assert isinstance(device.sync().problem, Offline)
    assert (refresh_token(device), server.generation) == ("refresh-0", 1)
    assert device.sync().complete
    assert (refresh_token(device), server.generation) == ("refresh-1", 1)


def test_the_new_refresh_token_is_stored_before_it_is_used(
    device: Device, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.expire_access()
    stored: list[str] = []
    server.always = lambda request: (
        stored.append(refresh_token(device)) if request.url.path == "/v1/pull" else None
    )
    device.sync()
    assert stored == ["refresh-0", "refresh-1"]
    monkeypatch.setenv("SATCHEL_DEVICE_FAILPOINTS", "refresh.before_store=raise")
    server.expire_access()
    with pytest.raises(FailpointRaised):
        device.sync()
    monkeypatch.delenv("SATCHEL_DEVICE_FAILPOINTS")
    assert device.sync().complete


@pytest.mark.parametrize("reply_is_late", [True, False])
def test_a_slow_twin_on_the_same_folder_is_not_logged_out(
    opened: Opened, device: Device, server: FakeServer, reply_is_late: bool
) -> None:
    """Its request or its reply is overtaken by three rotations of the other one."""
    twin = opened()
    server.expire_access()

    def overtaken(request: httpx.Request) -> httpx.Response | None:
        if request.url.path != "/v1/token":
            return None
        server.always = None
        late = server.answer(request, request.content) if reply_is_late else None
        for _ in range(3):
            server.expire_access()
            assert twin.sync().complete
        server.expire_access()
        return late

    server.always = overtaken
    device.sync()
    assert device.sync().complete
    assert refresh_token(device) == f"refresh-{server.generation}"


def test_a_refused_refresh_token_asks_for_a_new_enrolment_and_keeps_the_outbox(
    device: Device, server: FakeServer
) -> None:
    device.capture("order", order_body())
    server.expire_access()
    server.generation = 9
    with pytest.raises(EnrolAgain):
        device.sync()
    server.key = None
    device.enrol(CODE, ISSUER)
    assert device.sync().complete
    assert len(server.inbox) == 1


def test_a_device_without_its_key_must_enrol_again(device: Device, server: FakeServer, folder: Path) -> None:
    """As when the folder was restored from a backup that does not have the key."""
    for key in folder.glob("key-*"):
        key.unlink()
    server.expire_access()
    with pytest.raises(EnrolAgain):
        device.sync()
    assert device.records("customers"), "what was known is still known"


def test_enrolling_for_another_rep_deletes_the_first_ones_records(device: Device, server: FakeServer) -> None:
    device.capture("order", order_body())
    device.db.run("UPDATE session SET rep = 'R0'")
    device.db.run("UPDATE document SET rep = 'R0'")
    half_a_segment = device.parts.file("a" * 64, 100, tagged=True)
    half_a_segment.path.parent.mkdir()
    half_a_segment.path.write_bytes(b"customers of R0")
    device.enrol(CODE, ISSUER)
    assert device.status().counts == {} and not half_a_segment.path.exists()
    device.sync()
    assert server.inbox == {} and len(device.documents()) == 1


def test_enrolling_again_for_the_same_rep_keeps_the_records_until_the_next_page(
    device: Device, server: FakeServer
) -> None:
    device.capture("order", order_body())
    device.sync()
    device.enrol(CODE, ISSUER)
    assert device.records("customers")
    assert device.sync().complete
    assert [document.stage for document in device.documents()] == ["queued"]


def test_the_proof_is_bound_to_issuer_and_token(enrolled: Device, server: FakeServer, folder: Path) -> None:
    """The fake server checks signature, type, audience and hash; here is that it does."""
    (path,) = folder.glob("key-*")
    key = load(path)
    with pytest.raises(Exception, match=r"[Aa]udience"):
        server._token({"refresh_token": "refresh-0", "proof": key.proof("https://other", "refresh-0")})
    with pytest.raises(AssertionError):
        server._token({"refresh_token": "refresh-0", "proof": key.proof(ISSUER, "refresh-1")})
