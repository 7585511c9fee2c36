"""`/v1/receipts`: resumable uploads of receipts by the tus protocol (`backend/api/tus.py` has its headers)."""

from flask import Response, request

from backend import doorbell
from backend.api import auth, quota, request_body, tus, upload_chunk
from backend.api.openapi.operation import NATURAL, Operation, Reply, header
from backend.api.problems import Problem
from backend.api.responses import empty_response
from backend.api.route import route
from backend.api.services import get_services
from backend.api.work import Work
from backend.clock import day_of
from backend.database.web_session import db
from backend.failpoints import failpoint
from backend.receipts import uploads
from backend.receipts.receipts import ReceiptRefused
from backend.receipts.uploads import UploadStatus
from backend.sync.waiting_for_receipts import receipts_arrived
from sync_protocol.errors import ErrorCode
from sync_protocol.fields import Ulid

_ONE = f"{tus.PATH}/<upload_id>"
_CHUNK_PROBLEMS = (
    ErrorCode.DIGEST_MISMATCH,
    ErrorCode.RECEIPT_TYPE,
    ErrorCode.ENVELOPE_INVALID,
    ErrorCode.BODY_TOO_LARGE,
    ErrorCode.BODY_DAMAGED,
    ErrorCode.ENCODING_UNSUPPORTED,
)


@route(
    "receipts_options",
    "OPTIONS",
    tus.PATH,
    Operation(
        "Read the capabilities of the tus server.",
        {
            204: Reply(
                "The capabilities, in the headers.",
                None,
                (
                    header("Tus-Version", "Versions of the protocol."),
                    header("Tus-Extension", "Extensions of the protocol."),
                    header("Tus-Max-Size", "Maximum size of a receipt in bytes.", NATURAL),
                    header("Tus-Checksum-Algorithm", "Algorithms for Upload-Checksum."),
                ),
            )
        },
    ),
    work=Work.PUSH,
)
def options() -> Response:
    """Answer with the abilities of this tus server."""
    return empty_response(
        204,
        {
            "Tus-Version": tus.VERSION,
            "Tus-Extension": tus.EXTENSIONS,
            "Tus-Max-Size": str(get_services().limits.receipt_bytes),
            "Tus-Checksum-Algorithm": ",".join(upload_chunk.ALGORITHMS),
        },
    )


@route(
    "receipts_create",
    "POST",
    tus.PATH,
    Operation(
        "Start the upload of a receipt; the request may contain its first bytes.",
        {
            201: Reply(
                "The upload has started, or is complete because the receipt was uploaded before.",
                None,
                (tus.LOCATION, tus.OFFSET, tus.EXPIRES),
            )
        },
        (ErrorCode.PRECONDITION, ErrorCode.RATE_LIMITED, ErrorCode.QUOTA_EXCEEDED, *_CHUNK_PROBLEMS),
        media_type=upload_chunk.MEDIA_TYPE,
        body_required=False,
        parameters=(tus.RESUMABLE, tus.LENGTH, tus.METADATA, tus.CHECKSUM),
    ),
    work=Work.PUSH,
)
def create() -> Response:
    """Start an upload, with the first bytes if the request contains them."""
    tus.require_version()
    services = get_services()
    size = tus.read_number("Upload-Length", least=1)
    if size > services.limits.receipt_bytes:
        raise request_body.too_large(services.limits.receipt_bytes)
    sha256, name = tus.read_metadata()
    data = b""
    if request.mimetype == upload_chunk.MEDIA_TYPE:
        data = upload_chunk.read(services.limits.receipt_chunk_bytes)
    try:
        with auth.write_session() as session:
            upload = uploads.create(
                session,
                services.settings.folder,
                rep=auth.principal().rep,
                sha256=sha256,
                size=size,
                name=name,
                now=services.clock.now(),
                day=_day(),
            )
    except uploads.TooManyUploads:
        detail = f"There are {uploads.MAX_OPEN} unfinished uploads; finish or delete some."
        raise Problem(ErrorCode.RATE_LIMITED, detail, headers={"Retry-After": "3600"}) from None
    except uploads.DayUsedUp as error:
        raise quota.exceeded(get_services(), str(error)) from None
    except ReceiptRefused as error:
        raise Problem(ErrorCode.RECEIPT_TYPE, f"The receipt cannot be used: {error}.") from None
    if data and upload.offset == 0:
        upload = _append(upload.id, 0, data)
    return tus.status_response(upload, 201, {"Location": f"{tus.PATH}/{upload.id}"})


