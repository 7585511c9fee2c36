"""The rules that a kind's `check` enforces, each with the sentence that the catalogue page shows.

A rule that data can express is a `sync_protocol.rule.Rule` instead. A check makes its faults only through
these, so the page lists whatever it can yield.
"""

from dataclasses import dataclass
from typing import Any

from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.sentence import Sentence


@dataclass(frozen=True)
class CheckRule:
    """One rule; a document that breaks it is refused."""

    name: str
    code: ErrorCode
    field: str
    """The field of the fault. `lines.unit` makes the rule one about each line."""
    summary: str
    """What the document must have, as a sentence."""
    check: tuple[Any, ...] = ()
    """The rule as data, for an app: a word and its arguments, as docs/contract.md has them."""
    reasons: tuple[str, ...] = ()
    """The codes of the sentences with which it may blame a document."""

    def fault(self, message: Sentence, line: int | None = None) -> Fault:
        """Return the fault of a document that breaks the rule; *line* is the index of the line to blame."""
        field = self.field if line is None else self.field.replace("lines.", f"lines[{line}].", 1)
        return Fault(self.code, field, message)
