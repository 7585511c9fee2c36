"""The body of a document as a person has edited it: from a file, from standard input, or in their editor."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from backend.cli.refusal import CannotRun
from sync_protocol.json_types import NewBody

FILE = click.option(
    "--file",
    "file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="The edited body as a JSON file; - reads standard input. Default: an editor opens.",
)


def edited(before: Any, file: Path | None) -> NewBody:
    """Return the edited body from *file*, or from an editor that shows the body *before*.

    Raises `CannotRun` if it is no JSON object, or equal to *before*.
    """
    if file is None:
        text = click.edit(json.dumps(before, ensure_ascii=False, indent=1), extension=".json") or ""
    else:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            raise CannotRun("the body is not UTF-8 text: save the file as UTF-8") from None
    try:
        body = json.loads(text) if text else before
    except ValueError as error:
        raise CannotRun(f"the body is not JSON: {error}") from None
    if body == before:
        raise CannotRun("the body is unchanged")
    if not isinstance(body, dict):
        raise CannotRun("the body must be a JSON object")
    return body
