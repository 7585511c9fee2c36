"""What each door takes and gives, for the OpenAPI document. A test holds it against the doors themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from backend.office.action import Action, ErpQuestion
from backend.office.actions import ACTIONS
from sync_protocol.errors import ErrorCode
from sync_protocol.segment import MEDIA_TYPE as SEGMENT

E = ErrorCode


@dataclass(frozen=True)
class Parameter:
    """A query parameter or header of a request, or a header of a reply."""

    name: str
    place: str
    says: str
    schema: Mapping[str, Any]
    required: bool = False


@dataclass(frozen=True)
class Reply:
    """An answer that is no problem; *schema* names the definition of its JSON body, *binary* another type."""

    says: str
    schema: str | None = None
    headers: tuple[Parameter, ...] = ()
    binary: str | None = None


@dataclass(frozen=True)
class Operation:
    """One door; *request* names the definition of its JSON body, *binary* is the type of one that is none."""

    summary: str
    replies: Mapping[int, Reply]
    problems: tuple[ErrorCode, ...] = ()
    request: str | None = None
    binary: str | None = None
    binary_required: bool = True
    parameters: tuple[Parameter, ...] = field(default=())


TEXT = {"type": "string"}
WHOLE = {"type": "integer", "minimum": 0}
BODY = (E.NOT_JSON, E.ENVELOPE_INVALID, E.BODY_TOO_LARGE, E.ENCODING_UNSUPPORTED, E.BODY_DAMAGED)
ALWAYS = (E.INTERNAL, E.UNAVAILABLE)
OFFICE_LOCK = (E.TOKEN_MISSING, E.OFFICE_TOKEN_INVALID, E.RATE_LIMITED)
LOCK = (E.TOKEN_MISSING, E.TOKEN_INVALID, E.TOKEN_EXPIRED, E.DEVICE_REVOKED)

POLL = Parameter("Satchel-Poll-After", "header", "Seconds after which an idle device should ask again.", WHOLE)
ETAG = Parameter("ETag", "header", "Names the page; send it as If-None-Match with the page's cursor.", TEXT)
TUS = Parameter("Tus-Resumable", "header", "The protocol's version.", {"const": "1.0.0"}, required=True)
OFFSET = Parameter("Upload-Offset", "header", "How many bytes are here.", WHOLE, required=True)
EXPIRES = Parameter("Upload-Expires", "header", "When the upload is given up, as an HTTP date.", TEXT)
LENGTH = Parameter("Upload-Length", "header", "Size of the receipt in bytes.", WHOLE, required=True)
CHECKSUM = Parameter("Upload-Checksum", "header", "`sha1` or `sha256`, a space, its digest in base64.", TEXT)
METADATA = Parameter(
    "Upload-Metadata",
    "header",
    "`sha256 <base64 of 64 hexadecimal digits>`, and `filename <base64>` if you like, separated by a comma.",
    TEXT,
    required=True,
)
LOCATION = Parameter("Location", "header", "Address of the upload.", TEXT, required=True)
IF_NONE_MATCH = Parameter("If-None-Match", "header", "The ETag of the page that gave this cursor.", TEXT)
SEGMENT_TAG = Parameter("ETag", "header", "The segment's name: strong, and for ever.", TEXT, required=True)
SEGMENT_HEADERS = (
    SEGMENT_TAG,
    Parameter("Accept-Ranges", "header", "Ranges may be asked for.", {"const": "bytes"}, required=True),
    Parameter("Cache-Control", "header", "It never changes; whether caches may share it.", TEXT, required=True),
)
CONTENT_RANGE = Parameter("Content-Range", "header", "Which bytes these are, of how many.", TEXT, required=True)
PIECE = "application/offset+octet-stream"


def _office_action(action: Action) -> Operation:
    """Return the operation of an office action; its row says what it needs and how it can be refused."""
    required = [*(["why"] if action.needs_reason else []), *action.arguments]
    fields = f" Required: {', '.join(f'`{name}`' for name in required)}." if required else ""
    answer = "The correction, a new document." if action.replaces_document else "The document as it is now."
    # What is sent is validated first.
    sends = (E.BODY_REFUSED,) if action.wakes_worker else ()
    asks_erp = (E.MAY_BE_IN_ERP, E.ERP_UNAVAILABLE) if action.erp_question else ()
    asks_number = (E.NOT_IN_ERP, E.LINKED_ELSEWHERE) if action.erp_question is ErpQuestion.BY_NUMBER else ()
    return Operation(
        action.summary + fields,
        {200: Reply(answer, "Parked")},
        (
            *BODY,
            E.NOT_FOUND,
            E.ROLE_MISSING,
            E.NOT_PARKED,
            E.RESERVED_BY_ANOTHER,
            E.NOT_FOR_THIS,
            *sends,
            *asks_erp,
            *asks_number,
        ),
        request="OfficeAction",
    )


OPERATIONS: Mapping[str, Operation] = {
    "pull": Operation(
        "What has changed since a cursor.",
        {
            200: Reply("The next page.", "Page", (POLL, ETAG)),
            304: Reply("Nothing has: this cursor, complete.", None, (POLL, ETAG)),
        },
        (E.CURSOR_INVALID, E.NOT_YET, E.ENVELOPE_INVALID),
        parameters=(
            Parameter("cursor", "query", "The cursor of the last page that was applied; none at first.", TEXT),
            Parameter(
                "limit_bytes", "query", "How large the page's rows may be.", {"type": "integer", "minimum": 1}
            ),
            Parameter("schema", "query", "Revision of the catalogue that the app was built for.", WHOLE),
            IF_NONE_MATCH,
        ),
    ),
    "push": Operation(
        "Hand over what was captured; each submission has a result of its own.",
        {200: Reply("Results in the order of the submissions.", "PushReply")},
        BODY,
        request="PushRequest",
    ),
    "sync": Operation(
        "Push and pull in one round trip.",
        {200: Reply("Results, and the page or why there is none.", "SyncReply", (POLL,))},
        BODY,
        request="SyncRequest",
    ),
    "verify": Operation(
        "In which rows the replica differs, one step at a time.",
        {200: Reply("What differs, and what to ask next.", "VerifyReply")},
        (*BODY, E.CURSOR_INVALID, E.EPOCH_CHANGED, E.NOT_YET),
        request="VerifyRequest",
    ),
    "segment": Operation(
        "The bytes of a segment, under a token or by a signed link.",
        {
            200: Reply("All of them.", None, SEGMENT_HEADERS, SEGMENT),
            206: Reply("A range of them.", None, (*SEGMENT_HEADERS, CONTENT_RANGE), SEGMENT),
            304: Reply("You have them.", None, (SEGMENT_TAG,)),
        },
        (E.NOT_FOUND, E.LINK_INVALID, E.SEGMENT_GONE, E.RANGE_BEYOND_END),
        parameters=(
            Parameter("Range", "header", "One range of bytes; several get the whole.", TEXT),
            Parameter("If-Range", "header", "The ETag: the range counts only for these very bytes.", TEXT),
            Parameter("If-None-Match", "header", "The ETag of the bytes that the device has.", TEXT),
            Parameter("expires", "query", "Of a signed link: until when it is good.", TEXT),
            Parameter("signature", "query", "Of a signed link.", TEXT),
        ),
    ),
    "receipts_options": Operation(
        "What the tus server can do.",
        {
            204: Reply(
                "In headers.",
                None,
                (
                    Parameter("Tus-Version", "header", "Versions.", TEXT),
                    Parameter("Tus-Extension", "header", "Extensions.", TEXT),
                    Parameter("Tus-Max-Size", "header", "Largest receipt in bytes.", WHOLE),
                    Parameter("Tus-Checksum-Algorithm", "header", "Algorithms of Upload-Checksum.", TEXT),
                ),
            )
        },
    ),
    "receipts_create": Operation(
        "Begin the upload of a receipt; its first bytes may come along.",
        {
            201: Reply(
                "It has begun, or is complete where you had sent it before.", None, (LOCATION, OFFSET, EXPIRES)
            )
        },
        (
            E.PRECONDITION,
            E.ENVELOPE_INVALID,
            E.BODY_TOO_LARGE,
            E.RATE_LIMITED,
            E.RECEIPT_TYPE,
            E.DIGEST_MISMATCH,
            E.BODY_DAMAGED,
            E.ENCODING_UNSUPPORTED,
        ),
        binary=PIECE,
        binary_required=False,
        parameters=(TUS, LENGTH, METADATA, CHECKSUM),
    ),
    "receipts_standing": Operation(
        "How far an upload is.",
        {200: Reply("In headers.", None, (OFFSET, LENGTH, EXPIRES))},
        (E.PRECONDITION, E.NOT_FOUND),
        parameters=(TUS,),
    ),
    "receipts_add": Operation(
        "Add a piece; with the last one the receipt is checked and kept.",
        {204: Reply("Taken.", None, (OFFSET, EXPIRES))},
        (
            E.PRECONDITION,
            E.NOT_FOUND,
            E.OFFSET_MISMATCH,
            E.DIGEST_MISMATCH,
            E.RECEIPT_TYPE,
            E.ENVELOPE_INVALID,
            E.BODY_TOO_LARGE,
            E.BODY_DAMAGED,
            E.ENCODING_UNSUPPORTED,
        ),
        binary=PIECE,
        parameters=(TUS, OFFSET, CHECKSUM),
    ),
    "receipts_terminate": Operation(
        "Give an upload up; a receipt that is complete stays.",
        {204: Reply("Gone.")},
        (E.PRECONDITION, E.NOT_FOUND),
        parameters=(TUS,),
    ),
    "enrol": Operation(
        "Turn a one-time code and a public key into a device.",
        {201: Reply("The device and its first tokens; the same again to the same key.", "EnrolReply")},
        (*BODY, E.ENROLMENT_CODE_INVALID, E.RATE_LIMITED),
        request="EnrolRequest",
    ),
    "token": Operation(
        "Refresh the tokens; the same refresh token may be sent again after a lost reply.",
        {200: Reply("New tokens.", "TokenReply")},
        (*BODY, E.REFRESH_INVALID, E.DEVICE_REVOKED, E.RATE_LIMITED),
        request="TokenRequest",
    ),
    "office_list": Operation(
        "List parked documents, longest-waiting first.",
        {200: Reply("The documents.", "ParkedList")},
        (E.ENVELOPE_INVALID, E.ROLE_MISSING),
        parameters=(
            Parameter("owner", "query", "Only documents with this owner: rep, office, it or erp.", TEXT),
            Parameter("class", "query", "Only documents of this class of problem (`error_class`).", TEXT),
            Parameter("rep", "query", "Only documents of the rep with this id.", TEXT),
            Parameter("limit", "query", "Maximum number of documents, from 1 to 500; default 100.", WHOLE),
        ),
    ),
    "office_show": Operation(
        "Show one document, in whatever state it is.",
        {200: Reply("The document.", "Parked")},
        (E.NOT_FOUND, E.ROLE_MISSING),
    ),
    **{f"office_{name}": _office_action(action) for name, action in ACTIONS.items()},
    "limits": Operation("The sizes and times in force.", {200: Reply("The limits.", "Limits")}),
    "openapi": Operation("This description.", {200: Reply("OpenAPI 3.1.", "Any")}),
    "livez": Operation("Whether the process answers.", {200: Reply("It does.", "Alive")}),
    "readyz": Operation(
        "Whether phones may be sent here.",
        {200: Reply("They may.", "Ready"), 503: Reply("They may not, for these reasons.", "Ready")},
    ),
}
