"""What leaves the database on other ways than a reply holds no canary but those that it is for.

Those ways are exports, tables and checks of the command line, alerts, files for the ERP, and tracebacks.
"""

import datetime as dt
import io
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from backend import logs
from backend.cli.context import console
from backend.cli.main import main
from backend.connectors.flatfile import connect
from backend.connectors.flatfile.layout import Layout
from backend.database.core import table_of
from backend.delivery.alerts.dispatch import send_alerts
from backend.delivery.alerts.rule import configured_rule
from backend.delivery.documents import document_of
from backend.erp.records import ReceiptFile, RepInfo
from backend.feed.models import FeedRow
from backend.identity.models import Rep
from backend.inbox.models import Submission
from tests.contract.wire.story import PNG
from tests.security.recorded_day import CLAIM, DIGEST, ORDER, Day
from tests.security.test_replayed_day import CHANNEL_FIELDS, installation
from tests.unit.api.installation import Installation

__all__ = ["installation"]

pytestmark = pytest.mark.both_dialects

NOTHING: frozenset[str] = frozenset()
OF_TITLES = frozenset({"customers.name", "warehouses.name", "expense_claim.purpose"})
"""What names a document for a person."""
OF_THE_ORDER = OF_TITLES | {
    "customers.addresses.id", "customers.key", "price_lists.key", "products.key", "units.key",
    "order.customer_reference", "order.notes", "order.lines.notes",
}  # fmt: skip
"""What the order says, for the person who decides about it."""
COMMANDS: dict[str, frozenset[str]] = {
    "audit list": NOTHING, "audit verify": NOTHING, "doctor": NOTHING, "keys list": NOTHING,
    "office list": NOTHING, "rep list": NOTHING, "rep devices": NOTHING, "feed mismatches": NOTHING,
    "ingest quarantine": NOTHING, "segments": NOTHING, "delivery reconcile": NOTHING,
    "submissions": OF_TITLES, "parked list": OF_TITLES, f"timeline {ORDER}": OF_TITLES,
    "parked causes": NOTHING, f"parked show {ORDER}": OF_THE_ORDER,
}  # fmt: skip
"""The fields that each command may show."""


@pytest.fixture
def day(installation: Installation) -> Day:
    """R1's day, after which its documents wait for the office."""
    day = Day(installation, installation.phone("R1"))
    day.publish()
    day.play()
    installation.change(
        lambda session: session.execute(
            update(Submission).values(
                state="parked", owner="office", error_class="reject_office", reason="No", updated_at=_now(day)
            )
        )
    )
    return day


def _now(day: Day) -> dt.datetime:
    return day.installation.clock.now()


def shown_paths(day: Day, data: bytes) -> set[str]:
    """Return the fields whose canaries are in *data*, without the names of channels."""
    return set(day.canaries.found_in(data).values()) - set(CHANNEL_FIELDS)


def run(installation: Installation, *words: str) -> bytes:
    """Return what `satchel` prints on a terminal so wide that nothing is cut."""
    settings = installation.settings
    environ = {"SATCHEL_FOLDER": str(settings.folder), "SATCHEL_DATABASE_URL": settings.database_url}
    result = CliRunner().invoke(main, list(words), env=environ)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.output_bytes


