"""Faults of refused receipts, each with the field that cites the receipt.

Separate from `receipts`, which knows no documents. A push finds them, and so does a check of a receipt that
arrived after its document.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.sentence import sentence


def receipt_faults(body: Any, refused: Mapping[str, str]) -> list[Fault]:
    """Return a fault for each place in *body* that cites a receipt of *refused* (`sha256:…` → why)."""
    if not refused:
        return []
    cited = [(field, ref) for field, ref in _cited(body) if ref in refused]
    # A receipt may be announced in `needs` alone.
    cited += [("needs", ref) for ref in refused if ref not in {ref for _, ref in cited}]
    return [
        Fault(ErrorCode.RECEIPT_REFUSED, field, sentence("receipt_unusable", why=refused[ref]))
        for field, ref in cited
    ]


def _cited(body: Any) -> Iterator[tuple[str, str]]:
    lines = body.get("lines") if isinstance(body, dict) else None
    for n, line in enumerate(lines if isinstance(lines, list) else ()):
        receipts = line.get("receipts") if isinstance(line, dict) else None
        for m, ref in enumerate(receipts if isinstance(receipts, list) else ()):
            if isinstance(ref, str):
                yield f"lines[{n}].receipts[{m}]", ref
