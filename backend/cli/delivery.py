"""`satchel delivery …`: compare all documents with the ERP, and resume sending."""

import datetime as dt
from collections.abc import Callable, Collection
from functools import partial

import click
from sqlalchemy.orm import sessionmaker

from backend.cli.context import console, engine_of, load_settings, local_user
from backend.cli.refusal import CannotRun
from backend.cli.tables import print_table
from backend.clock import Clock, SystemClock
from backend.database.core import Sessions
from backend.delivery import sending_hold
from backend.delivery.models import Reconciliation
from backend.delivery.reconciliation.data_loss import cancel_missing, handle_missing, resend_missing, resolve
from backend.delivery.reconciliation.reconcile import LOOK_BACK, newest_memory, reconcile
from backend.delivery.reconciliation.report import Report, newest, save
from backend.erp.port import Connector, connect
from backend.inbox.references import AmbiguousReference, find_id
from backend.ingest import watermarks
from backend.settings import Settings
from sync_protocol.local_time import local_time

NOT_ON_HOLD = "Sending is not on hold."
RESUMES = "Sending to the ERP resumes."
MEANINGS = {
    "sent": "looked up in the ERP, because they count as sent",
    "found": "of those: exactly one in the ERP, with the same total",
    "missing": "of those: not found in the ERP",
    "doubled": "more than once in the ERP",
    "differing": "in the ERP with another total, or not completed",
    "settled": "counted as unsent, but found in the ERP: now settled",
    "waiting": "not in the ERP: looked up once more and sent when sending resumes",
    "unchecked": "the ERP could not be asked",
}
"""The counts of a report, by name, and what each means."""
RUNS_SHOWN = 10


@click.group()
def delivery() -> None:
    """Compare documents with the ERP, and resume sending."""


@delivery.command("reconcile")
@click.option("--dry-run", is_flag=True, help="Ask the ERP and report. Change nothing.")
@click.option(
    "--resume",
    is_flag=True,
    help="Resume sending although there are findings. Documents that the ERP lost with a restored backup "
    "are sent again, once.",
)
@click.option(
    "--except",
    "excepted",
    multiple=True,
    metavar="KEY",
    help="With --resume: id or ERP number of a missing document that was deleted in the ERP on purpose. It is "
    "cancelled instead of sent again, and the rep sees that. Repeatable.",
)
@click.option(
    "--since",
    type=click.DateTime(),
    help="Also look up documents settled since then (UTC). Default: a day before the newest known change.",
)
@click.option("--report", is_flag=True, help="Only show the results of the last reconciliations.")
def reconcile_command(
    dry_run: bool, resume: bool, excepted: tuple[str, ...], since: dt.datetime | None, report: bool
) -> None:
    """Look up documents in the ERP, settle those that it has, and resume sending.

    Needed after `satchel feed restore-check`, after a failover, and after a backup of the ERP was restored.
    Safe at any time: nothing is sent while it runs. The worker does the same every day, but never resumes
    sending.
    """
    if excepted and (dry_run or not resume):
        raise click.UsageError("--except needs --resume, which sends the other missing documents again")
    settings = load_settings()
    with engine_of(settings) as engine:
        sessions = sessionmaker(engine, expire_on_commit=False)
        if report:
            _print_last_runs(sessions)
            return
        _require_documents(sessions, excepted)
        connector = connect(settings.connector, settings.erp)
        try:
            begin = since.replace(tzinfo=dt.UTC) if since else None
            _Run(sessions, connector, settings, SystemClock()).go(begin, dry_run, resume, excepted)
        finally:
            connector.close()


def _require_documents(sessions: Sessions, names: Collection[str]) -> None:
    """Refuse a name of no document before anything is asked or settled; whether it is lost is known later."""
    with sessions() as session:
        for name in names:
            try:
                find_id(session, name)
            except AmbiguousReference as error:
                raise CannotRun(str(error)) from None


