"""What a person reads when a document has been saved on the device, or was refused there."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from backend.cli.context import console
from sync_protocol.device.capture.documents import Document
from sync_protocol.device.errors import CaptureRefused


@contextmanager
def saving(whole: str) -> Iterator[None]:
    """Turn a refusal in the block into a line a field; *whole* is what faults of the document itself are of."""
    try:
        yield
    except CaptureRefused as refused:
        for fault in refused.faults:
            console.print(f"[red]{fault.field or whole}[/red]: {fault.message}", highlight=False)
        raise click.ClickException("nothing was saved; correct it and try again") from None


def print_saved(document: Document) -> None:
    """Say that *document* is safe."""
    console.print(
        f"Saved [bold]{document.id}[/bold]: {document.title}. The next sync sends it.", highlight=False
    )
