"""What a rep reads about an answer of the ERP, and what the office reads instead.

A rep's sentence is about the rep's document and what the rep can do. Who must act decides whose words it has:

- Nobody or IT must act: a fixed sentence. The message is about the connection and goes to the office.
- The rep or the office must act: the connector's sentence, unless it has technical terms.

The message itself is never lost: `office_text` is stored as the ERP's words, which only the office reads.
"""

import re

from backend.delivery.park_reasons import DUPLICATE_IN_ERP, NO_ANSWER, PARK_REASONS
from backend.delivery.technical_terms import has_technical_terms
from backend.erp.errors import ErpError, ErrorClass
from backend.inbox.state_change import MAX_REASON
from sync_protocol.errors import ErrorCode, Fault, FaultJson
from sync_protocol.readable import readable
from sync_protocol.sentence import Sentence, sentence

STOPPED = sentence("sending_stopped")
REFUSED = sentence("refused")
OFFICE_KNOWS = sentence("refused_office_knows")

_FIXED = {
    ErrorClass.TRANSIENT: sentence("erp_unavailable"),
    ErrorClass.UNKNOWN: NO_ANSWER,
    ErrorClass.DUPLICATE_OK: sentence("erp_has_it"),
    ErrorClass.CONFIG: STOPPED,
    ErrorClass.DUPLICATE_BAD: DUPLICATE_IN_ERP,
    ErrorClass.REJECT_OFFICE: sentence("refused_office_decides"),
    ErrorClass.REJECT_REP: sentence("refused_ask_office"),
}
_OWN_WORDS = frozenset({"rep", "office", "erp"})
_FIELD = re.compile(r"[a-z_]{1,40}(\[\d{1,6}\])?(\.[a-z_]{1,40}(\[\d{1,6}\])?){0,3}")


def rep_sentence(error_class: ErrorClass, message: str) -> str:
    """Return what the rep reads about an error of *error_class* with the connector's *message*."""
    by_class = error_class is ErrorClass.DUPLICATE_BAD or PARK_REASONS[error_class].owner not in _OWN_WORDS
    return _FIXED[error_class] if by_class else plain(message, _FIXED[error_class])


def plain(message: str, otherwise: str) -> str:
    """Return *message* as one readable sentence; *otherwise* if it is empty or has technical terms."""
    if not readable(message, MAX_REASON).strip() or has_technical_terms(message):
        return otherwise
    return message if isinstance(message, Sentence) else readable(message, MAX_REASON)


def rep_fault(fault: FaultJson) -> FaultJson:
    """Return *fault* of a connector with a field of the document and a message that a rep can read."""
    field = str(fault.get("field") or "")
    message = plain(str(fault.get("message") or ""), OFFICE_KNOWS)
    return Fault(ErrorCode[fault["code"].upper()], field if _FIELD.fullmatch(field) else "", message).as_wire()


def office_text(error: ErpError, sentence: str) -> str:
    """Return the ERP's own words for the office, after the connector's message unless *sentence* has it."""
    return error.raw if error.message in sentence else with_message(error.raw, error.message)


def with_message(raw: str | None, message: str | None) -> str:
    """Return *message*, followed by *raw* unless it repeats it."""
    parts = [part for part in (message, raw) if part]
    return parts[0] if len(parts) == 2 and parts[1] in parts[0] else "\n".join(parts)
