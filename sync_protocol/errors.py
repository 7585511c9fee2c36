"""Every error code of the wire: its HTTP status, its meaning, and what the device should do.

The table has two families. Errors of a whole request are sent as RFC 9457 problem details. Errors of one
submission or field (status 0) are sent inside a push result, beside the results of the other submissions.
"""

from enum import Enum
from typing import NamedTuple


class ErrorInfo(NamedTuple):
    """One row of the public table."""

    status: int
    title: str
    action: str
    """What the device should do."""


class ErrorCode(Enum):
    """A stable code; its value is the row of the table."""

    # Authentication
    TOKEN_MISSING = ErrorInfo(401, "No access token was sent", "Send Authorization: Bearer <token>.")
    TOKEN_INVALID = ErrorInfo(401, "The access token is not valid", "Refresh it at /v1/token; keep the outbox.")
    TOKEN_EXPIRED = ErrorInfo(401, "The access token has expired", "Refresh it at /v1/token; keep the outbox.")
    REFRESH_INVALID = ErrorInfo(401, "The refresh token is not valid", "Enrol again; keep the outbox.")
    DEVICE_REVOKED = ErrorInfo(
        401, "This device has been revoked", "Delete the replica and the tokens now; the problem has `wipe`."
    )
    ENROLMENT_CODE_INVALID = ErrorInfo(
        400, "The enrolment code is unknown, used or expired", "Ask the office for a new code."
    )
    # Any request
    NOT_JSON = ErrorInfo(400, "The body is not JSON", "This is a bug in the app; report it.")
    ENVELOPE_INVALID = ErrorInfo(422, "The request is malformed", "See `errors`; this is a bug in the app.")
    BODY_TOO_LARGE = ErrorInfo(413, "The body is too large", "Send fewer submissions; see /v1/limits.")
    ENCODING_UNSUPPORTED = ErrorInfo(
        415, "The content coding or type is not supported", "Send JSON, uncompressed or as gzip."
    )
    BODY_DAMAGED = ErrorInfo(400, "The body was damaged in transit", "Send it again.")
    NOT_FOUND = ErrorInfo(404, "There is nothing at this address", "Check the address.")
    METHOD_NOT_ALLOWED = ErrorInfo(405, "This address does not support the method", "See /v1/openapi.json.")
    RATE_LIMITED = ErrorInfo(429, "Too many requests", "Wait for Retry-After seconds.")
    INTERNAL = ErrorInfo(
        500, "The server failed", "Try again later with backoff; nothing acknowledged is lost."
    )
    UNAVAILABLE = ErrorInfo(503, "The server cannot answer now", "Wait for Retry-After seconds.")
    # Pull
    CURSOR_INVALID = ErrorInfo(400, "The cursor was not issued by this server", "Pull again without a cursor.")
    NOT_YET = ErrorInfo(
        503, "This server is behind what the device has seen", "Wait for Retry-After seconds and ask again."
    )
    # Verify
    EPOCH_CHANGED = ErrorInfo(
        409,
        "The server started a new epoch after the cursor was issued",
        "Pull; the page says what to do with the replica.",
    )
    # Segments
    SEGMENT_GONE = ErrorInfo(410, "The segment's file is gone", "Pull again with the current cursor.")
    RANGE_BEYOND_END = ErrorInfo(416, "The range begins beyond the end", "See Content-Range for the size.")
    LINK_INVALID = ErrorInfo(404, "The link has expired or is not valid", "Pull again; the page has new links.")
    # Receipts
    OFFSET_MISMATCH = ErrorInfo(
        409,
        "Upload-Offset is not the number of bytes that the server has",
        "Ask for the offset with HEAD and continue there.",
    )
    DIGEST_MISMATCH = ErrorInfo(460, "The bytes do not match the sha256", "Send them again from the start.")
    RECEIPT_TYPE = ErrorInfo(415, "A receipt must be a JPEG, PNG, HEIC, WebP or PDF", "Choose another file.")
    PRECONDITION = ErrorInfo(412, "The Tus-Resumable version is not supported", "Use tus 1.0.0.")
    # The back office
    OFFICE_TOKEN_INVALID = ErrorInfo(
        401, "The office token is missing, unknown or revoked", "Ask for one: `satchel office add NAME`."
    )
    ROLE_MISSING = ErrorInfo(403, "Your role does not allow this", "Ask somebody whose role allows it.")
    NOT_PARKED = ErrorInfo(409, "The document is not parked", "Read it again.")
    RESERVED_BY_ANOTHER = ErrorInfo(409, "Somebody else has reserved the document", "Ask them, or use `force`.")
    MAY_BE_IN_ERP = ErrorInfo(
        409, "The ERP has the document, or may have it", "Link it, or delete it in the ERP and try again."
    )
    LINKED_ELSEWHERE = ErrorInfo(
        409, "The ERP document is linked to another document", "Compare both, and link the right one."
    )
    NOT_IN_ERP = ErrorInfo(422, "The ERP has no document under this number", "Check the number.")
    NOT_FOR_THIS = ErrorInfo(
        422, "The action is not possible for this document", "See `detail` for what is possible."
    )
    BODY_REFUSED = ErrorInfo(
        422, "The corrected document is not valid", "See `errors`; correct it and send it again."
    )
    ERP_UNAVAILABLE = ErrorInfo(503, "The ERP must be asked first and does not respond", "Try again later.")

    # Inside a push result
    NOT_A_SUBMISSION = ErrorInfo(0, "This is not a submission", "This is a bug in the app; keep the document.")
    FIELD_INVALID = ErrorInfo(0, "A field is wrong", "Let the rep correct the field and capture it again.")
    FIELD_MISSING = ErrorInfo(0, "A field is missing", "Let the rep fill it in and capture it again.")
    UNKNOWN_RECORD = ErrorInfo(
        0, "It refers to a record that this rep does not have", "Let the rep choose another one."
    )
    UNKNOWN_KIND = ErrorInfo(
        0, "This server does not know the kind", "Keep the document; the office has a copy and will handle it."
    )
    WRONG_UNIT = ErrorInfo(0, "The product is not sold in this unit", "Let the rep choose another unit.")
    NOT_FOR_SALE = ErrorInfo(0, "The product is not for sale", "Let the rep choose another product.")
    OUT_OF_RANGE = ErrorInfo(0, "A value is out of range", "Let the rep correct the value.")
    RECEIPT_REQUIRED = ErrorInfo(0, "The line needs a receipt", "Let the rep photograph the receipt.")
    OVER_LIMIT = ErrorInfo(0, "The amount is over the policy limit", "Let the rep give a justification.")
    NOT_CANONICAL = ErrorInfo(
        0, "A value cannot be written as canonical JSON", "Send decimals as text; this is a bug in the app."
    )
    BODY_MISMATCH = ErrorInfo(
        0, "The sha256 does not match the body", "This is a bug in the app; keep the document."
    )
    ID_REUSED = ErrorInfo(
        0, "Another document has this id already", "Keep both; the office has both and will handle them."
    )
    TOO_LATE = ErrorInfo(
        0, "The document that it replaces is already being sent to the ERP", "Ask the office to change it."
    )
    NOT_IN_FORCE = ErrorInfo(
        0,
        "The document is not in the ERP",
        "If it has not been sent yet, withdraw it or send an edited copy.",
    )
    DELIVERY_BEGUN = ErrorInfo(
        0, "Its delivery has started", "Ask the office: the goods may have to come back."
    )
    SUBMISSION_TOO_LARGE = ErrorInfo(0, "The document is too large", "Split it.")

    @property
    def code(self) -> str:
        """The code as it is sent: `cursor_invalid`."""
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
    """What is wrong with one field. *field* is its path, such as `lines[2].quantity`."""

    code: ErrorCode
    field: str
    message: str

    def as_wire(self) -> dict[str, str]:
        """Return the fault as in `errors` of a problem or push result."""
        return {"code": self.code.code, "field": self.field, "message": self.message}
