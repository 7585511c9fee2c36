"""Why a document waits for a person: each class, who must act, and what to do.

The classes are the seven of `backend.erp.errors` and those that arise without the ERP. The ERP's message and
the sentence for the rep are stored with the document. A connector that knows better advice gives it as the
`advice` of its `ErpError`.
"""

from dataclasses import dataclass

from backend.erp.errors import ErrorClass
from backend.inbox.cause import UNSPECIFIED
from backend.inbox.models import Submission
from backend.inbox.state_change import NUMBER_CONFLICT, ORIGINAL_MISSING, PHONE_MISSING, UNLINKED
from sync_protocol.catalogue import KINDS
from sync_protocol.collection import OFFICE
from sync_protocol.sentence import sentence

POISON = "poison"
UNKNOWN_KIND = "unknown_kind"
CHANGE_REQUEST = "change_request"
APPROVAL = "approval"

# Sentences that more than one place gives as the reason.
NO_ANSWER = sentence("no_answer")
DUPLICATE_IN_ERP = sentence("duplicate_in_erp")
MISSING_IN_ERP = sentence("missing_in_erp")


@dataclass(frozen=True)
class ParkReason:
    """One row of the table. *owner* is rep, office, it or erp; None: nobody needs to act."""

    owner: str | None
    meaning: str
    advice: str


PARK_REASONS: dict[str, ParkReason] = {
    ErrorClass.TRANSIENT.value: ParkReason(
        None,
        "The ERP cannot accept it now.",
        "Nothing: it is sent again automatically. If this lasts, find out why the ERP is down or closed.",
    ),
    ErrorClass.UNKNOWN.value: ParkReason(
        None,
        "It was sent, and it is not known whether it was executed.",
        "Nothing: the ERP is asked automatically. If this lasts, check whether the ERP answers.",
    ),
    ErrorClass.REJECT_REP.value: ParkReason(
        "rep",
        "The rep can correct it.",
        "The rep edits a copy, which replaces it.",
    ),
    ErrorClass.REJECT_OFFICE.value: ParkReason(
        "office",
        "The ERP refuses it for a reason that the rep cannot correct.",
        "Correct in the ERP what it complains about and retry; or fix the document, return it, or cancel it.",
    ),
    ErrorClass.CONFIG.value: ParkReason(
        "it",
        "The settings, access rights or mapping of the connection do not fit this document.",
        "Correct the connection as the ERP's message says (see `satchel doctor`), then retry.",
    ),
    ErrorClass.DUPLICATE_OK.value: ParkReason(
        None,
        "The ERP says that it has the document already.",
        "Nothing: it is looked up in the ERP and accepted.",
    ),
    ErrorClass.DUPLICATE_BAD.value: ParkReason(
        "office",
        "The ERP has the document more than once.",
        "Keep one of them in the ERP, delete the others there, and retry; or link it to the one you keep.",
    ),
    NUMBER_CONFLICT: ParkReason(
        "office",
        "The ERP has answered two documents with one number.",
        "Look up the number in the ERP. If this document is there under another number, link it to that one; "
        "if the number is this document's, unlink the other document with `force` and the reason, and link "
        "this one; if it is not there, retry; if it is not needed, cancel it with `force` and the reason.",
    ),
    UNLINKED: ParkReason(
        "office",
        "The office has taken the ERP's number from it, because that is the number of another document.",
        "Link it to the right number; or retry, fix, return or cancel it.",
    ),
    POISON: ParkReason(
        "office",
        "Every attempt to send it was interrupted before the ERP replied.",
        "Look for it in the ERP. If it is there, link it; if not, read the workers' logs and retry.",
    ),
    UNKNOWN_KIND: ParkReason(
        "office",
        "The app is newer than this server, which does not know this kind of document.",
        "Upgrade the server and retry; or enter it in the ERP by hand, then cancel it here with the ERP number "
        "as the reason.",
    ),
    CHANGE_REQUEST: ParkReason(
        "office",
        "A rep asks for a change to a document that the ERP has.",
        "Make the change in the ERP and mark the request done; or return it with the reason.",
    ),
    APPROVAL: ParkReason(
        "office",
        "Its prices are not those that its rep may grant.",
        "Approve it, and the ERP gets it as it is; or fix it, or return it with the reason.",
    ),
    ORIGINAL_MISSING: ParkReason(
        "office",
        "It replaces or withdraws a document that the server has lost and no phone has sent again.",
        "Look in the ERP for the document that its reason names. If it is there, cancel this one; if not, "
        "retry this one, or cancel it if it is a withdrawal.",
    ),
    PHONE_MISSING: ParkReason(
        "office",
        "The server has lost data, and a phone that may have replaced or withdrawn it has not synced since.",
        "Let the rep sync that phone: the document then continues automatically. "
        "If the phone is lost, revoke it; or ask the rep, and retry to send the document, or cancel it.",
    ),
    UNSPECIFIED: ParkReason(
        "office",
        "It waits for a person.",
        "Read its reason; `satchel timeline` shows every step.",
    ),
}
"""By the class in `Submission.error_class`; `class_of` gives one to a document that has none."""


def class_of(submission: Submission) -> str:
    """Return the class of *submission*, a key of `PARK_REASONS`."""
    if submission.error_class in PARK_REASONS:
        return str(submission.error_class)
    error_class = class_on_arrival(submission.kind)
    if error_class != APPROVAL:
        return error_class
    codes = {rule.code.code for rule in KINDS[submission.kind].approval_rules}
    return APPROVAL if any(warning["code"] in codes for warning in submission.warnings or ()) else UNSPECIFIED


def class_on_arrival(kind: str) -> str:
    """Return the class with which a document of *kind* is parked when it arrives, if it is."""
    declared = KINDS.get(kind)
    if declared is None:
        return UNKNOWN_KIND
    if declared.destination == OFFICE:
        return CHANGE_REQUEST
    return APPROVAL if declared.approval_rules else UNSPECIFIED


def owner_of(submission: Submission) -> str:
    """Return who must act on *submission*, which waits for a person: rep, office, it or erp."""
    return submission.owner or PARK_REASONS[class_of(submission)].owner or "office"


def advice_for(submission: Submission) -> str:
    """Return a sentence that says what to do about *submission*."""
    return submission.advice or PARK_REASONS[class_of(submission)].advice
