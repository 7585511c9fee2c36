"""Every error code of the wire: its HTTP status, its meaning, and what the device should do.

The table has two families. Errors of a whole request are sent as RFC 9457 problem details. Errors of one
submission or field (status 0) are sent inside a push result, beside the results of the other submissions.
"""

from enum import Enum
from typing import Any, NamedTuple, NotRequired, Self, TypedDict

from sync_protocol.readable import readable
from sync_protocol.sentence import Sentence, coded, restored


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
    USE_DPOP_NONCE = ErrorInfo(
        400, "The proof needs the server's nonce", "Make a new proof with DPoP-Nonce, and send it once more."
    )
    INVALID_DPOP_PROOF = ErrorInfo(
        400,
        "The proof of possession is not valid",
        "See `detail`; keep tokens and outbox, and try again later.",
    )
    DEVICE_REVOKED = ErrorInfo(
        401,
        "This device has been revoked",
        "Delete replica and tokens now, then confirm it at /v1/wiped.",
    )
    ENROLMENT_CODE_INVALID = ErrorInfo(
        400, "The enrolment code is unknown, used or expired", "Ask the office for a new code."
    )
    WIPE_ORDER_INVALID = ErrorInfo(
        400, "This server did not give the order to wipe", "Forget the order; it needs no confirmation."
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
    QUOTA_EXCEEDED = ErrorInfo(
        429,
        "The rep has sent as much as a day allows",
        "Keep documents and receipts; send them again after Retry-After seconds. Continue to pull.",
    )
    INTERNAL = ErrorInfo(
        500, "The server failed", "Try again later with backoff; nothing acknowledged is lost."
    )
    SERVER_BUSY = ErrorInfo(
        503,
        "The server is busy with requests that cannot wait",
        "Wait for Retry-After seconds; a push is still accepted.",
    )
    UNAVAILABLE = ErrorInfo(503, "The server cannot answer now", "Wait for Retry-After seconds.")
    # HTTP itself: the web server says these, before the app sees the request
    REQUEST_MALFORMED = ErrorInfo(
        400, "The request is not valid HTTP", "This is a bug in the app or in a proxy."
    )
    REQUEST_TIMEOUT = ErrorInfo(408, "The request did not arrive in time", "Send it again.")
    URI_TOO_LONG = ErrorInfo(414, "The address is too long", "Send the cursor to POST /v1/sync.")
    HEADERS_TOO_LARGE = ErrorInfo(431, "The headers are too large", "This is a bug in the app or in a proxy.")
    TRANSFER_CODING_UNSUPPORTED = ErrorInfo(
        501, "The transfer coding is not supported", "This is a bug in the app or in a proxy."
    )
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
        401, "The office token is missing, unknown or revoked", "Ask for one: `satchel office token NAME`."
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
    LINK_DOUBTFUL = ErrorInfo(
        409, "The ERP document may be another one", "Compare both; if it is right, use `force` with the reason."
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
    RECEIPT_REFUSED = ErrorInfo(
        0, "The receipt cannot be used", "Let the rep photograph the receipt again and send a corrected copy."
    )
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
    TOO_MANY_VERSIONS = ErrorInfo(
        0, "The document has been edited too often", "Let the rep withdraw it and capture it again."
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
    CUSTOMER_CLOSED = ErrorInfo(0, "The customer is closed", "Let the rep choose another customer.")
    CUSTOMER_BLOCKED = ErrorInfo(
        0, "The customer is blocked for orders or deliveries", "Tell the rep; the document is accepted."
    )
    PRICE_NOT_VALID = ErrorInfo(
        0, "The price list is not valid on the order date", "Tell the rep; the document is accepted."
    )
    PRICE_ZERO = ErrorInfo(0, "A price is 0", "Tell the rep; the document is accepted.")
    PRICE_BELOW_LIMIT = ErrorInfo(
        0, "A price is below what the rep may grant", "Tell the rep; the office decides about the document."
    )
    PRICE_ABOVE_LIST = ErrorInfo(
        0, "A price is above the list price", "Tell the rep; the office decides about the document."
    )
    PRICE_NOT_LISTED = ErrorInfo(
        0, "There is no list price to compare with", "Tell the rep; the office decides about the document."
    )
    CREDIT_LIMIT = ErrorInfo(
        0, "The customer exceeds the credit limit", "Tell the rep; the document is accepted."
    )

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


WEB_SERVER_CODES = frozenset(
    {
        ErrorCode.REQUEST_MALFORMED,
        ErrorCode.REQUEST_TIMEOUT,
        ErrorCode.URI_TOO_LONG,
        ErrorCode.HEADERS_TOO_LARGE,
        ErrorCode.TRANSFER_CODING_UNSUPPORTED,
    }
)
"""Codes of requests that no route sees, because the web server refuses them; no route describes them."""


class FaultJson(TypedDict):
    """A fault on the wire (`FaultSchema`)."""

    code: str
    field: str
    message: str
    reason: NotRequired[str]
    """The code of the message's template; absent if it has none."""
    parameters: NotRequired[dict[str, Any]]
    """The parameters of the template; with `reason` only."""


class Fault(NamedTuple):
    """What is wrong with one field. *field* is its path, such as `lines[2].quantity`.

    The message is a `Sentence` if it has a template.
    """

    code: ErrorCode
    field: str
    message: str

    def as_wire(self) -> FaultJson:
        """Return the fault as in `errors` of a problem or push result."""
        wire: FaultJson = {
            "code": self.code.code,
            "field": readable(self.field, 300),
            "message": str(readable(self.message, 1000)),
        }
        if isinstance(self.message, Sentence):
            template = coded(self.message.mapped(lambda text: readable(text, 1000)))
            if template is not None:
                wire["reason"], wire["parameters"] = template["code"], template["parameters"]
        return wire

    @classmethod
    def from_wire(cls, wire: FaultJson) -> Self:
        """Return the fault that `as_wire` wrote."""
        template = {"code": wire["reason"], "parameters": wire["parameters"]} if "reason" in wire else None
        return cls(ErrorCode[wire["code"].upper()], wire["field"], restored(wire["message"], template))
