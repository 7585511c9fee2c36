"""Quotas of a rep and a day: what is refused, when it may continue, and that nothing is lost."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, update

from backend.clock import ManualClock
from backend.inbox.models import Submission
from backend.receipts.models import Upload
from backend.settings import Settings
from tests.unit.api.endpoints.receipt_upload import JPEG, create
from tests.unit.api.installation import Installation, Phone, install
from tests.unit.sync.company import order_body, submission

pytestmark = pytest.mark.both_dialects


def advance(installation: Installation, phone: Phone, **delta: float) -> None:
    """Let time pass, and refresh the phone's tokens."""
    installation.clock.advance(**delta)
    phone.keep(phone.refresh())


@pytest.fixture
def installation(settings: Settings, clock: ManualClock) -> Iterator[Installation]:
    """An installation in Berlin, at 22:30 there, with low quotas."""
    clock.advance(hours=12, minutes=30)
    low = replace(
        settings,
        zone="Europe/Berlin",
        documents_per_day=3,
        receipts_per_day=2,
        receipt_bytes_per_day=1_000_000,
        parked_bytes_per_day=200,
    )
    with install(low, clock) as installation:
        yield installation


def document(n: int) -> dict[str, Any]:
    return submission(f"01KBR9Z8Q5T0000000000000{n:02}", order_body())


def test_documents_beyond_the_quota_wait_for_the_next_day_in_the_companys_zone(
    installation: Installation, phone: Phone
) -> None:
    assert phone.push(document(1), document(2)).status_code == 200
    # One push may go beyond the quota: it is taken as a whole or not at all.
    assert phone.push(document(3), document(4)).status_code == 200
    refused = phone.push(document(5))
    assert (refused.status_code, refused.json["code"]) == (429, "quota_exceeded")
    assert "2026-11-23T23:00:00+00:00" in refused.json["detail"]
    assert installation.phone("R2").push(document(6)).status_code == 200
    assert phone.pull().status_code == 200
    # Half past eleven in Berlin is still that day, and a quarter past twelve is the next, before midnight UTC.
    advance(installation, phone, hours=1)
    again = phone.push(document(5))
    assert (again.status_code, again.headers["Retry-After"]) == (429, "1801")
    advance(installation, phone, minutes=31)
    assert phone.push(document(5)).json["results"][0]["status"] == "received"


def test_a_sync_without_documents_continues(installation: Installation, phone: Phone) -> None:
    phone.push(*(document(n) for n in range(1, 5)))
    body: dict[str, Any] = {"cursor": None, "submissions": []}
    assert phone.ask("POST", "/v1/sync", json=body).json["page"] is not None
    body["submissions"] = [document(5)]
    reply = phone.ask("POST", "/v1/sync", json=body)
    assert (reply.status_code, reply.json["code"]) == (429, "quota_exceeded")
    assert 1 <= int(reply.headers["Retry-After"]) <= 3600


def test_documents_in_quarantine_count(settings: Settings, clock: ManualClock) -> None:
    with install(replace(settings, documents_per_day=3), clock) as installation:
        phone = installation.phone()
        phone.push(document(1))
        for n in (2, 3):
            other = submission(document(1)["id"], order_body(notes=f"Another {n}"))
            assert phone.push(other).json["results"][0]["status"] == "quarantined"
        assert phone.push(document(2)).status_code == 429


def test_parked_bytes_of_the_day_count(installation: Installation, phone: Phone) -> None:
    phone.push(document(1))
    installation.change(lambda session: session.execute(update(Submission).values(state="parked")))
    assert phone.push(document(2)).status_code == 200
    body = order_body(notes="é" * 60)
    installation.change(
        lambda session: session.execute(update(Submission).values(state="parked", body=str(body)))
    )
    reply = phone.push(document(3))
    assert (reply.status_code, reply.json["code"]) == (429, "quota_exceeded")
    installation.change(lambda session: session.execute(update(Submission).values(state="queued")))
    assert phone.push(document(3)).status_code == 200


def test_bytes_of_refused_documents_and_of_quarantine_count(settings: Settings, clock: ManualClock) -> None:
    # Nothing else bounds what a phone can make the server keep: half a megabyte for each document.
    low = replace(settings, zone="Europe/Berlin", documents_per_day=100, parked_bytes_per_day=2_000)
    text = "é" * 600
    with install(low, clock) as installation:
        refused, quarantined = installation.phone("R1"), installation.phone("R2")
        for n in (1, 2):
            result = refused.push(submission(document(n)["id"], {"unknown": text})).json["results"][0]
            assert result["status"] == "refused"
        assert refused.push(document(3)).json["code"] == "quota_exceeded"
        quarantined.push(document(4))
        for n in (1, 2):
            other = submission(document(4)["id"], order_body(notes=f"{n}{text}"))
            assert quarantined.push(other).json["results"][0]["status"] == "quarantined"
        assert quarantined.push(document(5)).json["code"] == "quota_exceeded"


def upload(phone: Phone, data: bytes, size: int = 0) -> Any:
    """Upload *data* in one request, or begin an upload of *size* bytes."""
    if size:
        return create(phone, data, Upload_Length=size)
    metadata = {"Content_Type": "application/offset+octet-stream"}
    return create(phone, data, data, **metadata)


def test_receipts_count_by_number_and_by_bytes(installation: Installation, phone: Phone) -> None:
    assert upload(phone, JPEG).status_code == 201
    big = upload(phone, b"\xff\xd8\xff" + b"x", size=999_999)
    assert (big.status_code, big.headers["Satchel-Error"]) == (429, "quota_exceeded")
    assert upload(phone, JPEG + b"2").status_code == 201
    assert upload(phone, JPEG + b"3").headers["Satchel-Error"] == "quota_exceeded"
    # One that is there already takes no room.
    assert upload(phone, JPEG).status_code == 201
    assert installation.phone("R2").push(document(9)).status_code == 200
    advance(installation, phone, hours=2)
    assert upload(phone, JPEG + b"3").status_code == 201


def test_a_receipt_that_is_stored_leaves_one_row_however_often_it_is_uploaded(
    installation: Installation, phone: Phone
) -> None:
    locations = {upload(phone, JPEG).headers["Location"] for _ in range(4)}
    assert len(locations) == 1
    count = installation.change(lambda session: session.scalar(select(func.count()).select_from(Upload)))
    assert count == 1


def test_an_unfinished_upload_takes_room(installation: Installation, phone: Phone) -> None:
    for _ in range(2):
        assert upload(phone, JPEG, size=len(JPEG)).status_code == 201
    assert upload(phone, JPEG + b"3").headers["Satchel-Error"] == "quota_exceeded"


def test_the_quotas_are_among_the_limits(installation: Installation) -> None:
    limits = installation.client.get("/v1/limits").json
    assert (limits["documents_per_day"], limits["receipts_per_day"]) == (3, 2)
    assert (limits["receipt_bytes_per_day"], limits["parked_bytes_per_day"]) == (1_000_000, 200)
