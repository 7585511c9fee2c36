"""Pull, push and sync over HTTP: 304, snapshots, and a push that stays committed if the pull fails."""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.clock import ManualClock
from backend.feed.models import FeedHead
from backend.feed.positions import new_epoch
from backend.identity.models import Device
from backend.inbox.models import Submission
from backend.settings import Settings
from sync_protocol.cursor import decode_cursor
from sync_protocol.limits import LIMITS
from tests.unit.api.installation import Installation, Phone, install, writer
from tests.unit.sync.company import customer, order_body, say, submission

pytestmark = pytest.mark.both_dialects

FIRST = "01KBR9Z8Q5T0000000000000AA"
SECOND = "01KBR9Z8Q5T0000000000000AB"


def sync(phone: Phone, **body: Any) -> Any:
    return phone.ask("POST", "/v1/sync", json=body)


def test_an_idle_phone_gets_304_and_the_time_of_its_next_poll(installation: Installation, phone: Phone) -> None:
    page = phone.pull()
    idle_reply = phone.pull(page.json["cursor"], headers={"If-None-Match": page.headers["ETag"]})
    assert (idle_reply.status_code, idle_reply.data) == (304, b"")
    assert idle_reply.headers["ETag"] == page.headers["ETag"]
    assert idle_reply.headers["Satchel-Poll-After"] == str(LIMITS.poll_after_seconds)


def test_changes_are_sent_whatever_the_etag(installation: Installation, phone: Phone) -> None:
    page = phone.pull()
    say(installation.sessions, customer("C9", "NW"))
    tagged = {"If-None-Match": page.headers["ETag"]}
    second = phone.pull(page.json["cursor"], headers=tagged)
    assert second.status_code == 200
    assert [change["put"][0][1]["id"] for change in second.json["changes"]] == ["C9"]
    # The old cursor again, with the new page's tag: the answer must not be 304.
    newer = {"If-None-Match": second.headers["ETag"], "Accept-Encoding": "gzip"}
    assert phone.pull(page.json["cursor"], headers=newer).status_code == 200
    assert phone.pull(headers=newer).status_code == 200


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_a_compressed_page_keeps_its_etag(phone: Phone, coding: str) -> None:
    plain, packed = phone.pull(), phone.pull(headers={"Accept-Encoding": coding})
    assert packed.headers["Content-Encoding"] == coding
    assert len(packed.data) < len(plain.data)
    assert packed.headers["ETag"] == plain.headers["ETag"]
    assert "Accept-Encoding" in packed.headers["Vary"]


@pytest.mark.parametrize("cursor", ["garbage", "é", "A" * 20_000, "eJyrVnJUslJQUqoFABBiAxY", "%00", "' OR 1=1"])
def test_a_foreign_cursor_is_refused_and_the_phone_starts_again(phone: Phone, cursor: str) -> None:
    reply = phone.pull(cursor)
    assert (reply.status_code, reply.json["code"]) == (400, "cursor_invalid")


@pytest.mark.parametrize(
    "query", [{"limit_bytes": "-1"}, {"limit_bytes": "x"}, {"schema": "0"}, {"schema": "²"}]
)
def test_an_invalid_number_is_refused_with_its_field(phone: Phone, query: dict[str, str]) -> None:
    reply = phone.pull(query=query)
    assert (reply.status_code, reply.json["errors"][0]["field"]) == (422, next(iter(query)))


def test_a_small_limit_gives_small_pages(installation: Installation, phone: Phone) -> None:
    say(installation.sessions, *(customer(f"C{n}", "NW") for n in range(100, 200)))
    page = phone.pull(query={"limit_bytes": "1"}).json
    assert page["complete"] is False
    pages = 1
    while not page["complete"]:
        page = phone.pull(page["cursor"], query={"limit_bytes": "4096"}).json
        pages += 1
    assert pages > 5


def test_a_server_that_is_behind_says_not_yet(installation: Installation, phone: Phone) -> None:
    cursor = phone.pull().json["cursor"]
    installation.change(lambda s: s.execute(text("UPDATE feed_head SET position = position - 1")))
    reply = phone.pull(cursor)
    assert (reply.status_code, reply.json["code"]) == (503, "not_yet")
    assert int(reply.headers["Retry-After"]) > 0


def test_a_pull_does_not_wait_for_a_writer(installation: Installation, phone: Phone) -> None:
    with writer(installation):
        assert phone.pull().status_code == 200


