"""What the commands of `satchel device` share: the folder they work on, and the output after a capture."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from backend.cli.context import console
from sync_protocol.device.capture.documents import Document
from sync_protocol.device.device import Device
from sync_protocol.device.errors import CaptureRefused

pass_folder = click.make_pass_decorator(Path)


def open_device(folder: Path) -> Device:
    """Open the device in *folder*; raises `DatabaseRefused`."""
    return Device(folder)


@contextmanager
def saving(whole: str) -> Iterator[None]:
    """If the block raises `CaptureRefused`, print one line per field; *whole* labels faults without a field."""
    try:
        yield
    except CaptureRefused as refused:
        for fault in refused.faults:
            console.print(f"[red]{fault.field or whole}[/red]: {fault.message}", highlight=False)
        raise click.ClickException("nothing was saved; correct it and try again") from None


def print_saved(document: Document) -> None:
    """Print that *document* has been saved."""
    console.print(
        f"Saved [bold]{document.id}[/bold]: {document.title}. The next sync sends it.", highlight=False
    )
