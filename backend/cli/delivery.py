"""`satchel delivery …`: what is on its way to the ERP, as a whole."""

import datetime as dt
import getpass
from collections.abc import Collection

import click
from rich.table import Table
from sqlalchemy.orm import sessionmaker

from backend.cli.context import console, engine_of, load_settings
from backend.clock import Clock, SystemClock
from backend.database.core import Sessions
from backend.delivery import sending_hold
from backend.delivery.models import Reconciliation
from backend.delivery.reconciliation.data_loss import cancel_missing, handle_missing, resend_missing, resolve
from backend.delivery.reconciliation.reconcile import LOOK_BACK, newest_memory, reconcile
from backend.delivery.reconciliation.report import Report, newest, save
from backend.erp.port import Connector, connect
from backend.ingest import watermarks
from backend.settings import Settings

MEANINGS = {
    "sent": "we believed them sent, and asked for them",
    "found": "of those: the ERP has exactly one, with an equal total",
    "missing": "of those: the ERP does not show it",
    "doubled": "the ERP has it more than once",
    "differing": "the ERP has it with another total, or half done",
    "settled": "we believed it unsent, and the ERP has it: settled",
    "waiting": "not in the ERP: it is sent once sending goes on",
    "unclear": "could not be asked",
}
SHOWN = 10


@click.group()
def delivery() -> None:
    """Look after what is on its way to the ERP."""


@delivery.command("reconcile")
@click.option("--dry-run", is_flag=True, help="Ask and report; settle nothing, and leave the hold as it is.")
@click.option(
    "--resume",
    is_flag=True,
    help="Let sending go on although something is not in order; what an ERP put back to a backup has lost is "
    "sent again, once.",
)
@click.option(
    "--except",
    "spared",
    multiple=True,
    metavar="KEY",
    help="With --resume: a lost document, by its id or the ERP's number, that was deleted there on purpose. "
    "It is cancelled, and its rep told, instead of sent again. May be repeated.",
)
@click.option(
    "--since",
    type=click.DateTime(),
    help="Also look up what was settled since then (UTC); else since a day before the newest thing known here.",
)
@click.option("--report", is_flag=True, help="Ask nothing; show what the last reconciliations found.")
def reconcile_command(
    dry_run: bool, resume: bool, spared: tuple[str, ...], since: dt.datetime | None, report: bool
) -> None:
    """Ask the ERP which documents it has, settle those, and let sending go on.

    Needed after `satchel feed restore-check`, after a failover, and when the ERP itself was put back to a
    backup; harmless at any time. Nothing is sent. The worker does the same, without resuming, every day.
    """
    if spared and (dry_run or not resume):
        raise click.UsageError("--except is for --resume, which sends the others again")
    settings = load_settings()
    with engine_of(settings) as engine:
        sessions = sessionmaker(engine, expire_on_commit=False)
        if report:
            _show(sessions)
            return
        connector = connect(settings.connector, settings.erp)
        try:
            begin = since.replace(tzinfo=dt.UTC) if since else None
            _Run(sessions, connector, settings, SystemClock()).go(begin, dry_run, resume, spared)
        finally:
            connector.close()