class _Run:
    """One reconciliation, started by an operator."""

    def __init__(self, sessions: Sessions, connector: Connector, settings: Settings, clock: Clock) -> None:
        self.sessions, self.connector, self.clock = sessions, connector, clock
        self.window = dt.timedelta(days=settings.reconcile_days)
        self.kinds = connector.capabilities().kinds

    def go(self, since: dt.datetime | None, dry_run: bool, resume: bool, excepted: Collection[str]) -> None:
        began = self.clock.now()
        with self.sessions() as session, session.begin():
            hold = sending_hold.check(session, began)
            newest_known = newest_memory(session, hold.since if hold else None)
        begin = since or self._before_loss((newest_known or began) - LOOK_BACK)
        report = self._ask(begin, dry_run)
        if not dry_run:
            handle_missing(self.sessions, self.connector, report, clock=self.clock, kinds=self.kinds)
            if since is None and (earlier := self._before_loss(begin)) < begin:
                # The ERP lost more than the last day: look further back before the operator decides.
                begin, report = earlier, self._ask(earlier, dry_run)
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
            console.print(NOT_ON_HOLD)
            if excepted:
                console.print("The ERP has lost no document, so none was cancelled.")
        elif dry_run:
            console.print(f"{holds[0].message}. Nothing was changed.", soft_wrap=True)
        elif report.clean or resume:
            self._resume(holds, report, excepted)
        else:
            for hold in holds:
                console.print(f"{hold.message}.", soft_wrap=True)
            raise click.ClickException(
                "sending stays on hold: check the documents above, then run this again, or with --resume"
            )

    def _before_loss(self, begin: dt.datetime) -> dt.datetime:
        """Return *begin*; if the ERP lost documents, a time well before the first of them was sent."""
        with self.sessions() as session:
            loss = sending_hold.erp_loss(session, self.connector.name)
        return min(begin, loss.sent_from - self.window) if loss is not None else begin

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

    def _resume(self, holds: list[sending_hold.Hold], report: Report, excepted: Collection[str]) -> None:
        actor = local_user()
        if excepted:
            try:
                with self.sessions() as session:
                    ids = resolve(session, report, excepted)
            except ValueError as error:
                raise click.ClickException(f"{error}; sending stays on hold") from None
            cancelled = cancel_missing(self.sessions, self.connector, ids, clock=self.clock, actor=actor)
            console.print(f"{cancelled} documents were cancelled; their reps see that.")
        if any(hold.cause == sending_hold.ERP_LOST for hold in holds):
            count = resend_missing(self.sessions, self.connector, report, clock=self.clock, kinds=self.kinds)
            console.print(f"{count} documents are looked up once more, and sent again if the ERP lost them.")
        with self.sessions() as session, session.begin():
            for hold in holds:
                if hold.cause == sending_hold.ERP_LOST:
                    # What was read from the ERP after its backup may no longer be true.
                    watermarks.forget(session, self.connector.name)
                sending_hold.release(session, hold, actor, self.clock.now(), report.counts())
        console.print(RESUMES)


def _print(report: Report, since: dt.datetime) -> None:
    print_table(
        report.counts().items(),
        {
            "documents": lambda item: item[1],
            "": lambda item: item[0],
            "meaning": lambda item: MEANINGS[item[0]],
        },
        title=f"open, or settled since {local_time(since)}",
    )
    for line in report.lines:
        console.print(line, soft_wrap=True)


def _print_last_runs(sessions: Sessions) -> None:
    with sessions() as session:
        runs = newest(session, RUNS_SHOWN)
    names = [name for name in MEANINGS if any(run.counts.get(name) for run in runs)]
    columns: dict[str, Callable[[Reconciliation], object]] = {
        "ended": lambda run: run.ended_at,
        "by": lambda run: run.cause,
        "settled since": lambda run: run.since,
    }
    columns |= {name: partial(_count, name) for name in names}
    print_table(runs, columns, empty="No reconciliation yet; the worker runs one every day.")
    for line in runs[0].lines if runs else ():
        console.print(line, soft_wrap=True)


def _count(name: str, run: Reconciliation) -> int:
    return int(run.counts.get(name, 0))
