"""`satchel device withdraw|amend|request-change|request-cancel`: about documents that were captured."""

import json
import sys
from pathlib import Path

import click

from backend.cli.context import console
from backend.cli.device_folder import open_device, pass_folder
from sync_protocol.device.device import Device
from sync_protocol.device.documents import DISMISSED
from sync_protocol.device.errors import CaptureRefused

MESSAGE = click.option("--message", required=True, help="What the office is to know.")


@click.command()
@click.argument("id")
@click.option("--reason", help="Why, for whoever looks at it later.")
@pass_folder
def withdraw(folder: Path, id: str, reason: str | None) -> None:
    """Take back the document ID before it is sent to the ERP."""
    with open_device(folder) as here:
        try:
            made = here.withdraw(id, reason)
        except CaptureRefused as refused:
            raise _refusal(refused) from None
    if made.stage == DISMISSED:
        console.print(f"{made.title} never left this device and is put aside.", highlight=False)
    else:
        console.print(f"Saved [bold]{made.id}[/bold]: {made.title}. The next sync sends it.", highlight=False)


@click.command()
@click.argument("id")
@click.option(
    "--file",
    "file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="The edited body as JSON; - reads it from the input. Without it an editor opens.",
)
@pass_folder
def amend(folder: Path, id: str, file: Path | None) -> None:
    """Edit a copy of the document ID, which takes its place if it has not been sent to the ERP."""
    with open_device(folder) as here:
        kind, body = here.to_amend(id)
        if file is None:
            text = click.edit(json.dumps(body, ensure_ascii=False, indent=1), extension=".json")
        else:
            text = sys.stdin.read() if str(file) == "-" else file.read_text()
        try:
            edited = json.loads(text or "null")
        except ValueError as error:
            raise click.ClickException(f"the body is not JSON: {error}") from None
        if not isinstance(edited, dict) or edited == body:
            raise click.ClickException("nothing was changed")
        try:
            made = here.capture(kind, edited, supersedes=id)
        except CaptureRefused as refused:
            raise _refusal(refused) from None
    console.print(f"Saved [bold]{made.id}[/bold]: {made.title}. The next sync sends it.", highlight=False)


@click.command("request-change")
@click.argument("id")
@MESSAGE
@pass_folder
def request_change(folder: Path, id: str, message: str) -> None:
    """Ask the office to change the document ID, which the ERP has."""
    with open_device(folder) as here:
        _ask(here, id, "change", message)


@click.command("request-cancel")
@click.argument("id")
@MESSAGE
@pass_folder
def request_cancel(folder: Path, id: str, message: str) -> None:
    """Ask the office to cancel the document ID, which the ERP has."""
    with open_device(folder) as here:
        _ask(here, id, "cancel", message)


WISHES = (withdraw, amend, request_change, request_cancel)


def _ask(here: Device, id: str, wish: str, message: str) -> None:
    try:
        made = here.ask(id, wish, message)
    except CaptureRefused as refused:
        raise _refusal(refused) from None
    console.print(f"Saved [bold]{made.id}[/bold]: {made.title}. The next sync sends it.", highlight=False)


def _refusal(refused: CaptureRefused) -> click.ClickException:
    for fault in refused.faults:
        console.print(f"{fault.field}: {fault.message}", highlight=False, markup=False)
    return click.ClickException("nothing was saved")