class _Run:
    """One reconciliation by an operator."""

    def __init__(self, sessions: Sessions, connector: Connector, settings: Settings, clock: Clock) -> None:
        self.sessions, self.connector, self.clock = sessions, connector, clock
        self.window = dt.timedelta(days=settings.reconcile_days)
        self.kinds = connector.capabilities().kinds

    def go(self, since: dt.datetime | None, dry_run: bool, resume: bool, spared: Collection[str]) -> None:
        began = self.clock.now()
        with self.sessions() as session, session.begin():
            held = sending_hold.check(session, began)
            newest_known = newest_memory(session, held.since if held else None)
        begin = since or self._far_enough((newest_known or began) - LOOK_BACK)
        report = self._ask(begin, dry_run)
        if not dry_run:
            handle_missing(self.sessions, self.connector, report, clock=self.clock, kinds=self.kinds)
            if since is None and (further := self._far_enough(begin)) < begin:
                # The ERP has lost more than a day can show: look further back before anybody decides.
                begin, report = further, self._ask(further, dry_run)
        _print(report, begin)
        with self.sessions() as session, session.begin():
            holds = sending_hold.all_in_force(session)
            if not dry_run:
                now = self.clock.now()
                save(
                    session, self.connector.name, report,
                    cause="command", began_at=began, ended_at=now, since=begin,
                )  # fmt: skip
        if not holds:
            console.print("Sending is not held.")
        elif dry_run:
            console.print(f"{holds[0].message}. Nothing was changed.", soft_wrap=True)
        elif report.clean or resume:
            self._resume(holds, report, spared)
        else:
            for one in holds:
                console.print(f"{one.message}.", soft_wrap=True)
            raise click.ClickException(
                "sending stays held: look at the documents above, then run this again, or with --resume"
            )

    def _far_enough(self, begin: dt.datetime) -> dt.datetime:
        """Return *begin*, or, where the ERP has lost documents, well before the first of them was sent."""
        with self.sessions() as session:
            lost = sending_hold.erp_loss(session, self.connector.name)
        return min(begin, lost.sent_from - self.window) if lost is not None else begin

    def _ask(self, since: dt.datetime, dry_run: bool) -> Report:
        with console.status("Asking the ERP") as status:
            return reconcile(
                self.sessions,
                self.connector,
                clock=self.clock,
                kinds=self.kinds,
                since=since,
                dry_run=dry_run,
                progress=lambda done, all: status.update(f"Asking the ERP: document {done} of {all}"),
            )

    def _resume(self, holds: list[sending_hold.Hold], report: Report, spared: Collection[str]) -> None:
        actor = f"user:{getpass.getuser()}"
        if spared:
            try:
                with self.sessions() as session:
                    ids = resolve(session, report, spared)
            except ValueError as error:
                raise click.ClickException(f"{error}; sending stays held") from None
            given_up = cancel_missing(self.sessions, self.connector, ids, clock=self.clock, actor=actor)
            console.print(f"{given_up} documents are cancelled; their reps are told.")
        if any(one.cause == sending_hold.ERP_LOST for one in holds):
            again = resend_missing(self.sessions, self.connector, report, clock=self.clock, kinds=self.kinds)
            console.print(f"{again} documents are looked up once more and sent where the ERP has lost them.")
        with self.sessions() as session, session.begin():
            for one in holds:
                if one.cause == sending_hold.ERP_LOST:
                    # What was read of the ERP after its backup is not true any more.
                    watermarks.forget(session, self.connector.name)
                sending_hold.release(session, one, actor, self.clock.now(), report.counts())
        console.print("Sending to the ERP goes on.")


def _print(report: Report, since: dt.datetime) -> None:
    table = Table("documents", "", "which means", title=f"open, or settled since {since:%Y-%m-%d %H:%M} UTC")
    for name, count in report.counts().items():
        table.add_row(str(count), name, MEANINGS[name])
    console.print(table)
    for line in report.lines:
        console.print(line, soft_wrap=True)


def _show(sessions: Sessions) -> None:
    with sessions() as session:
        runs = newest(session, SHOWN)
    if not runs:
        console.print("The ERP has not been asked yet; the worker does so every day.")
        return
    names = [name for name in MEANINGS if any(run.counts.get(name) for run in runs)]
    table = Table("ended", "by", "settled since", *names)
    for run in runs:
        table.add_row(_day(run.ended_at), run.cause, _day(run.since), *(_count(run, name) for name in names))
    console.print(table)
    for line in runs[0].lines:
        console.print(line, soft_wrap=True)


def _day(moment: dt.datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""


def _count(run: Reconciliation, name: str) -> str:
    return str(run.counts.get(name, 0))
