"""Why a document waits for somebody: every class there is, with whose it is and what to do about it.

The seven classes of an ERP's errors (`backend.erp.errors`), and those that come about without it. What the
ERP said and the sentence for the rep belong to the document; a connector that knows better than this table
what to do says so in `ErpError.fix`.
"""

from dataclasses import dataclass

from backend.erp.errors import ErrorClass
from backend.inbox.models import Submission
from sync_protocol.catalogue import KINDS
from sync_protocol.collection import OFFICE

POISON = "poison"
UNKNOWN_KIND = "unknown_kind"
CHANGE_REQUEST = "change_request"
UNSPECIFIED = "unclear"


@dataclass(frozen=True)
class ParkReason:
    """One row of the table. *owner* is rep, office, it or erp; None: it goes on by itself."""

    owner: str | None
    meaning: str
    advice: str


PARK_REASONS: dict[str, ParkReason] = {
    ErrorClass.TRANSIENT.value: ParkReason(
        None,
        "The ERP cannot take it now.",
        "Nothing: it is tried again by itself. If it lasts, look why the ERP is down or closed.",
    ),
    ErrorClass.UNKNOWN.value: ParkReason(
        None,
        "It was sent, and it is not known whether it was executed.",
        "Nothing: the ERP is asked by itself. If it lasts, look whether the ERP answers.",
    ),
    ErrorClass.REJECT_REP.value: ParkReason(
        "rep",
        "The rep can mend it.",
        "The rep edits a copy, which takes its place.",
    ),
    ErrorClass.REJECT_OFFICE.value: ParkReason(
        "office",
        "The ERP refuses it for a reason that the rep cannot mend.",
        "Put right in the ERP what it complains about and retry; or fix it, send it back, or cancel it.",
    ),
    ErrorClass.CONFIG.value: ParkReason(
        "it",
        "Settings, rights or the mapping of the connection do not fit this document.",
        "Put the connection right as the ERP's words say (`satchel doctor`), then retry.",
    ),
    ErrorClass.DUPLICATE_OK.value: ParkReason(
        None,
        "The ERP says that it has the document already.",
        "Nothing: it is looked up and taken.",
    ),
    ErrorClass.DUPLICATE_BAD.value: ParkReason(
        "office",
        "The ERP has the document more than once, or two documents are mixed up.",
        "Keep one of them in the ERP, delete the others there, and retry; or link it to the one that stays.",
    ),
    POISON: ParkReason(
        "office",
        "Its sending broke off again and again without an answer.",
        "Look for it in the ERP. If it is there, link it; if not, read the workers' logs and retry.",
    ),
    UNKNOWN_KIND: ParkReason(
        "office",
        "The app is newer than this server, which does not know the kind of document.",
        "Have the server upgraded and retry; or enter it in the ERP by hand and cancel it with the number.",
    ),
    CHANGE_REQUEST: ParkReason(
        "office",
        "A rep asks for a change of a document that the ERP has.",
        "Make the change in the ERP and mark the request done; or send it back with the reason.",
    ),
    UNSPECIFIED: ParkReason(
        "office",
        "It waits for somebody.",
        "Read what is said about it; `satchel timeline` has every step.",
    ),
}
"""By the class in `Submission.error_class`; what has none is found by `class_of`."""


def class_of(submission: Submission) -> str:
    """Return the class of *submission*, a key of `PARK_REASONS`."""
    if submission.error_class in PARK_REASONS:
        return str(submission.error_class)
    kind = KINDS.get(submission.kind)
    if kind is None:
        return UNKNOWN_KIND
    return CHANGE_REQUEST if kind.destination == OFFICE else UNSPECIFIED


def owner_of(submission: Submission) -> str:
    """Return who must act on *submission*, which waits for somebody: rep, office, it or erp."""
    return submission.owner or PARK_REASONS[class_of(submission)].owner or "office"


def advice_for(submission: Submission) -> str:
    """Return what to do about *submission*, in a sentence."""
    return submission.advice or PARK_REASONS[class_of(submission)].advice
