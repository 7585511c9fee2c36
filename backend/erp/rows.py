"""Rows of the ERP as they were read. Quarantine keeps a row if it gives no valid record."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from backend.erp.sanitize import Sanitized, shown
from sync_protocol.errors import Fault

LONGEST_RAW = 4_000
"""Characters of a raw row that are stored."""
_MAX_FAULTS = 5


@dataclass(frozen=True)
class BadRow(Sanitized):
    """A row that gives no valid record, with the reason as a sentence and the row as text."""

    external_id: str
    error: str
    raw: str


class SourceRow(Protocol):
    """The row (or rows) of the ERP from which one record was made."""

    def reject(self, faults: Sequence[Fault]) -> BadRow:
        """Return the row as a bad row, because its record has *faults* (at least one).

        The error can name the place in the ERP's own terms, such as a column of a file. The method is called
        after the page was read, perhaps when the connector reads something else, and must not call the ERP.
        """


@dataclass(frozen=True, slots=True)
class RawRow:
    """The usual `SourceRow`: the row's id and *raw*, any value that can be shown as JSON."""

    external_id: str
    raw: Any

    def reject(self, faults: Sequence[Fault]) -> BadRow:
        """Return the row as a bad row whose error lists the first five faults."""
        return self.bad(fault_summary(faults))

    def bad(self, error: str) -> BadRow:
        """Return the row as a bad row with the reason *error*."""
        return BadRow(self.external_id, error, _as_text(self.raw)[:LONGEST_RAW])


def _as_text(raw: Any) -> str:
    """Return *raw* as JSON, or shortened if it has none: nested too deeply, or a number of too many digits."""
    try:
        return json.dumps(raw, default=str, ensure_ascii=False)
    except Exception:
        # Whatever it is: the row must reach the quarantine.
        return shown(raw, LONGEST_RAW)


def fault_summary(faults: Sequence[Fault]) -> str:
    """Return *faults* in one sentence: the first five, and how many more there are."""
    parts = [f"{fault.field} {fault.message}".strip() for fault in faults[:_MAX_FAULTS]]
    more = f"; and {len(faults) - _MAX_FAULTS} more" if len(faults) > _MAX_FAULTS else ""
    return "; ".join(parts) + more
