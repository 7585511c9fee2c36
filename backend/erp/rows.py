"""Rows of the ERP as they came: quarantine keeps them where no valid record could be made of them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from backend.erp.sanitize import Sanitized
from sync_protocol.errors import Fault

LONGEST_RAW = 4_000
"""Characters of a raw row that are kept."""
_MAX_FAULTS = 5


@dataclass(frozen=True)
class BadRow(Sanitized):
    """A row that cannot be taken, with the reason in a sentence and the row as text."""

    external_id: str
    error: str
    raw: str


class SourceRow(Protocol):
    """The row (or rows) of the ERP that one record was made of."""

    def reject(self, faults: Sequence[Fault]) -> BadRow:
        """Return the row as a bad one, because its record has *faults* (at least one).

        A connector can name the place in the ERP's own terms: a column of a file, a field of a form.
        It is called soon after the page was read, perhaps from another thread, and must not ask the ERP.
        """


@dataclass(frozen=True, slots=True)
class RawRow:
    """The usual `SourceRow`: the id of the row, and *raw*, anything that JSON can show."""

    external_id: str
    raw: Any

    def reject(self, faults: Sequence[Fault]) -> BadRow:
        """Return the row as a bad one; the error lists the first five faults."""
        return self.bad(fault_summary(faults))

    def bad(self, error: str) -> BadRow:
        """Return the row as a bad one with the reason *error*."""
        text = json.dumps(self.raw, default=str, ensure_ascii=False)
        return BadRow(self.external_id, error, text[:LONGEST_RAW])


def fault_summary(faults: Sequence[Fault]) -> str:
    """Return *faults* in one sentence: the first five, and how many more there are."""
    parts = [f"{fault.field} {fault.message}".strip() for fault in faults[:_MAX_FAULTS]]
    more = f"; and {len(faults) - _MAX_FAULTS} more" if len(faults) > _MAX_FAULTS else ""
    return "; ".join(parts) + more
