"""A fault as a rep reads it: the place in the document in words, and the message.

On the wire a fault has the path of its field, for programs. The message about the envelope or about the whole
document is a complete sentence.
"""

import re
from collections.abc import Iterable

from sync_protocol.sentence import sentence, several

_WITHOUT_PLACE = frozenset({"", "id", "kind", "supersedes", "submission_id", "needs", "sha256", "depends_on"})


def fault_sentence(field: str, message: str) -> str:
    """Return the fault in *field*, such as `lines[0].product_id`, as in "line 1, product: is not for sale"."""
    if field in _WITHOUT_PLACE:
        return message
    return sentence("at_place", field=field, sentence=message)


def fault_sentences(faults: Iterable[tuple[str, str]]) -> str:
    """Return (field, message) of several faults as one text."""
    return several(fault_sentence(field, message) for field, message in faults)


def warning_sentence(field: str, message: str) -> str:
    """Return a warning, whose *message* is a sentence that names its subject, with the number of its line."""
    line = re.match(r"lines\[(\d+)\]", field)
    return f"line {int(line[1]) + 1}: {message}" if line else message
