"""`satchel device withdraw|amend|request-change|request-cancel`: about documents that were captured."""

from pathlib import Path

import click

from backend.cli.context import console
from backend.cli.device.folder import open_device, pass_folder
from backend.cli.device.saved import print_saved, saving
from backend.cli.editor import FILE, edited
from sync_protocol.device.capture.documents import DISMISSED
from sync_protocol.device.device import Device

MESSAGE = click.option("--message", required=True, help="What the office is to know.")


@click.command()
@click.argument("id")
@click.option("--reason", help="Why, for whoever looks at it later.")
@pass_folder
def withdraw(folder: Path, id: str, reason: str | None) -> None:
    """Take back the document ID before it is sent to the ERP."""
    with open_device(folder) as here, saving(id):
        made = here.withdraw(id, reason)
    if made.stage == DISMISSED:
        console.print(f"{made.title} never left this device and is put aside.", highlight=False)
    else:
        print_saved(made)


@click.command()
@click.argument("id")
@FILE
@pass_folder
def amend(folder: Path, id: str, file: Path | None) -> None:
    """Edit a copy of the document ID, which takes its place if it has not been sent to the ERP."""
    with open_device(folder) as here:
        kind, body = here.editable_body(id)
        with saving(kind):
            made = here.capture(kind, edited(body, file), supersedes=id)
    print_saved(made)


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


AMENDMENTS = (withdraw, amend, request_change, request_cancel)


def _ask(here: Device, id: str, action: str, message: str) -> None:
    with saving(id):
        made = here.request_change(id, action, message)
    print_saved(made)
