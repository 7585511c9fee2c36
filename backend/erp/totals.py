"""The ERP's total of a document beside the total that the rep was shown.

A difference is never accepted without a word: `total_note` is what the rep and the office read.
"""

from decimal import Decimal

from sync_protocol.catalogue import KINDS
from sync_protocol.currency import decimals_in, decimals_of
from sync_protocol.json_types import Body
from sync_protocol.sentence import Sentence, sentence


def total_note(kind: str, body: Body, total: Decimal | None) -> Sentence | None:
    """Return a sentence if *total*, the ERP's, differs from that of *body*, a document of *kind*; else None.

    None, too, if the ERP's total is not known, or the kind has no total.
    """
    declared = KINDS.get(kind)
    if total is None or declared is None or declared.total is None:
        return None
    shown = declared.total.of(body)
    if shown == total:
        return None
    code = str(body["currency"])
    in_erp, in_document = _text(total, code), _text(shown, code)
    return sentence("total_differs", in_erp=in_erp, shown=in_document, currency=code)


def is_rounding(kind: str, body: Body, total: Decimal) -> bool:
    """Say whether *total* differs from that of *body* by no more than an ERP's rounding."""
    declared = KINDS.get(kind)
    return declared is None or declared.total is None or declared.total.equals(body, total)


def _text(amount: Decimal, code: str) -> str:
    return f"{amount:.{max(decimals_of(code), decimals_in(amount))}f}"
