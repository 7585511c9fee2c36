"""How a person names a document: by its id, by the beginning or the end of the id, or by its ERP number.

The rule for device and server alike. The beginning of a ULID is its time, so the ends of two documents of one
day differ sooner.
"""

import re

_PART = re.compile(r"[0-9A-HJKMNP-TV-Z]{4,26}", re.IGNORECASE)
"""Four characters or more of the alphabet of a ULID (Crockford's base 32)."""


def is_part_of_id(text: str) -> bool:
    """Say whether *text* may be the beginning or the end of an id."""
    return _PART.fullmatch(text) is not None


def refers_to(text: str, id: str, erp_number: str | None) -> bool:
    """Say whether *text* names the document *id*, which the ERP knows as *erp_number*."""
    if text == erp_number:
        return True
    part = text.upper()
    return is_part_of_id(text) and (id.startswith(part) or id.endswith(part))
