"""A real Tryton, and an ERP behind files, are put back to a backup: what they lost is there again, once."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from backend.delivery import sending_hold
from backend.delivery.followup.acknowledgements import Acknowledger
from backend.delivery.forwarder import Forwarder
from backend.delivery.reconciliation.data_loss import resend_missing
from backend.delivery.reconciliation.reconcile import reconcile
from backend.delivery.reconciliation.report import Report, newest
from backend.delivery.reconciliation.scheduled import ScheduledReconciliation
from backend.erp.port import Connector
from tests.services import TrytonServer
from tests.unit.connectors.flatfile.flatfile_fixture import FlatFileFixture, order_body
from tests.unit.connectors.tryton.tryton_fixture import TrytonFixture
from tests.unit.delivery.inbox_fixture import InboxFixture

pytestmark = pytest.mark.timeout(600)
KINDS = frozenset({"order"})


def forwarder(inbox: InboxFixture, connector: Connector) -> Forwarder:
    return Forwarder(
        inbox.sessions, connector, clock=inbox.clock, settings=inbox.settings, worker="w1",
        receipts_of=lambda session, submission: (),
    )  # fmt: skip


def send(
    inbox: InboxFixture, connector: Connector, bodies: list[dict[str, Any]], settle: Callable[[], None]
) -> list[str]:
    """Capture and forward one order of each of *bodies*, through the late answer if there is one."""
    ids = []
    for body in bodies:
        ids.append(inbox.capture(body))
        forward(inbox, connector, settle)
        inbox.later(minutes=1)
    assert inbox.states(*ids) == ["accepted"] * len(ids)
    return ids


def forward(inbox: InboxFixture, connector: Connector, settle: Callable[[], None]) -> None:
    forwarder(inbox, connector).drain()
    settle()
    Acknowledger(inbox.sessions, connector, inbox.clock).settle_all()


def detect_data_loss(inbox: InboxFixture, connector: Connector) -> sending_hold.Hold:
    """Let the worker look, until it holds sending."""
    daily = ScheduledReconciliation(inbox.sessions, connector, inbox.clock, 14)
    assert daily.check_newest(KINDS)
    assert daily.run_slice(KINDS)
    with inbox.sessions() as session:
        hold = sending_hold.in_force(session)
        [run] = newest(session, 1)
    assert hold is not None and hold.cause == sending_hold.ERP_LOST
    assert (run.counts["found"], run.counts["missing"]) == (2, 3)
    return hold


def reconcile_since(inbox: InboxFixture, connector: Connector, hold: sending_hold.Hold) -> Report:
    since = hold.since.replace(year=2020)
    return reconcile(inbox.sessions, connector, clock=inbox.clock, kinds=KINDS, since=since)


def resume(
    inbox: InboxFixture, connector: Connector, hold: sending_hold.Hold, settle: Callable[[], None]
) -> None:
    """Do as `satchel delivery reconcile --resume` does, then let the worker work."""
    assert forwarder(inbox, connector).drain() == 0
    report = reconcile_since(inbox, connector, hold)
    assert resend_missing(inbox.sessions, connector, report, clock=inbox.clock, kinds=KINDS) == 3
    with inbox.sessions() as session, session.begin():
        assert sending_hold.release(session, hold, "user:test", inbox.clock.now(), report.counts())
    forward(inbox, connector, settle)


@pytest.fixture
def tryton(tryton_server: TrytonServer) -> Iterator[TrytonFixture]:
    with tryton_server.fresh("put_back") as server, closing(TrytonFixture(server)) as fixture:
        yield fixture


def copy_database(server: TrytonServer, source: str, target: str) -> None:
    """Make *target* what *source* is; Tryton is stopped meanwhile, as for a backup of the whole disk."""
    server._end()
    server.postgres.drop_database(target)
    server.postgres.create_database(target, source)
    server.start()


def test_tryton(inbox: InboxFixture, tryton: TrytonFixture) -> None:
    server = tryton.server
    customers = [c for c in tryton.summary["customers"] if c["credit_limit"] is None][:5]
    bodies = [tryton.order_body(customer_id=str(c["id"]), ship_to_id=str(c["address"])) for c in customers]
    with closing(tryton.connect()) as connector:
        before = send(inbox, connector, bodies[:2], tryton.work)
        copy_database(server, server.database, "put_back_dump")
        after = send(inbox, connector, bodies[2:], tryton.work)
        lost_numbers = [inbox.row(id).erp_id for id in after]
        copy_database(server, "put_back_dump", server.database)
        server.postgres.drop_database("put_back_dump")
        assert [tryton.count("order", id) for id in after] == [0, 0, 0]

        hold = detect_data_loss(inbox, connector)
        new = inbox.capture(bodies[0])
        resume(inbox, connector, hold, tryton.work)

        ids = [*before, *after, new]
        assert inbox.states(*ids) == ["accepted"] * 6
        assert [tryton.count("order", id) for id in ids] == [1] * 6
        assert {inbox.row(id).erp_id for id in [*after, new]} & set(lost_numbers), "Tryton gives numbers again"
        assert len({inbox.row(id).erp_id for id in ids}) == 6
        sales = [tryton.reader.sales(id)[0]["untaxed_amount"] for id in after]
        assert sales == [Decimal("54.25")] * 3
        report = reconcile_since(inbox, connector, hold)
        assert (report.sent, report.found, report.lines) == (6, 6, [])


def test_tryton_with_another_total_is_told(inbox: InboxFixture, tryton: TrytonFixture) -> None:
    with closing(tryton.connect()) as connector:
        [id] = send(inbox, connector, [tryton.order_body()], tryton.work)
        body = tryton.order_body()
        body["lines"][0]["quantity"] = "4"
        inbox.change(id, body=inbox.row(id).body.replace('"quantity":"2"', '"quantity":"4"'))
        report = reconcile(
            inbox.sessions,
            connector,
            clock=inbox.clock,
            kinds=KINDS,
            since=inbox.clock.now().replace(year=2020),
        )
    assert (report.sent, report.differing) == (1, 1)
    assert "Its total in the ERP is 54.25 EUR, and the rep was shown 79.25 EUR" in report.lines[0]


def test_files(inbox: InboxFixture, small_company: Path, tmp_path: Path) -> None:
    files = FlatFileFixture(small_company, tmp_path / "files")
    bodies = [order_body(customer_id=f"C{n:04}", ship_to_id=f"C{n:04}-A1") for n in range(1, 6)]
    with closing(files.connect()) as connector:
        before = send(inbox, connector, bodies[:2], files.work)
        shutil.copytree(files.folder, tmp_path / "backup")
        after = send(inbox, connector, bodies[2:], files.work)
        shutil.rmtree(files.folder)
        shutil.move(tmp_path / "backup", files.folder)
        assert [files.count("order", id) for id in after] == [0, 0, 0]

        hold = detect_data_loss(inbox, connector)
        resume(inbox, connector, hold, files.work)

        ids = [*before, *after]
        assert inbox.states(*ids) == ["accepted"] * 5
        assert [files.count("order", id) for id in ids] == [1] * 5
        report = reconcile_since(inbox, connector, replace(hold))
        assert (report.sent, report.found) == (5, 5)
