"""`satchel parked …`: documents that wait for the office, and what to do with them."""

import getpass
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy.orm import sessionmaker

from backend.cli.context import console, engine_of, load_settings, transaction
from backend.cli.editor import FILE, edited
from backend.cli.parked_tables import plain, print_list, print_one
from backend.clock import SystemClock
from backend.delivery.park_reasons import PARK_REASONS
from backend.erp.port import connect
from backend.identity import audit
from backend.office import queries
from backend.office.action import ActionRefused, get_document
from backend.office.queries import ParkedDocument, to_view
from backend.office.service import OfficeService
from sync_protocol.office import OWNERS

AS = click.option(
    "--as", "by", metavar="NAME", default=getpass.getuser, help="Who acts; the login name unless told."
)
FORCE = click.option("--force", is_flag=True, help="Although somebody else is working on it.")
WHY = click.option("--why", default="", help="The reason, for the audit trail and for the rep.")
REASON = click.option("--why", required=True, help="The reason; the rep will read it.")
JSON = click.option("--json", "as_json", is_flag=True, help="For a machine.")
ID = click.argument("id")


@click.group("parked")
def parked_group() -> None:
    """Look after documents that wait for the office."""


@parked_group.command("list")
@click.option("--owner", type=click.Choice(OWNERS), help="Only those that this one must act on.")
@click.option("--class", "error_class", type=click.Choice(list(PARK_REASONS)), help="Only those of this class.")
@click.option("--rep", help="Only those of this rep.")
@click.option("--limit", default=50, show_default=True)
@JSON
def list_parked(owner: str | None, error_class: str | None, rep: str | None, limit: int, as_json: bool) -> None:
    """List what is parked, that which has waited longest first."""
    now = SystemClock().now()
    with transaction(load_settings()) as session:
        found = queries.list_parked(
            session, now=now, owner=owner, error_class=error_class, rep=rep, limit=limit
        )
    if as_json:
        click.echo(json.dumps([plain(one) for one in found], ensure_ascii=False, indent=1))
        return
    if not found:
        console.print("Nothing is parked.")
        return
    print_list(found, now)


@parked_group.command()
@ID
@JSON
def show(id: str, as_json: bool) -> None:
    """Show everything about the document ID: why it waits, in the ERP's words, its body, and who did what."""
    now = SystemClock().now()
    with _refusing(), transaction(load_settings()) as session:
        one = to_view(get_document(session, id), now)
        deeds = [
            {"at": f"{e.at:%Y-%m-%d %H:%M}", "by": e.actor, "what": e.action, "detail": e.detail}
            for e in reversed(audit.entries(session, subject=id))
        ]
    if as_json:
        click.echo(json.dumps({**plain(one), "deeds": deeds}, ensure_ascii=False, indent=1))
        return
    print_one(one, now)
    console.print_json(one.body)
    for deed in deeds:
        console.print(
            f"{deed['at']} {deed['by']} {deed['what']} {deed['detail']}", highlight=False, markup=False
        )


@parked_group.command()
@ID
@AS
@FORCE
@JSON
def reserve(id: str, by: str, force: bool, as_json: bool) -> None:
    """Take the document ID, so that nobody else works on it for a while."""
    _act(lambda office: office.reserve(id, by, force=force), as_json)


@parked_group.command()
@ID
@AS
@FORCE
@JSON
def release(id: str, by: str, force: bool, as_json: bool) -> None:
    """Let go of the document ID."""
    _act(lambda office: office.release(id, by, force=force), as_json)


@parked_group.command()
@ID
@AS
@WHY
@FORCE
@JSON
def retry(id: str, by: str, why: str, force: bool, as_json: bool) -> None:
    """Send the document ID again as it is; the ERP is asked first whether it has it."""
    _act(lambda office: office.retry(id, by, why, force=force), as_json)


@parked_group.command()
@ID
@FILE
@AS
@WHY
@FORCE
@JSON
def fix(id: str, file: Path | None, by: str, why: str, force: bool, as_json: bool) -> None:
    """Put a corrected body in the place of the document ID, and send that; the original stays readable."""
    with _refusing(), transaction(load_settings()) as session:
        before = json.loads(get_document(session, id).body)
    body = edited(before, file)
    _act(lambda office: office.fix(id, by, body, why, force=force), as_json)


@parked_group.command()
@ID
@click.argument("number")
@AS
@WHY
@FORCE
@JSON
def link(id: str, number: str, by: str, why: str, force: bool, as_json: bool) -> None:
    """Say that the ERP's document NUMBER is the document ID, because somebody entered it there."""
    _act(lambda office: office.link(id, by, number, why, force=force), as_json)


@parked_group.command()
@ID
@AS
@REASON
@FORCE
@JSON
def cancel(id: str, by: str, why: str, force: bool, as_json: bool) -> None:
    """Cancel the document ID; the ERP must not have it."""
    _act(lambda office: office.cancel(id, by, why, force=force), as_json)


@parked_group.command("return")
@ID
@AS
@REASON
@FORCE
@JSON
def return_to_rep(id: str, by: str, why: str, force: bool, as_json: bool) -> None:
    """Send the document ID back to its rep, who edits a copy; the ERP must not have it."""
    _act(lambda office: office.return_to_rep(id, by, why, force=force), as_json)


@parked_group.command()
@ID
@AS
@WHY
@FORCE
@JSON
def done(id: str, by: str, why: str, force: bool, as_json: bool) -> None:
    """Note that what the rep's request ID asks for was done in the ERP."""
    _act(lambda office: office.done(id, by, why, force=force), as_json)


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn a refusal into one sentence, with a line for each field that is to blame."""
    try:
        yield
    except ActionRefused as refused:
        for fault in refused.faults:
            console.print(f"{fault.field}: {fault.message}", highlight=False, markup=False)
        raise click.ClickException(refused.message) from None


def _act(deed: Callable[[OfficeService], ParkedDocument], as_json: bool) -> None:
    settings, clock = load_settings(), SystemClock()
    with _refusing(), engine_of(settings) as engine:
        sessions = sessionmaker(engine, expire_on_commit=False)
        office = OfficeService(sessions, clock, settings, lambda: connect(settings.connector, settings.erp))
        one = deed(office)
    if as_json:
        click.echo(json.dumps(plain(one), ensure_ascii=False, indent=1))
    else:
        print_one(one, clock.now())