@route(
    "receipts_status",
    "HEAD",
    _ONE,
    Operation(
        "Read how far an upload has come.",
        {200: Reply("The status, in the headers.", None, (tus.OFFSET, tus.LENGTH, tus.EXPIRES))},
        (ErrorCode.PRECONDITION, ErrorCode.NOT_FOUND),
        parameters=(tus.RESUMABLE,),
    ),
    work=Work.PUSH,
)
def upload_status(upload_id: str) -> Response:
    """Answer with how far an upload has come, without waiting for a piece that is being written."""
    tus.require_version()
    _require_ulid(upload_id)
    services = get_services()
    try:
        upload = uploads.status(
            db.session(),
            services.settings.folder,
            rep=auth.principal().rep,
            upload_id=upload_id,
            now=services.clock.now(),
        )
    except uploads.UploadMissing:
        raise _missing() from None
    return tus.status_response(upload, 200, {"Upload-Length": str(upload.size)})


@route(
    "receipts_add",
    "PATCH",
    _ONE,
    Operation(
        "Append a piece. After the last one the receipt is checked and stored.",
        {204: Reply("The piece is stored.", None, (tus.OFFSET, tus.EXPIRES))},
        (ErrorCode.PRECONDITION, ErrorCode.NOT_FOUND, ErrorCode.OFFSET_MISMATCH, *_CHUNK_PROBLEMS),
        media_type=upload_chunk.MEDIA_TYPE,
        parameters=(tus.RESUMABLE, tus.OFFSET, tus.CHECKSUM),
    ),
    work=Work.PUSH,
)
def append(upload_id: str) -> Response:
    """Append a piece. After the last one the receipt is checked and stored."""
    tus.require_version()
    _require_ulid(upload_id)
    if request.mimetype != upload_chunk.MEDIA_TYPE:
        raise Problem(ErrorCode.ENCODING_UNSUPPORTED, f"Send Content-Type: {upload_chunk.MEDIA_TYPE}.")
    offset = tus.read_number("Upload-Offset")
    data = upload_chunk.read(get_services().limits.receipt_chunk_bytes)
    return tus.status_response(_append(upload_id, offset, data), 204)


@route(
    "receipts_terminate",
    "DELETE",
    _ONE,
    Operation(
        "Cancel an upload. A receipt that is complete stays.",
        {204: Reply("The upload is gone.")},
        (ErrorCode.PRECONDITION, ErrorCode.NOT_FOUND),
        parameters=(tus.RESUMABLE,),
    ),
    work=Work.PUSH,
)
def terminate(upload_id: str) -> Response:
    """Cancel an upload. A receipt that is complete stays."""
    tus.require_version()
    _require_ulid(upload_id)
    services = get_services()
    rep = auth.principal().rep
    try:
        with auth.write_session() as session:
            leftover = uploads.terminate(
                session, services.settings.folder, rep=rep, upload_id=upload_id, now=services.clock.now()
            )
    except uploads.UploadMissing:
        raise _missing() from None
    leftover.unlink(missing_ok=True)
    return empty_response(204)


def _append(upload_id: str, offset: int, data: bytes) -> UploadStatus:
    """Append a piece, and do all that follows from a complete receipt, in one transaction; raises `Problem`."""
    services = get_services()
    rep = auth.principal().rep
    now = services.clock.now()
    try:
        with auth.write_session() as session:
            added = uploads.add(
                session,
                services.settings.folder,
                rep=rep,
                upload_id=upload_id,
                offset=offset,
                data=data,
                now=now,
            )
            failpoint("receipts.before_commit")
            if added.completed is not None:
                receipts_arrived(session, rep_id=rep, sha256=added.completed, now=now)
    except uploads.UploadMissing:
        raise _missing() from None
    except uploads.OffsetMismatch as error:
        detail = f"The upload has {error.offset} bytes."
        headers = {"Upload-Offset": str(error.offset)}
        raise Problem(ErrorCode.OFFSET_MISMATCH, detail, headers=headers) from None
    except uploads.PieceTooLong as error:
        raise Problem(ErrorCode.BODY_TOO_LARGE, f"{error}.".capitalize()) from None
    if added.completed is not None:
        doorbell.ring(services.settings)
    if added.leftover is not None:
        added.leftover.unlink(missing_ok=True)
    if added.refused == "type":
        detail = "The file's first bytes are of none of these types; the upload is deleted."
        raise Problem(ErrorCode.RECEIPT_TYPE, detail)
    if added.refused == "digest":
        raise Problem(ErrorCode.DIGEST_MISMATCH, "The bytes have another sha256; the upload is deleted.")
    return added.status


def _day() -> uploads.Day:
    """Return what a rep may upload today."""
    services = get_services()
    limits = services.limits
    began, _ = day_of(services.settings.zone, services.clock.now())
    return uploads.Day(began, limits.receipts_per_day, limits.receipt_bytes_per_day)


def _require_ulid(upload_id: str) -> None:
    """Answer 404 to a name that cannot be an upload's id, before it reaches the database."""
    if not Ulid.pattern.fullmatch(upload_id):
        raise _missing()


def _missing() -> Problem:
    return Problem(ErrorCode.NOT_FOUND, "This rep has no such upload; it may have expired. Start again.")
