"""`satchel device withdraw|amend|request-change|request-cancel`: change documents after they were captured."""

from pathlib import Path

import click

from backend.cli.context import console
from backend.cli.device.saved import open_device, pass_folder, print_saved, saving
from backend.cli.editor import FILE, edited
from sync_protocol.device.capture.documents import DISMISSED
from sync_protocol.device.device import Device

MESSAGE = click.option("--message", required=True, help="What to tell the office.")


@click.command()
@click.argument("id")
@click.option("--reason", help="The reason, for the office.")
@pass_folder
def withdraw(folder: Path, id: str, reason: str | None) -> None:
    """Withdraw the document ID. It must not have been sent to the ERP yet."""
    with open_device(folder) as device:
        with saving():
            document = device.withdraw(device.find_document(id), reason)
        if document.stage == DISMISSED:
            console.print(f"{document.title} never left this device; it is dismissed.", highlight=False)
        else:
            print_saved(device, document)


@click.command()
@click.argument("id")
@FILE
@pass_folder
def amend(folder: Path, id: str, file: Path | None) -> None:
    """Edit a copy of the document ID. It replaces the document, unless that has been sent to the ERP."""
    with open_device(folder) as device:
        id = device.find_document(id)
        kind, body = device.editable_body(id)
        with saving():
            document = device.capture(kind, edited(body, file), supersedes=id)
        print_saved(device, document)


@click.command("request-change")
@click.argument("id")
@MESSAGE
@pass_folder
def request_change(folder: Path, id: str, message: str) -> None:
    """Ask the office to change the document ID. It must be in the ERP."""
    with open_device(folder) as device:
        _request(device, id, "change", message)


@click.command("request-cancel")
@click.argument("id")
@MESSAGE
@pass_folder
def request_cancel(folder: Path, id: str, message: str) -> None:
    """Ask the office to cancel the document ID. It must be in the ERP."""
    with open_device(folder) as device:
        _request(device, id, "cancel", message)


AMENDMENTS = (withdraw, amend, request_change, request_cancel)


def _request(device: Device, id: str, action: str, message: str) -> None:
    with saving():
        document = device.request_change(device.find_document(id), action, message)
    print_saved(device, document)
