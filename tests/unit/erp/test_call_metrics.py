"""Durations of calls to the ERP that do not forward a document, by method of the port and outcome."""

import inspect
from pathlib import Path
from typing import Any

import pytest

from backend import metrics
from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.delivery import breaker
from backend.delivery.erp_lookup import look_up
from backend.delivery.followup.acknowledgements import Acknowledger
from backend.delivery.followup.on_hold import follow_up
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.port import Connector
from backend.ingest.full_comparison import compare
from backend.ingest.reread import reread
from backend.ingest.schedule import Schedule
from backend.ingest.sweep import sweep
from backend.office.erp_check import check_by_number
from backend.settings import Settings
from sync_protocol.submission import Decision, State
from tests.unit.delivery.inbox_fixture import BACKOFF, InboxFixture
from tests.unit.delivery.recording_erp import RecordingErp
from tests.unit.ingest.scripted_erp import ScriptedErp, unit
from tests.unit.metrics.change import Change


@pytest.fixture
def inbox(sessions: Sessions, clock: ManualClock, settings: Settings, tmp_path: Path) -> InboxFixture:
    return InboxFixture(sessions, clock, settings, RecordingErp(tmp_path / "erp"))


def test_calls_of_ingest_are_measured(sessions: Sessions, clock: ManualClock, settings: Settings) -> None:
    erp: Any = ScriptedErp(collections=("units",))
    erp.say("units", unit("a"), unit("b"), unit("c"))
    calls = Change(metrics.ERP_OTHER_CALLS)
    Schedule(sessions, erp, clock, settings).run_due()
    ingested = calls()
    # Two pages, once to read what changed and once to compare everything.
    assert ingested[("scripted", "read", "answered")] == erp.calls.count("read units") >= 2
    assert ingested[("scripted", "capabilities", "answered")] == erp.calls.count("capabilities")
    compare(sessions, erp, "units", clock=clock, settings=settings)
    sweep(sessions, erp, "units", clock=clock, settings=settings)
    reread(sessions, erp, "units", ["a"], clock=clock)
    made = {call: erp.calls.count(f"{call} units") for call in ("read", "keys", "reread")}
    assert {call: calls()[("scripted", call, "answered")] for call in made} == made
    assert min(made.values()) > 0


def test_a_missing_key_is_listed_twice_and_measured_twice(
    sessions: Sessions, clock: ManualClock, settings: Settings
) -> None:
    erp: Any = ScriptedErp(collections=("units",))
    erp.say("units", *[unit(f"u{n}") for n in range(10)])
    Schedule(sessions, erp, clock, settings).run_due()
    erp.vanish("units", "u1")
    calls = Change(metrics.ERP_OTHER_CALLS)
    assert sweep(sessions, erp, "units", clock=clock, settings=settings, force=True).deleted == 1
    assert calls() == {("scripted", "keys", "answered"): 2}


def test_failed_calls_are_measured_by_error_class(
    sessions: Sessions, clock: ManualClock, settings: Settings
) -> None:
    erp: Any = ScriptedErp(collections=("units",))
    calls = Change(metrics.ERP_OTHER_CALLS)
    erp.error = ErpError(ErrorClass.CONFIG, "the password has expired")
    with pytest.raises(ErpError):
        reread(sessions, erp, "units", ["a"], clock=clock)
    erp.reread = lambda *_: 1 / 0
    with pytest.raises(ZeroDivisionError):
        reread(sessions, erp, "units", ["a"], clock=clock)
    assert calls() == {("scripted", "reread", "config"): 1, ("scripted", "reread", "unknown"): 1}


def test_a_probe_is_measured(inbox: InboxFixture) -> None:
    with inbox.sessions() as session, session.begin():
        breaker.trip(session, "recording", "wrong", "", now=inbox.clock.now(), backoff=BACKOFF)
    inbox.clock.advance(hours=1)
    calls = Change(metrics.ERP_OTHER_CALLS)
    assert inbox.probe()
    assert calls() == {("recording", "check", "answered"): 1}


def test_acknowledgements(inbox: InboxFixture) -> None:
    id = inbox.capture(state=State.HANDED_OVER)
    inbox.erp.acknowledge("t1", id, "accepted", "SO1")
    calls = Change(metrics.ERP_OTHER_CALLS)
    assert Acknowledger(inbox.sessions, inbox.erp, inbox.clock).settle_all() == 1
    assert calls() == {
        ("recording", "acknowledgements", "answered"): 1,
        ("recording", "confirm", "answered"): 1,
    }


def test_lookups_are_measured(inbox: InboxFixture) -> None:
    calls = Change(metrics.ERP_OTHER_CALLS)
    inbox.capture(state=State.ON_HOLD)
    follow_up(inbox.sessions, inbox.erp, clock=inbox.clock, kinds={"order"})
    assert calls() == {("recording", "find", "answered"): 1}
    look_up(inbox.erp, "order", "X", Decision.LINKED, "SO1", "1")
    assert calls() == {("recording", "find", "answered"): 2, ("recording", "find_by_number", "answered"): 1}


def test_calls_of_the_office_are_measured(inbox: InboxFixture) -> None:
    row = inbox.row(inbox.capture(state=State.PARKED))
    calls = Change(metrics.ERP_OTHER_CALLS)
    check_by_number(lambda: inbox.erp, row, "SO1", inbox.clock, inbox.settings)
    methods = ("capabilities", "find", "find_by_number")
    assert calls() == {("recording", call, "answered"): 1 for call in methods}


def test_a_forwarded_document_counts_only_among_the_transfers(inbox: InboxFixture) -> None:
    calls = Change(metrics.ERP_OTHER_CALLS)
    inbox.capture()
    inbox.forward_one()
    assert {call for _, call, _ in calls()} == {"capabilities"}


def test_every_call_and_outcome_has_a_series_of_its_own() -> None:
    transfers = {"create", "advance", "upsert_forecast"}
    methods = {name for name, _ in inspect.getmembers(Connector, inspect.isfunction) if name[0] != "_"}
    assert metrics.ERP_OTHER_CALLS.most >= len(methods - transfers - {"close"}) * (len(ErrorClass) + 1)
