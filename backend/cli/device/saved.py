"""What the commands of `satchel device` share: the folder they work on, and the output after a capture."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from backend.cli.context import console
from backend.cli.refusal import CannotRun
from backend.cli.tables import visible
from sync_protocol.device.capture.documents import Document
from sync_protocol.device.device import Device
from sync_protocol.device.errors import CaptureRefused
from sync_protocol.errors import ErrorCode
from sync_protocol.fault_sentence import fault_sentence, warning_sentence

pass_folder = click.make_pass_decorator(Path)


def open_device(folder: Path) -> Device:
    """Open the device in *folder*; raises `DatabaseRefused`."""
    return Device(folder)


@contextmanager
def saving() -> Iterator[None]:
    """If the block raises `CaptureRefused`, print a sentence per fault."""
    try:
        yield
    except CaptureRefused as refused:
        for fault in refused.faults:
            sentence = visible(fault_sentence(fault.field, fault.message))
            console.print(f"[red]{sentence}[/red]", highlight=False)
        too_late = any(fault.code is ErrorCode.TOO_LATE for fault in refused.faults)
        advice = "" if too_late else "; correct it and try again"
        raise CannotRun(f"nothing was saved{advice}") from None


def print_saved(device: Device, document: Document) -> None:
    """Print that *document* has been saved, and what the rep should know while the customer is there."""
    console.print(
        f"Saved [bold]{document.id}[/bold]: {document.title}. The next sync sends it.", highlight=False
    )
    for warning in document.warnings:
        print_warning(warning_sentence(warning["field"], warning["message"]))
    print_clock_warning(device)


def print_clock_warning(device: Device) -> None:
    """Say it if the clock of *device* is wrong."""
    warning = device.clock.warning()
    if warning:
        print_warning(warning)


def print_warning(text: str) -> None:
    """Print a sentence that the rep should read although nothing is wrong with what was typed."""
    console.print(f"Note: {text}", style="yellow", markup=False, highlight=False)
