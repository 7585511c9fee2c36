"""Refused attempts are in the audit trail, and a guesser cannot fill it."""

import datetime as dt
from typing import Any

from backend.identity import audit, enrolment
from backend.identity.failed_attempts import MAX_ENTRIES, WINDOW, FailedAttempts
from backend.identity.models import Device
from tests.unit.api.installation import Installation, Phone
from tests.unit.office.people import issue

NOW = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)


def refused(installation: Installation) -> list[tuple[str, str, str]]:
    with installation.sessions() as session:
        entries = audit.entries(session)
    ours = ("enrolment.code", "device.enrolled")
    return [
        (e.action, e.actor, e.subject) for e in reversed(entries) if "code" in e.detail and e.action not in ours
    ]


def office(installation: Installation, role: str) -> dict[str, str]:
    token = installation.change(lambda session: issue(session, role, role, now=installation.clock.now()))
    return {"Authorization": f"Bearer {token}"}


def test_each_kind_of_refusal_has_an_entry(installation: Installation, phone: Phone) -> None:
    client, id = installation.client, "01M8PB4N09FCJD9E6KBWJSME4E"
    Phone(installation).enrol("AAAAA-AAAAA-AAAAA")
    phone.refresh(refresh_token="garbage")
    phone.refresh(proof="garbage")
    client.get("/v1/pull", headers={"Authorization": "Bearer x.y.z"})
    client.get("/v1/office/parked", headers={"Authorization": f"Bearer {phone.access_token}"})
    action: dict[str, Any] = {"json": {"why": "no\x1b[31m"}}
    client.post(f"/v1/office/parked/{id}/cancel", headers=office(installation, "it"), **action)
    client.post(f"/v1/office/parked/{id}/cancel", headers=office(installation, "order_desk"), **action)
    address = "address:127.0.0.1"
    entries = refused(installation)
    assert entries[:5] == [
        ("enrolment.refused", address, "POST /v1/enrol"),
        ("token.refused", address, "POST /v1/token"),
        ("proof.refused", address, "POST /v1/token"),
        ("access.refused", address, "GET /v1/pull"),
        ("route.forbidden", address, "GET /v1/office/parked"),
    ]
    assert entries[5:] == [
        ("route.forbidden", "user:it", id),
        ("office.action_refused", "user:order_desk", id),
    ]


def test_a_guesser_gets_one_entry_an_hour(installation: Installation) -> None:
    for _ in range(50):
        installation.client.get("/v1/pull", headers={"Authorization": "Bearer x.y.z"})
    assert len(refused(installation)) == 1
    installation.clock.advance(hours=1)
    installation.client.get("/v1/pull", headers={"Authorization": "Bearer x.y.z"})
    with installation.sessions() as session:
        assert audit.entries(session)[0].detail["without_entry_before"] == 49


def test_many_addresses_do_not_fill_the_table() -> None:
    attempts = FailedAttempts()
    written = [attempts.note("token.refused", f"address:{n}", NOW) for n in range(10_000)]
    assert sum(entry is not None for entry in written) == MAX_ENTRIES
    later = attempts.note("token.refused", "address:1", NOW + WINDOW)
    assert later == {"without_entry_before": 10_000 - MAX_ENTRIES}


def test_an_ordinary_day_has_no_refusals(installation: Installation, phone: Phone) -> None:
    phone.pull()
    phone.refresh()
    installation.client.get("/v1/nowhere")
    assert refused(installation) == []


def test_a_refused_device_is_named_although_its_address_is_shared(
    installation: Installation, phone: Phone
) -> None:
    other = installation.phone()
    for each in (phone, other):
        installation.change(
            lambda session, device=each.device_id: enrolment.revoke(
                session, session.get_one(Device, device), actor="user:x", now=installation.clock.now()
            )
        )
        each.pull()
    actors = [actor for action, actor, _ in refused(installation) if action == "device.refused"]
    assert actors == [f"device:{phone.device_id}", f"device:{other.device_id}"]
