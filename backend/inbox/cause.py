"""Cause: a key that parked documents share if one repair should settle them all.

It is the class of the problem and a digest of the ERP's own words, without what differs from document to
document: ids, amounts, times and places in a list. Codes stay, because they name what must be repaired: an
order that fails for the unit KT has another cause than one that fails for the unit PAL.
"""

import hashlib
import re
from collections.abc import Iterable

from sync_protocol.errors import FaultJson

UNSPECIFIED = "unspecified"
"""The class of a document for which none was given."""
_DIGITS = 10
"""Hexadecimal digits of the digest. Two causes of one class that share it would only be listed as one."""

_VARIABLE = re.compile(
    r"""
    \b[0-9A-HJKMNP-TV-Z]{26}\b                                    # ULID
    | \b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b              # UUID
    | \b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?
    | \b\d+(?:[.,]\d+)+\b                                          # an amount or a quantity
    | \[\d+\]                                                      # a place in a list
    """,
    re.VERBOSE,
)


def cause_of(error_class: str, words: str | None, errors: Iterable[FaultJson] = ()) -> str:
    """Return the cause of a document that is parked with *error_class*.

    Args:
        words: what the ERP said, or None.
        errors: the faults of its fields.
    """
    told = [words or "", *sorted({f"{fault['code']} {fault['field']}" for fault in errors})]
    if not any(told):
        return error_class
    common = "\n".join(_VARIABLE.sub("…", text).strip() for text in told)
    return f"{error_class}-{hashlib.sha256(common.encode()).hexdigest()[:_DIGITS]}"


def class_in(cause: str) -> str:
    """Return the class that *cause* begins with."""
    return cause.partition("-")[0]
