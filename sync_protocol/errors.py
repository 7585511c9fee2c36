"""Every error code of the wire: its HTTP status, what it means, and what the device should do.

Two families share the table. Envelope errors answer a whole request as RFC 9457 problem details.
Submission errors (status 0) stand inside a push result, beside the results of the neighbours.
"""

from enum import Enum
from typing import NamedTuple


class Meaning(NamedTuple):
    """One row of the public table."""

    status: int
    title: str
    action: str
    """What the device should do."""


class ErrorCode(Enum):
    """A stable code; its value is the row of the table."""

    # The lock
    TOKEN_MISSING = Meaning(401, "No access token was sent", "Send Authorization: Bearer <token>.")
    TOKEN_INVALID = Meaning(401, "The access token is not valid", "Refresh it at /v1/token; keep the outbox.")
    TOKEN_EXPIRED = Meaning(401, "The access token has expired", "Refresh it at /v1/token; keep the outbox.")
    REFRESH_INVALID = Meaning(401, "The refresh token is not valid", "Enrol again; keep the outbox.")
    DEVICE_REVOKED = Meaning(
        401, "This device has been revoked", "Delete the replica and the tokens now; the answer says `wipe`."
    )
    ENROLMENT_CODE_INVALID = Meaning(
        400, "The enrolment code is unknown, used or expired", "Ask the office for a new code."
    )
    # The envelope
    NOT_JSON = Meaning(400, "The body is not JSON", "This is a fault of the app; report it.")
    ENVELOPE_INVALID = Meaning(422, "The request is malformed", "See `errors`; this is a fault of the app.")
    BODY_TOO_LARGE = Meaning(413, "The body is too large", "Send fewer submissions; see /v1/limits.")
    ENCODING_UNSUPPORTED = Meaning(
        415, "The content coding or type is not supported", "Send JSON, plain or gzip."
    )
    BODY_DAMAGED = Meaning(400, "The body was damaged on the way", "Send it again.")
    NOT_FOUND = Meaning(404, "There is nothing at this address", "Check the address.")
    METHOD_NOT_ALLOWED = Meaning(405, "This address does not take that method", "See /v1/openapi.json.")
    RATE_LIMITED = Meaning(429, "Too many requests", "Wait for Retry-After seconds.")
    INTERNAL = Meaning(500, "The server failed", "Try again later with backoff; nothing acknowledged is lost.")
    UNAVAILABLE = Meaning(503, "The server cannot answer now", "Wait for Retry-After seconds.")
    # Pull
    CURSOR_INVALID = Meaning(400, "The cursor is not one of ours", "Pull again without a cursor.")
    NOT_YET = Meaning(
        503, "This server is behind what you have seen", "Wait for Retry-After seconds and ask again."
    )
    # Verify
    EPOCH_CHANGED = Meaning(
        409, "The server has begun another history", "Pull; the page tells what becomes of the replica."
    )
    # Segments
    SEGMENT_GONE = Meaning(410, "The segment's file is gone", "Pull again with the cursor you hold.")
    RANGE_BEYOND_END = Meaning(416, "The range begins beyond the end", "See Content-Range for the size.")
    LINK_INVALID = Meaning(
        404, "The link has expired or is not ours", "Pull again; the page's offers have new links."
    )
    # Receipts
    OFFSET_MISMATCH = Meaning(409, "The upload stands at another offset", "Ask HEAD for the offset and go on.")
    DIGEST_MISMATCH = Meaning(
        460, "The bytes are not those the sha256 names", "Send them again from the start."
    )
    RECEIPT_TYPE = Meaning(415, "A receipt is a JPEG, PNG, HEIC, WebP or PDF", "Choose another file.")
    PRECONDITION = Meaning(412, "The Tus-Resumable version is not supported", "Speak tus 1.0.0.")
    # The back office
    OFFICE_TOKEN_INVALID = Meaning(
        401, "The office token is missing, unknown or revoked", "Ask for one: `satchel office add NAME`."
    )
    ROLE_MISSING = Meaning(403, "Your role may not do this", "Ask somebody whose role may.")
    NOT_PARKED = Meaning(409, "The document does not wait for the office", "Look at it again.")
    TAKEN_BY_ANOTHER = Meaning(
        409, "Somebody else is working on the document", "Speak with them, or act with `force`."
    )
    MAY_BE_IN_ERP = Meaning(
        409, "The ERP has the document or may have it", "Link it, or remove it there and try again."
    )
    LINKED_ELSEWHERE = Meaning(
        409, "The ERP's document belongs to another one of ours", "Look at both; link the right one."
    )
    NOT_IN_ERP = Meaning(422, "The ERP has no document under this number", "Check the number.")
    NOT_FOR_THIS = Meaning(422, "This cannot be done with such a document", "See `detail` for what can.")
    BODY_REFUSED = Meaning(422, "The corrected document has faults", "See `errors`; correct it and send again.")
    ERP_UNAVAILABLE = Meaning(503, "The ERP must be asked first and does not answer", "Try again later.")

    # Inside a push result
    NOT_A_SUBMISSION = Meaning(0, "This is not a submission", "This is a fault of the app; keep the document.")
    FIELD_INVALID = Meaning(0, "A field is wrong", "Let the rep correct the field and capture it again.")
    FIELD_MISSING = Meaning(0, "A field is missing", "Let the rep fill it in and capture it again.")
    UNKNOWN_RECORD = Meaning(
        0, "It names a record that this rep does not have", "Let the rep choose another one."
    )
    UNKNOWN_KIND = Meaning(
        0, "This server does not know the kind", "Keep it; the office has a copy and will look at it."
    )
    WRONG_UNIT = Meaning(0, "The product is not sold in this unit", "Let the rep choose another unit.")
    NOT_FOR_SALE = Meaning(0, "The product is not for sale", "Let the rep choose another product.")
    OUT_OF_RANGE = Meaning(0, "A value is out of range", "Let the rep correct the value.")
    RECEIPT_REQUIRED = Meaning(0, "The line needs a receipt", "Let the rep photograph the receipt.")
    OVER_LIMIT = Meaning(0, "The amount is over the policy limit", "Let the rep give a justification.")
    NOT_CANONICAL = Meaning(
        0, "The document cannot be written canonically", "Write decimals as text; this is a fault of the app."
    )
    BODY_MISMATCH = Meaning(
        0, "The sha256 is not that of the body", "This is a fault of the app; keep the document."
    )
    ID_REUSED = Meaning(
        0, "This id already names another document", "Keep both; the office has both and will look at them."
    )
    TOO_LATE = Meaning(0, "The document it replaces is already on its way", "Ask the office to change it.")
    NOT_IN_FORCE = Meaning(
        0,
        "The document is not in the ERP",
        "If it is not sent yet, withdraw it or send an edited copy.",
    )
    DELIVERY_BEGUN = Meaning(0, "Its delivery has begun", "Speak with the office: it may have to come back.")
    SUBMISSION_TOO_LARGE = Meaning(0, "The document is too large", "Split it.")

    @property
    def code(self) -> str:
        """The code as it travels: `cursor_invalid`."""
        return self.name.lower()

    @property
    def status(self) -> int:
        return self.value.status

    @property
    def title(self) -> str:
        return self.value.title

    @property
    def action(self) -> str:
        return self.value.action


class Fault(NamedTuple):
    """What is wrong with one field; `field` is a path such as `lines[2].quantity`."""

    code: ErrorCode
    field: str
    message: str

    def as_wire(self) -> dict[str, str]:
        """Return the fault as it stands in `errors`."""
        return {"code": self.code.code, "field": self.field, "message": self.message}
