"""`satchel submissions` and `satchel timeline`: the states of all submissions, and the history of one."""

import click
from sqlalchemy import func, select

from backend.cli.context import console, load_settings, transaction
from backend.cli.named import require_rep
from backend.cli.refusal import CannotRun
from backend.cli.tables import print_table, visible
from backend.delivery import sending_hold
from backend.inbox.models import Submission
from backend.inbox.records import as_record
from backend.inbox.references import AmbiguousReference, find_id
from backend.office.timeline import erp_documents
from backend.office.timeline import timeline as steps_of
from sync_protocol.local_time import local_time
from sync_protocol.submission import State

WAITING = frozenset({State.RECEIVED, State.AWAITING_APPROVAL, State.QUEUED, State.UNKNOWN})


@click.command()
@click.option("--state", type=click.Choice(list(State)), help="Only submissions in this state.")
@click.option("--rep", help="Only submissions of this rep.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="Maximum number of rows.")
def submissions(state: str | None, rep: str | None, limit: int) -> None:
    """List submissions, newest first."""
    with transaction(load_settings()) as session:
        statement = select(Submission).order_by(Submission.seq.desc()).limit(limit)
        if state:
            statement = statement.where(Submission.state == state)
        if rep is not None:
            statement = statement.where(Submission.rep == require_rep(session, rep).id)
        print_table(
            session.scalars(statement),
            {
                "id": lambda submission: submission.id,
                "rep": lambda submission: submission.rep,
                "document": lambda submission: as_record(submission)["title"],
                "state": lambda submission: submission.state,
                "ERP number": lambda submission: submission.erp_number,
                "reason": lambda submission: submission.reason,
            },
            empty="No submissions." if state or rep else "No submissions yet.",
        )
        counts = session.execute(
            select(Submission.state, func.count()).group_by(Submission.state).order_by(Submission.state)
        ).all()
    if counts:
        console.print(", ".join(f"{count} {name}" for name, count in counts))


@click.command()
@click.argument("id")
def timeline(id: str) -> None:
    """Show the history of the submission ID: states, attempts, and what the ERP replied."""
    with transaction(load_settings()) as session:
        try:
            id = find_id(session, id)
        except AmbiguousReference as ambiguous:
            raise CannotRun(str(ambiguous)) from None
        submission = session.scalars(select(Submission).where(Submission.id == id)).one()
        title = visible(as_record(submission)["title"])
        console.print(f"[bold]{title}[/bold]  {submission.kind} {submission.id}")
        console.print(
            f"captured {local_time(submission.captured_at, submission.zone)} by {submission.rep}"
            f" on device {submission.device}, sha256 {submission.sha256[:12]}…"
        )
        for warning in submission.warnings:
            console.print(f"warning: {warning['message']}", style="yellow", markup=False)
        print_table(
            steps_of(session, id),
            {
                "at": lambda step: local_time(step.at, timespec="milliseconds"),
                "step": lambda step: f"  {step.what}" if step.is_attempt else step.what,
                "by": lambda step: step.actor,
                "note": lambda step: step.note,
            },
        )
        hold = sending_hold.in_force(session)
        if hold is not None and submission.state in WAITING:
            console.print(f"[yellow]{hold.message}. Next: {sending_hold.NEXT_STEP}.[/yellow]", soft_wrap=True)
        for each in erp_documents(session, id):
            console.print(f"{each.connector}: {each.entity} {each.number or ''} (id {each.external_id})")
