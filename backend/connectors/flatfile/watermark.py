"""How far one collection has been read: which export, which content, how many of its rows.

Separate from `reader`, because the text form is stored in Satchel's database and must stay readable.
"""

import json
from dataclasses import dataclass

from backend.connectors.flatfile.errors import setup_fault


@dataclass(frozen=True)
class Watermark:
    """`row` counts rows of the first file that are read; `done` says that none is left."""

    export: str
    content: str
    row: int
    done: bool

    def __str__(self) -> str:
        return json.dumps([self.export, self.content, self.row, self.done], separators=(",", ":"))


def read_watermark(text: str | None) -> Watermark | None:
    """Return the watermark in *text*; raises `ErpError` if it is none of this connector's."""
    if text is None:
        return None
    try:
        export, content, row, done = json.loads(text)
    except (TypeError, ValueError):
        export = content = row = done = None
    if not (isinstance(export, str) and isinstance(content, str) and isinstance(row, int) and row >= 0):
        raise setup_fault(
            f"{text!r} is no watermark of the flat-file connector; clear it to read from the start"
        )
    return Watermark(export, content, row, bool(done))
