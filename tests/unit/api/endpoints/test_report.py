"""`/v1/report`: the inventory replaces the older one, a sync is stored once, and both are bounded."""

import datetime as dt
from copy import deepcopy
from typing import Any

import pytest
from sqlalchemy import func, select

from backend.device_reports import reports
from backend.device_reports.models import DeviceReport, DeviceSync
from sync_protocol.limits import LIMITS
from sync_protocol.sync_report import MOST_COUNT
from tests.contract.wire.device_report import REPORT
from tests.unit.api.installation import Installation, Phone


def sync_at(minute: int, **changed: Any) -> dict[str, Any]:
    return {**REPORT["syncs"][0], "began_at": f"2026-11-22T{minute // 60:02}:{minute % 60:02}:00Z", **changed}


def send(phone: Phone, **changed: Any) -> int:
    return phone.ask("POST", "/v1/report", json={**deepcopy(REPORT), **changed}).status_code


def stored(installation: Installation) -> int:
    with installation.sessions() as session:
        return session.scalar(select(func.count()).select_from(DeviceSync)) or 0


def test_a_report_is_stored_under_the_device_of_the_token(installation: Installation, phone: Phone) -> None:
    assert send(phone) == 204
    report = installation.get(DeviceReport, phone.device_id)
    assert (report.rep, report.unsent, report.unsent_total) == ("R1", REPORT["unsent"], 1)
    with installation.sessions() as session:
        [sync] = reports.syncs(session, phone.device_id, 5)
        assert (sync.rows, sync.received, sync.complete, sync.problem) == (17, 20480, False, "unavailable")
        assert sync.began_at == dt.datetime(2026, 11, 23, 8, 40, 0, 125_000, tzinfo=dt.UTC)


def test_a_sync_that_is_reported_again_is_stored_once(installation: Installation, phone: Phone) -> None:
    send(phone)
    assert send(phone, syncs=[sync_at(1), *REPORT["syncs"]]) == 204
    assert stored(installation) == 2


def test_the_newest_inventory_replaces_the_older_one(installation: Installation, phone: Phone) -> None:
    send(phone)
    assert send(phone, unsent=[], unsent_total=0, syncs=[]) == 204
    report = installation.get(DeviceReport, phone.device_id)
    assert (report.unsent, report.unsent_total) == ([], 0)


def test_the_inventory_of_another_device_stays(installation: Installation, phone: Phone) -> None:
    other = installation.phone("R2")
    send(phone)
    send(other, unsent=[], unsent_total=0)
    with installation.sessions() as session:
        assert [(row.rep, row.unsent_total) for row in reports.inventories(session)] == [("R1", 1), ("R2", 0)]
        assert [row.rep for row in reports.inventories(session, rep="R2")] == ["R2"]


@pytest.mark.parametrize(
    "changed",
    [
        {"unsent": [REPORT["unsent"][0]] * (LIMITS.report_unsent + 1)},
        {"syncs": [sync_at(0)] * (LIMITS.report_syncs + 1)},
        {"syncs": [sync_at(0, sent=-1)]},
        {"syncs": [sync_at(0, received=2**41)]},
        {"syncs": [sync_at(0, began_at="yesterday")]},
        {"unsent": [{**REPORT["unsent"][0], "id": "1"}]},
        {"platform": "x" * 121},
        {"app_version": None},
    ],
)
def test_a_report_out_of_bounds_is_refused_and_nothing_is_stored(
    installation: Installation, phone: Phone, changed: dict[str, Any]
) -> None:
    assert send(phone, **changed) == 422
    assert stored(installation) == 0
    assert installation.get(DeviceReport, phone.device_id) is None


def test_the_largest_report_fits(installation: Installation, phone: Phone) -> None:
    """With the longest texts that its schema accepts, in ASCII."""
    document = {**REPORT["unsent"][0], "kind": "k" * 40, "problem": "p" * 60}
    figures = dict.fromkeys(("milliseconds", "sent", "received", "rows"), MOST_COUNT)
    syncs = [sync_at(n, **figures, problem="p" * 60) for n in range(LIMITS.report_syncs)]
    assert send(phone, unsent=[document] * LIMITS.report_unsent, syncs=syncs, platform="x" * 120) == 204
    assert stored(installation) == LIMITS.report_syncs


def test_a_body_above_the_limit_is_not_decoded(installation: Installation, phone: Phone) -> None:
    assert send(phone, padding="x" * LIMITS.report_bytes) == 413
    assert installation.get(DeviceReport, phone.device_id) is None


def test_a_device_that_reports_without_end_fills_no_disk(
    installation: Installation, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "SYNCS_PER_DAY", 3)
    for n in range(3):
        assert send(phone, syncs=[sync_at(2 * n), sync_at(2 * n + 1)]) == 204
    assert stored(installation) == 3
    installation.clock.advance(days=1, minutes=1)
    phone.keep(phone.refresh())
    send(phone, syncs=[sync_at(100)])
    assert stored(installation) == 4


def test_figures_are_deleted_after_90_days_by_the_clock_of_the_server(
    installation: Installation, phone: Phone
) -> None:
    send(
        phone, syncs=[sync_at(0, began_at="2199-01-01T00:00:00Z"), sync_at(0, began_at="1970-01-01T00:00:00Z")]
    )
    now = installation.clock.now()
    installation.change(lambda session: reports.purge(session, now + dt.timedelta(days=90)))
    assert stored(installation) == 2
    installation.change(lambda session: reports.purge(session, now + dt.timedelta(days=90, seconds=1)))
    assert stored(installation) == 0
    assert installation.get(DeviceReport, phone.device_id) is not None


def test_without_a_token_nothing_is_stored(installation: Installation) -> None:
    reply = installation.client.post("/v1/report", json=REPORT)
    assert (reply.status_code, stored(installation)) == (401, 0)
