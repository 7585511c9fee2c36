"""The body of a document as a person has edited it: from a file, from standard input, or in their editor."""

import json
import sys
from pathlib import Path
from typing import Any

import click

FILE = click.option(
    "--file",
    "file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="The edited body as a JSON file; - reads standard input. Default: an editor opens.",
)


def edited(before: Any, file: Path | None) -> dict[str, Any]:
    """Return the edited body from *file*, or from an editor that shows the body *before*.

    Raises `ClickException` if it is no JSON object, or equal to *before*.
    """
    if file is None:
        text = click.edit(json.dumps(before, ensure_ascii=False, indent=1), extension=".json") or ""
    else:
        text = sys.stdin.read() if str(file) == "-" else file.read_text()
    try:
        body = json.loads(text) if text else before
    except ValueError as error:
        raise click.ClickException(f"the body is not JSON: {error}") from None
    if body == before:
        raise click.ClickException("the body is unchanged")
    if not isinstance(body, dict):
        raise click.ClickException("the body must be a JSON object")
    return body
