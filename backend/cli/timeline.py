"""`satchel submissions` and `satchel timeline`: where documents stand, and how one got there."""

import click
from rich.table import Column, Table
from sqlalchemy import func, select

from backend.cli.context import console, load_settings, transaction
from backend.delivery import sending_hold
from backend.inbox import submissions as inbox
from backend.inbox.models import Attempt, Binding, Submission
from backend.inbox.records import as_record
from sync_protocol.submission import State

WAITING = frozenset({State.RECEIVED, State.AWAITING_APPROVAL, State.QUEUED, State.UNKNOWN})


@click.command()
@click.option("--state", help="Only those in this state.")
@click.option("--rep", help="Only those of this rep.")
@click.option("--limit", default=50, show_default=True)
def submissions(state: str | None, rep: str | None, limit: int) -> None:
    """List submissions, newest first."""
    table = Table(Column("id", no_wrap=True), "rep", "document", "state", "ERP number", "reason")
    with transaction(load_settings()) as session:
        statement = select(Submission).order_by(Submission.seq.desc()).limit(limit)
        if state:
            statement = statement.where(Submission.state == state)
        if rep:
            statement = statement.where(Submission.rep == rep)
        for found in session.scalars(statement):
            record = as_record(found)
            table.add_row(
                found.id, found.rep, record["title"], found.state, found.erp_number or "", found.reason or ""
            )
        counts = session.execute(
            select(Submission.state, func.count()).group_by(Submission.state).order_by(Submission.state)
        ).all()
    if counts:
        console.print(table)
        console.print(", ".join(f"{number} {name}" for name, number in counts))
    else:
        console.print("Nothing has been captured yet.")


@click.command()
@click.argument("id")
def timeline(id: str) -> None:
    """Show everything that happened to the submission ID."""
    with transaction(load_settings()) as session:
        found = inbox.get(session, id)
        if found is None:
            raise click.ClickException(f"there is no submission {id}; `satchel submissions` lists them")
        console.print(f"[bold]{as_record(found)['title']}[/bold]  {found.kind} {found.id}")
        console.print(
            f"captured {found.captured_at} by {found.rep} on {found.device}, sha256 {found.sha256[:12]}…"
        )
        steps = [(h.at, h.state, h.actor, h.note or "") for h in inbox.history(session, id)]
        for attempt in session.scalars(select(Attempt).where(Attempt.submission_id == id).order_by(Attempt.id)):
            outcome = attempt.outcome or "no answer: the worker ended before it"
            words = f"{outcome} {attempt.detail or ''}".strip()
            steps.append((attempt.started_at, f"  {attempt.step}", attempt.worker, words))
        table = Table("at", "step", "by", "what")
        # Python's sort is stable: at one moment the state comes before the attempts made in it.
        for at, step, actor, note in sorted(steps, key=lambda entry: entry[0]):
            table.add_row(f"{at:%Y-%m-%d %H:%M:%S.%f}"[:-3], step, actor, note)
        console.print(table)
        held = sending_hold.in_force(session)
        if held is not None and found.state in WAITING:
            console.print(f"[yellow]{held.message}; {sending_hold.NEXT_STEP}[/yellow]", soft_wrap=True)
        for binding in session.scalars(select(Binding).where(Binding.local_id == id)):
            console.print(
                f"{binding.connector}: {binding.entity} {binding.number or ''} (id {binding.external_id})"
            )
