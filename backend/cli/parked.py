"""`satchel parked …`: list and show parked documents; every action of the office is a command."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import click
from sqlalchemy.orm import sessionmaker

from backend.cli.context import console, engine_of, load_settings, transaction
from backend.cli.editor import FILE, edited
from backend.cli.parked_batches import batch_group, causes_command
from backend.cli.parked_options import AS, FORCE, JSON, one_line_errors, print_json
from backend.cli.parked_tables import print_document, print_list
from backend.clock import SystemClock, instant
from backend.delivery.park_reasons import PARK_REASONS
from backend.erp.port import connect
from backend.identity import audit
from backend.inbox.references import find_id
from backend.office import accounts, queries
from backend.office.action import Action
from backend.office.actions import ACTIONS
from backend.office.causes import of_cause
from backend.office.queries import get_document, to_view
from backend.office.service import OfficeService
from sync_protocol.office import OWNERS

Decorator = Callable[[Callable[..., None]], Callable[..., None]]
"""Adds a parameter to the function of a command."""

WHY = click.option("--why", default="", help="The reason. The audit trail keeps it, and the rep reads it.")
REQUIRED_WHY = click.option("--why", required=True, help="The reason. The rep reads it.")
ID = click.argument("id")
ARGUMENTS: dict[str, Decorator] = {"number": click.argument("number"), "body": FILE}
"""How a command takes each field that an action may need."""


@click.group("parked")
def parked_group() -> None:
    """List, show and settle parked documents: those on which somebody must act."""


@parked_group.command("list")
@click.option("--owner", type=click.Choice(OWNERS), help="Only documents on which this owner must act.")
@click.option(
    "--class", "error_class", type=click.Choice(list(PARK_REASONS)), help="Only documents of this class."
)
@click.option("--rep", help="Only documents of the rep with this id.")
@click.option("--cause", help="Only documents with this cause; see `satchel parked causes`.")
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1), help="Maximum number of documents."
)
@JSON
def list_parked(
    owner: str | None, error_class: str | None, rep: str | None, cause: str | None, limit: int, as_json: bool
) -> None:
    """List parked documents, longest-waiting first."""
    now = SystemClock().now()
    with transaction(load_settings()) as session:
        documents = queries.list_parked(
            session,
            now=now,
            owner=owner,
            error_class=error_class,
            rep=rep,
            cause=of_cause(cause) if cause else None,
            limit=limit,
        ).documents
    if as_json:
        print_json([document.to_wire() for document in documents])
    elif documents:
        print_list(documents, now)
    else:
        console.print("Nothing is parked.")


@parked_group.command()
@ID
@JSON
def show(id: str, as_json: bool) -> None:
    """Show the document ID: its state, why it waits, the ERP's words, its body, and every action on it."""
    now = SystemClock().now()
    with one_line_errors(), transaction(load_settings()) as session:
        id = find_id(session, id)
        document = to_view(get_document(session, id), now)
        trail = [
            {"at": instant(entry.at), "by": entry.actor, "action": entry.action, "detail": entry.detail}
            for entry in reversed(audit.entries(session, subject=id))
        ]
    if as_json:
        print_json({**document.to_wire(), "audit": trail})
        return
    print_document(document, now)
    console.print_json(document.body)
    for entry in trail:
        line = f"{entry['at']} {entry['by']} {entry['action']} {entry['detail']}"
        console.print(line, highlight=False, markup=False)


def _run(action: Action, id: str, by: str, why: str, force: bool, as_json: bool, **values: Any) -> None:
    """Carry out *action*, and print the document that answers it."""
    settings, clock = load_settings(), SystemClock()
    with one_line_errors(), engine_of(settings) as engine:
        sessions = sessionmaker(engine, expire_on_commit=False)
        with sessions() as session:
            id = find_id(session, id)
        if "file" in values:
            with sessions() as session:
                body = json.loads(get_document(session, id).body)
            values["body"] = edited(body, values.pop("file"))
        office = OfficeService(
            sessions,
            clock,
            settings,
            lambda: connect(settings.connector, settings.erp),
            lambda session: accounts.user_named(session, by, clock.now()),
        )
        document = office.perform(action.name, id, by=by, why=why, force=force, **values)
    if as_json:
        print_json(document.to_wire())
    else:
        print_document(document, clock.now())


def _command(action: Action) -> click.Command:
    """Return the command of *action*, with the parameters that its row asks for."""
    run: Callable[..., None] = partial(_run, action)
    why = REQUIRED_WHY if action.needs_reason else WHY
    arguments = [ARGUMENTS[name] for name in action.arguments]
    parameters: list[Decorator] = [ID, *arguments, AS, why, FORCE, JSON]
    for parameter in reversed(parameters):
        run = parameter(run)
    return click.command(action.name, help=action.summary)(run)


for _action in ACTIONS.values():
    parked_group.add_command(_command(_action))
parked_group.add_command(causes_command)
parked_group.add_command(batch_group)
