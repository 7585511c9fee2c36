"""What the commands of `satchel parked` share: options, and how a refusal and JSON are printed."""

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from backend.cli.context import console
from backend.cli.refusal import CannotRun
from backend.inbox.references import AmbiguousReference
from backend.office.errors import ActionRefused
from sync_protocol.errors import ErrorCode

AS = click.option(
    "--as",
    "by",
    metavar="NAME",
    default=getpass.getuser,
    help="Who acts; the roles of an office account of that name apply. Default: your login name.",
)
FORCE = click.option(
    "--force", is_flag=True, help="Act although somebody else has reserved it, or a check is in doubt."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn a refusal into one sentence, after a line for each field that is wrong."""
    try:
        yield
    except ActionRefused as refused:
        for fault in refused.faults:
            console.print(f"{fault.field}: {fault.message}", highlight=False, markup=False)
        if refused.faults or refused.code is ErrorCode.NOT_FOUND:
            raise CannotRun(refused.message) from None
        raise click.ClickException(refused.message) from None
    except AmbiguousReference as ambiguous:
        raise CannotRun(str(ambiguous)) from None


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))