def test_a_sync_pushes_first_and_its_page_holds_what_it_pushed(
    installation: Installation, phone: Phone
) -> None:
    reply = sync(phone, cursor=None, submissions=[submission(FIRST, order_body())]).json
    assert [result["status"] for result in reply["results"]] == ["received"]
    records = [row[1] for change in reply["page"]["changes"] for row in change["put"]]
    assert {"id": FIRST, "state": "queued"}.items() <= next(r for r in records if r["id"] == FIRST).items()
    assert reply["problem"] is None


def test_a_sync_without_anything_to_push_writes_nothing(installation: Installation, phone: Phone) -> None:
    with writer(installation):
        assert sync(phone).json["page"]["complete"] is True


@pytest.mark.parametrize("cursor", ["garbage", "\ud800"])
def test_an_invalid_cursor_does_not_undo_the_push(
    installation: Installation, phone: Phone, cursor: str
) -> None:
    reply = sync(phone, cursor=cursor, submissions=[submission(FIRST, order_body())])
    assert reply.status_code == 200
    assert [result["status"] for result in reply.json["results"]] == ["received"]
    assert reply.json["page"] is None
    assert reply.json["problem"]["code"] == "cursor_invalid"
    with installation.sessions() as session:
        assert session.query(Submission).count() == 1


def test_a_pull_that_fails_does_not_undo_the_push(
    installation: Installation, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("backend.api.endpoints.sync.read_page", fail)
    reply = sync(phone, submissions=[submission(FIRST, order_body())])
    assert reply.json["problem"]["code"] == "internal"
    assert reply.json["results"][0]["status"] == "received"


def test_a_sync_over_a_new_epoch_resets_and_keeps_the_results(installation: Installation, phone: Phone) -> None:
    cursor = phone.pull().json["cursor"]
    installation.change(new_epoch)
    reply = sync(phone, cursor=cursor, submissions=[submission(FIRST, order_body())]).json
    assert reply["page"]["reset"] == "epoch_changed"
    assert reply["results"][0]["status"] == "received"
    assert decode_cursor(reply["page"]["cursor"]).epoch == installation.get(FeedHead, 1).epoch


def test_a_repeated_push_is_a_duplicate_and_a_foreign_one_is_quarantined(
    installation: Installation, phone: Phone
) -> None:
    document = submission(FIRST, order_body())
    assert phone.push(document).json["results"][0]["status"] == "received"
    assert phone.push(document).json["results"][0]["status"] == "duplicate"
    other = installation.phone("R2").push(document).json["results"][0]
    assert (other["status"], other["state"]) == ("quarantined", None)


def test_a_push_over_the_number_of_submissions_is_refused_by_sync_too(phone: Phone) -> None:
    reply = sync(phone, submissions=[1] * (LIMITS.push_submissions + 1))
    assert (reply.status_code, reply.json["errors"][0]["field"]) == (422, "submissions")


def test_limits_are_those_of_the_settings(installation: Installation) -> None:
    assert installation.client.get("/v1/limits").json == LIMITS.as_wire()


def test_a_phone_revoked_during_its_request_gets_no_page(installation: Installation, phone: Phone) -> None:
    body = Arriving(b"{}", lambda: revoke(installation, phone))
    sent = {"input_stream": body, "content_length": 2, "content_type": "application/json"}
    reply = phone.ask("POST", "/v1/sync", **sent).json
    assert reply["page"] is None
    assert (reply["problem"]["code"], reply["problem"]["wipe"]) == ("device_revoked", True)


class Arriving(BytesIO):
    """A body that arrives in pieces; *meanwhile* is called before the first."""

    def __init__(self, body: bytes, meanwhile: Callable[[], None]) -> None:
        super().__init__(body)
        self.meanwhile = meanwhile

    def readinto(self, buffer: Any) -> int:
        self.meanwhile()
        return super().readinto(buffer)

    def read(self, size: int | None = -1) -> bytes:
        self.meanwhile()
        return super().read(size)


def revoke(installation: Installation, phone: Phone) -> None:
    def revoke_device(session: Session) -> None:
        session.get_one(Device, phone.device_id).revoked_at = installation.clock.now()

    installation.change(revoke_device)


def test_a_setting_sets_how_often_phones_poll(settings: Settings, clock: ManualClock) -> None:
    with install(replace(settings, poll_after_seconds=300), clock) as installation:
        phone = installation.phone()
        page = phone.pull()
        assert (page.json["poll_after"], page.headers["Satchel-Poll-After"]) == (300, "300")
        idle_reply = phone.pull(page.json["cursor"], headers={"If-None-Match": page.headers["ETag"]})
        assert (idle_reply.status_code, idle_reply.headers["Satchel-Poll-After"]) == (304, "300")
        assert sync(phone).json["page"]["poll_after"] == 300
        assert installation.client.get("/v1/limits").json["poll_after_seconds"] == 300