def test_a_command_shows_only_the_fields_that_it_is_for(
    day: Day, installation: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(console, "width", 4_000)
    shown = {}
    for command, allowed in COMMANDS.items():
        paths = shown_paths(day, run(installation, *command.split()) + caplog.text.encode())
        if paths - allowed:
            shown[command] = paths - allowed
    assert shown == {}, "\n".join(f"{name}: {sorted(paths)}" for name, paths in shown.items())


def test_an_export_of_the_audit_trail_holds_no_canary(
    day: Day, installation: Installation, tmp_path: Path
) -> None:
    for name in ("audit.csv", "audit.jsonl"):
        run(installation, "audit", "export", str(tmp_path / name))
        content = (tmp_path / name).read_bytes()
        assert b"device.enrolled" in content
        assert shown_paths(day, content) == set()


@dataclass
class Recorded:
    """A notifier that keeps all forms of each message: mail, webhook and log."""

    name: str = "log"
    sent: list[bytes] = field(default_factory=list)

    def send(self, message: Any, now: dt.datetime) -> None:
        lines = [message.subject, message.text(now), *message.log_lines()]
        self.sent.append("\n".join(lines).encode() + message.as_json(now))


def test_an_alert_names_the_document_and_nothing_else_of_it(day: Day, installation: Installation) -> None:
    rule = configured_rule(replace(installation.settings, alert_after="office=1"))
    installation.clock.advance(hours=60)
    notifier = Recorded()
    assert send_alerts(installation.sessions, [notifier], rule, installation.clock) > 0
    assert ORDER.encode() in b"".join(notifier.sent)
    assert shown_paths(day, b"".join(notifier.sent)) <= OF_TITLES


def test_a_file_for_the_erp_holds_one_document_and_no_name_of_a_file(day: Day, tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.make()
    connector = connect({"folder": str(tmp_path)})
    with day.installation.sessions() as session:
        for id, kind in ((ORDER, "order"), (CLAIM, "expense_claim")):
            row = session.scalars(select(Submission).where(Submission.id == id)).one()
            name = "Zq-filename.png"
            receipt = ReceiptFile(DIGEST, DIGEST, "image/png", name, len(PNG), lambda: io.BytesIO(PNG))
            receipts = (receipt,) if row.needs else ()
            connector.create(document_of(row, RepInfo("R1", "Rep R1", "E1"), receipts))
            written = [path for path in layout.to_erp.rglob("*") if path.is_file() and id in path.name]
            content = b"".join(path.name.encode() + path.read_bytes() for path in written)
            paths = shown_paths(day, content)
            assert {path for path in paths if path.startswith(f"{kind}.")}, "the document is in the file"
            # A document cites keys of records, and those of one kind are canaries of that record.
            assert {path for path in paths if not path.startswith(f"{kind}.")} <= {
                path for path in day.canaries.words.values() if path.endswith(".key")
            } | {"customers.addresses.id"}
    connector.close()


def failures(day: Day) -> Iterator[Callable[[Session], object]]:
    """Yield statements that the database refuses, each with values of R1 in it."""
    word = next(iter(day.canaries.words))
    row = {"id": f"{word}{ORDER}", "name": word, "role": word, "active": True, "employee_number": word}
    table = table_of(Rep)
    yield lambda session: session.execute(insert(table), [row, row])  # twice the same key
    yield lambda session: session.execute(insert(table), {**row, "name": None})  # a row that is not whole
    yield lambda session: session.execute(insert(table), {**row, "id": word * 40})  # too long
    yield lambda session: session.execute(insert(table), {**row, "name": f"{word}\0"})
    yield lambda session: session.execute(insert(table), {**row, "name": f"{word}\ud800"})
    yield lambda session: session.execute(select(FeedRow).where(FeedRow.position == word))
    yield lambda session: session.execute(insert(table), {**row, "active": word})
    yield lambda session: (session.add(Rep(**{**row, "name": None})), session.flush())


def test_a_traceback_of_the_database_holds_no_value(
    day: Day, installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    refused = 0
    for failure in failures(day):
        with installation.sessions() as session, suppress(SQLAlchemyError, UnicodeEncodeError):
            try:
                failure(session)
            except Exception as error:
                refused += 1
                logging.getLogger("backend").exception("a statement failed")
                assert shown_paths(day, _chain(error).encode()) == set(), failure
                raise
    assert refused >= 4, "most of them are refused by either database"
    lines = "\n".join(make().format(r) for make in logs.FORMATTERS.values() for r in caplog.records)
    assert "Traceback" in lines
    assert shown_paths(day, lines.encode()) == set()


def _chain(error: BaseException) -> str:
    """Return the traceback of *error* with all its causes, as a log or a crash report has it."""
    return "".join(traceback.format_exception(error))
