"""`satchel parked causes` and `satchel parked batch …`: settle all documents with one cause together."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
from rich.progress import Progress
from sqlalchemy.orm import sessionmaker

from backend.cli.context import console, engine_of, load_settings, transaction
from backend.cli.parked_options import AS, FORCE, JSON, one_line_errors, print_json
from backend.cli.tables import print_table
from backend.clock import SystemClock
from backend.erp.port import connect
from backend.office import accounts
from backend.office.actions import ACTIONS
from backend.office.batch_request import FOR_MANY, BatchRequest
from backend.office.batches import DONE, REFUSED, UNDONE, BatchService, batch_view
from backend.office.causes import causes
from backend.office.field_changes import FieldChange
from sync_protocol.fields import Ulid
from sync_protocol.office_batches import MOST_DOCUMENTS

AT_ONCE = 10
"""Documents between two steps of the progress bar."""


class _BatchId(click.ParamType[str]):
    """The id of a batch, in either case."""

    name = "batch"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        id = str(value).upper()
        if not Ulid.pattern.fullmatch(id):
            self.fail(f"{value!a} is no id of a batch; `satchel parked batch run` prints it", param, ctx)
        return id


BATCH = click.argument("batch", type=_BatchId())
_MEANINGS = {DONE: "done", REFUSED: "refused", UNDONE: "parked again", None: "not tried yet"}


@click.command("causes")
@JSON
def causes_command(as_json: bool) -> None:
    """List the causes for which documents are parked, the one with most documents first."""
    with transaction(load_settings()) as session:
        listed = causes(session, now=SystemClock().now())
    if as_json:
        print_json([cause.to_wire() for cause in listed])
        return
    print_table(
        listed,
        {
            "cause": lambda cause: cause.cause,
            "documents": lambda cause: cause.documents,
            "waiting since": lambda cause: cause.oldest,
            "the ERP's words": lambda cause: cause.example and (cause.example.raw or cause.example.reason),
            "what to do": lambda cause: cause.example and cause.example.advice,
        },
        empty="Nothing is parked.",
    )


@click.group("batch")
def batch_group() -> None:
    """Settle all documents with one cause together: try it with a few, then with all."""


@batch_group.command("run")
@click.argument("action", type=click.Choice(FOR_MANY))
@click.argument("cause")
@click.option(
    "--limit",
    default=MOST_DOCUMENTS,
    type=click.IntRange(1, MOST_DOCUMENTS),
    show_default=True,
    help="Only the longest-waiting so many documents.",
)
@click.option(
    "--set",
    "changes",
    multiple=True,
    nargs=3,
    metavar="FIELD OLD NEW",
    help="For fix: give FIELD, such as lines[].unit, the value NEW wherever it is OLD. May be repeated.",
)
@click.option("--why", default="", help="The reason. The rep reads it; cancel and return require it.")
@AS
@FORCE
@JSON
def run(
    action: str, cause: str, limit: int, changes: Sequence[tuple[str, str, str]], why: str, by: str,
    force: bool, as_json: bool,
) -> None:  # fmt: skip
    """Carry out ACTION on the parked documents with CAUSE."""
    field_changes = [FieldChange(field, _value(old), _value(new)) for field, old, new in changes]
    request = BatchRequest(action, cause, by, limit=limit, why=why, force=force, changes=field_changes)
    with _service(by) as service:
        id = service.begin(request)
        _proceed(service, id, by)
        _print(service, id, as_json)


@batch_group.command()
@BATCH
@JSON
def show(batch: str, as_json: bool) -> None:
    """Show BATCH: what became of each of its documents."""
    with _service() as service:
        _print(service, batch, as_json)


@batch_group.command("continue")
@BATCH
@AS
@JSON
def resume(batch: str, by: str, as_json: bool) -> None:
    """Continue BATCH, which was interrupted."""
    with _service(by) as service:
        _proceed(service, batch, by)
        _print(service, batch, as_json)


@batch_group.command()
@BATCH
@AS
@click.option("--why", default="", help="The reason.")
@JSON
def undo(batch: str, by: str, why: str, as_json: bool) -> None:
    """Park again what BATCH has queued and nobody has sent."""
    with _service(by) as service:
        service.undo(batch, by=by, why=why)
        _print(service, batch, as_json)


@contextmanager
def _service(by: str | None = None) -> Iterator[BatchService]:
    """Yield the service for the person *by*; None: for somebody who only looks."""
    settings, clock = load_settings(), SystemClock()
    with one_line_errors(), engine_of(settings) as engine:
        sessions = sessionmaker(engine, expire_on_commit=False)
        yield BatchService(
            sessions,
            clock,
            settings,
            lambda: connect(settings.connector, settings.erp),
            lambda session: accounts.user_named(session, by, clock.now()) if by is not None else None,
        )


def _proceed(service: BatchService, id: str, by: str) -> None:
    """Settle every document of the batch that was not tried yet, and show how far it is."""
    with service.sessions() as session:
        total = batch_view(session, id)["waiting"]
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("documents", total=total)
        # At least once: a batch that was undone is refused.
        while left := service.proceed(id, by=by, most=AT_ONCE):
            progress.update(task, completed=total - left)


def _print(service: BatchService, id: str, as_json: bool) -> None:
    with service.sessions() as session:
        batch = batch_view(session, id)
    if as_json:
        print_json(batch)
        return
    counts = Counter(document["result"] for document in batch["documents"])
    explained = [document for document in batch["documents"] if document["message"]]
    print_table(explained, {"id": lambda each: each["id"], "why not": lambda each: each["message"]})
    parts = ", ".join(f"{counts[result]} {meaning}" for result, meaning in _MEANINGS.items() if counts[result])
    console.print(f"Batch {id}: {parts}.", highlight=False, soft_wrap=True)
    if counts[None]:
        console.print(f"`satchel parked batch continue {id}` continues it.", highlight=False, soft_wrap=True)
    elif counts[DONE] and batch["undone_at"] is None and ACTIONS[batch["action"]].wakes_worker:
        console.print(
            f"`satchel parked batch undo {id}` takes back what is not sent yet.",
            highlight=False,
            soft_wrap=True,
        )


def _value(text: str) -> Any:
    """Return the JSON value that *text* is; a text that is no JSON stands for itself, and so does a number.

    Amounts and quantities are texts on the wire, so `9.50` is one too.
    """
    return {"true": True, "false": False, "null": None}.get(text, text)
