"""Enrolment and tokens: a lost reply logs nobody out, and nobody else's data stays."""

import stat
from pathlib import Path

import pytest

from backend.clock import ManualClock
from sync_protocol.conformance.http_server import Reply, Request, problem
from sync_protocol.conformance.scripted_server import CODE, ISSUER
from sync_protocol.device.device import Device
from sync_protocol.device.errors import DeviceError, EnrolAgain, NoNewTokens, Offline, Problem
from sync_protocol.device.failpoint import FailpointRaised
from sync_protocol.device.session.keys import key_file_name, load
from tests.unit.device.company import order_body
from tests.unit.device.conftest import Opened
from tests.unit.device.feed_server import FeedServer


def refresh_token(device: Device) -> str:
    return str(device.db.value("SELECT refresh_token FROM session"))


def test_enrolment_says_whose_device_it_is(opened: Opened) -> None:
    identity = opened().enrol(f" {CODE} ", ISSUER)
    assert (identity.rep, identity.rep_name) == ("R1", "Rosa Reyes")
    assert (identity.company, identity.server) == ("Conformance", ISSUER)


def test_tokens_do_not_show_where_an_identity_is_printed(enrolled: Device) -> None:
    assert "refresh-" not in repr(enrolled.identity) and "access-" not in repr(enrolled.identity)


def test_an_enrolment_whose_reply_was_lost_gives_the_same_device(opened: Opened, server: FeedServer) -> None:
    server.once_proven("/v1/enrol", server.lose_reply)
    with pytest.raises(Offline):
        opened().enrol(CODE, ISSUER)
    key = server.public_key
    assert opened().enrol(CODE, ISSUER).device_id
    assert server.public_key == key


def test_a_code_typed_in_another_way_finds_the_same_key() -> None:
    assert key_file_name("ab-0 1 1x") == key_file_name("ABOIlX") != key_file_name("AB01X")


def test_a_crash_before_the_enrolment_is_stored_gives_the_same_device(
    opened: Opened, server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SATCHEL_DEVICE_FAILPOINTS", "enrol.before_store=raise")
    with pytest.raises(FailpointRaised):
        opened().enrol(CODE, ISSUER)
    monkeypatch.delenv("SATCHEL_DEVICE_FAILPOINTS")
    key = server.public_key
    device = opened()
    device.enrol(CODE, ISSUER)
    assert server.public_key == key and device.sync().complete


def test_a_wrong_code_says_what_to_do(opened: Opened) -> None:
    with pytest.raises(Problem, match="ask the office for a new one"):
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


def test_an_expired_token_is_refreshed_and_the_request_sent_again(device: Device, server: FeedServer) -> None:
    server.expire()
    assert device.sync().complete
    token = "POST /v1/token"
    assert server.request_lines()[-4:] == ["GET /v1/pull", token, token, "GET /v1/pull"], (
        "the first has no nonce"
    )
    server.expire()
    assert device.sync().complete
    assert server.request_lines()[-3:] == ["GET /v1/pull", token, "GET /v1/pull"], "the nonce is kept"


def test_a_token_near_its_end_is_refreshed_before_it_is_used(
    device: Device, server: FeedServer, clock: ManualClock
) -> None:
    clock.advance(minutes=14, seconds=30)
    device.sync()
    assert server.request_lines()[-2:] == ["POST /v1/token", "GET /v1/pull"]


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_that_is_years_wrong_does_not_stop_a_sync(
    device: Device, server: FeedServer, clock: ManualClock, years: int
) -> None:
    clock.advance(days=365 * years)
    server.expire()
    assert device.sync().complete


def test_a_rotation_whose_reply_was_lost_logs_nobody_out(device: Device, server: FeedServer) -> None:
    server.expire()
    server.once_proven("/v1/token", server.lose_reply)
    assert isinstance(device.sync().problem, Offline)
    assert (refresh_token(device), server.generation) == ("refresh-1", 2)
    assert device.sync().complete
    assert (refresh_token(device), server.generation) == ("refresh-2", 2)


def test_the_new_refresh_token_is_stored_before_it_is_used(
    device: Device, server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.expire()
    stored: list[str] = []
    server.override = lambda request: (
        stored.append(refresh_token(device)) if request.path == "/v1/pull" else None
    )
    device.sync()
    assert stored == ["refresh-1", "refresh-2"]
    monkeypatch.setenv("SATCHEL_DEVICE_FAILPOINTS", "refresh.before_store=raise")
    server.expire()
    with pytest.raises(FailpointRaised):
        device.sync()
    monkeypatch.delenv("SATCHEL_DEVICE_FAILPOINTS")
    assert device.sync().complete


@pytest.mark.parametrize("reply_is_late", [True, False])
def test_a_slow_twin_on_the_same_folder_is_not_logged_out(
    opened: Opened, device: Device, server: FeedServer, reply_is_late: bool
) -> None:
    """Its request or its reply is overtaken by three rotations of the other one."""
    twin = opened()
    server.expire()

    def overtaken(request: Request) -> Reply | None:
        if request.path != "/v1/token":
            return None
        server.override = None
        late = server.answer(request) if reply_is_late else None
        for _ in range(3):
            server.expire()
            assert twin.sync().complete
        server.expire()
        return late

    server.override = overtaken
    device.sync()
    assert device.sync().complete
    assert refresh_token(device) == f"refresh-{server.generation}"


def test_a_refused_refresh_token_asks_for_a_new_enrolment_and_keeps_the_outbox(
    device: Device, server: FeedServer
) -> None:
    device.capture("order", order_body())
    server.expire()
    server.generation = 9
    with pytest.raises(EnrolAgain):
        device.sync()
    server.public_key = None
    device.enrol(CODE, ISSUER)
    assert device.sync().complete
    assert len(server.inbox) == 1


def test_a_device_without_its_key_must_enrol_again(device: Device, server: FeedServer, folder: Path) -> None:
    """As when the folder was restored from a backup that does not have the key."""
    for key in folder.glob("key-*"):
        key.unlink()
    server.expire()
    with pytest.raises(EnrolAgain):
        device.sync()
    assert device.records("customers"), "what was known is still known"


def test_enrolling_for_another_rep_deletes_the_first_ones_records(device: Device, server: FeedServer) -> None:
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
    device: Device, server: FeedServer
) -> None:
    device.capture("order", order_body())
    device.sync()
    device.enrol(CODE, ISSUER)
    assert device.records("customers")
    assert device.sync().complete
    assert [document.stage for document in device.documents()] == ["queued"]


@pytest.mark.parametrize("code", ["invalid_dpop_proof", "use_dpop_nonce", "envelope_invalid"])
def test_a_refused_request_for_tokens_is_no_fault_of_the_documents(
    device: Device, server: FeedServer, code: str
) -> None:
    """Its status 400 or 422 would mean, for a push, that a document is wrong."""
    document = device.capture("order", order_body())
    server.expire()
    status = 422 if code == "envelope_invalid" else 400
    server.override = lambda request: problem(status, code) if request.path == "/v1/token" else None
    for _ in range(5):
        assert isinstance(device.sync().problem, NoNewTokens)
    server.override = None
    assert device.sync().complete
    assert [stored.stage for stored in device.documents() if stored.id == document.id] == ["queued"]
