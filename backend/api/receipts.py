"""`/v1/receipts`: resumable uploads, by the tus protocol 1.0.0 (https://tus.io/protocols/resumable-upload).

Extensions: creation, creation-with-upload, checksum, termination, expiration. `Upload-Metadata` must
hold `sha256`, the digest of the whole receipt in hexadecimal; `filename` is welcome.
"""

import base64
import binascii
import re
from email.utils import format_datetime

from flask import Response, request

from backend import doorbell
from backend.api import auth, request_body, upload_chunk
from backend.api.problems import Problem
from backend.api.responses import empty_response
from backend.api.services import get_services
from backend.database.core import db
from backend.failpoints import failpoint
from backend.receipts import uploads
from backend.receipts.uploads import UploadStatus
from backend.sync.push import receipts_arrived
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.fields import Sha256, Ulid

TUS = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,termination,expiration"
MAX_NAME = 200


def describe() -> Response:
    """`OPTIONS`: what this server can do."""
    return empty_response(
        204,
        {
            "Tus-Version": TUS,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(get_services().limits.receipt_bytes),
            "Tus-Checksum-Algorithm": ",".join(upload_chunk.ALGORITHMS),
        },
    )


def create() -> Response:
    """`POST`: begin an upload; its first bytes may come along."""
    _speak_tus()
    here = get_services()
    size = upload_chunk.natural("Upload-Length", least=1)
    if size > here.limits.receipt_bytes:
        raise request_body.too_large(here.limits.receipt_bytes)
    sha256, name = _metadata(request.headers.get("Upload-Metadata", ""))
    data = b""
    if request.mimetype == upload_chunk.MEDIA_TYPE:
        data = upload_chunk.read(here.limits.receipt_chunk_bytes)
    try:
        with auth.write_session() as session:
            begun = uploads.create(
                session,
                here.settings.folder,
                rep=auth.principal().rep,
                sha256=sha256,
                size=size,
                name=name,
                now=here.clock.now(),
            )
    except uploads.TooManyUploads:
        detail = f"There are {uploads.MAX_OPEN} uploads under way; finish or delete some."
        raise Problem(ErrorCode.RATE_LIMITED, detail, headers={"Retry-After": "3600"}) from None
    if data and begun.offset == 0:
        begun = _take(begun.id, 0, data)
    return _where(begun, 201, {"Location": f"/v1/receipts/{begun.id}"})


def upload_status(upload_id: str) -> Response:
    """`HEAD`: how far an upload is; never refused because somebody else is at it."""
    _speak_tus()
    _well_named(upload_id)
    here = get_services()
    try:
        found = uploads.status(
            db.session(),
            here.settings.folder,
            rep=auth.principal().rep,
            upload_id=upload_id,
            now=here.clock.now(),
        )
    except uploads.UploadMissing:
        raise _missing() from None
    return _where(found, 200, {"Upload-Length": str(found.size)})


def add(upload_id: str) -> Response:
    """`PATCH`: a piece; with the last one the receipt is checked and kept."""
    _speak_tus()
    _well_named(upload_id)
    if request.mimetype != upload_chunk.MEDIA_TYPE:
        raise Problem(ErrorCode.ENCODING_UNSUPPORTED, f"Send Content-Type: {upload_chunk.MEDIA_TYPE}.")
    offset = upload_chunk.natural("Upload-Offset")
    data = upload_chunk.read(get_services().limits.receipt_chunk_bytes)
    return _where(_take(upload_id, offset, data), 204)


def terminate(upload_id: str) -> Response:
    """`DELETE`: give an upload up; a receipt that is complete stays."""
    _speak_tus()
    _well_named(upload_id)
    here = get_services()
    who = auth.principal()
    try:
        with auth.write_session() as session:
            leftover = uploads.terminate(
                session, here.settings.folder, rep=who.rep, upload_id=upload_id, now=here.clock.now()
            )
    except uploads.UploadMissing:
        raise _missing() from None
    leftover.unlink(missing_ok=True)
    return empty_response(204)


def finish(response: Response) -> Response:
    """Every answer of this address, errors included, names the protocol's version."""
    if request.path.startswith("/v1/receipts"):
        response.headers["Tus-Resumable"] = TUS
        if response.status_code == 412:
            response.headers["Tus-Version"] = TUS
        if response.status_code == 413:
            response.headers["Tus-Max-Size"] = str(get_services().limits.receipt_bytes)
    return response


def _well_named(upload_id: str) -> None:
    """Answer 404 to what can be no upload's id, before it reaches the database."""
    if not Ulid.pattern.fullmatch(upload_id):
        raise _missing()


def _take(upload_id: str, offset: int, data: bytes) -> UploadStatus:
    """Add a piece in one transaction, with everything that follows from a receipt being complete."""
    here = get_services()
    who = auth.principal()
    now = here.clock.now()
    try:
        with auth.write_session() as session:
            added = uploads.add(
                session,
                here.settings.folder,
                rep=who.rep,
                upload_id=upload_id,
                offset=offset,
                data=data,
                now=now,
            )
            failpoint("receipts.before_commit")
            if added.completed is not None:
                receipts_arrived(session, rep_id=who.rep, sha256=added.completed, now=now)
    except uploads.UploadMissing:
        raise _missing() from None
    except uploads.OffsetMismatch as error:
        detail = f"The upload stands at {error.offset}."
        headers = {"Upload-Offset": str(error.offset)}
        raise Problem(ErrorCode.OFFSET_MISMATCH, detail, headers=headers) from None
    except uploads.PieceTooLong as error:
        raise Problem(ErrorCode.BODY_TOO_LARGE, f"{error}.".capitalize()) from None
    if added.completed is not None:
        doorbell.ring(here.settings)
    if added.leftover is not None:
        added.leftover.unlink(missing_ok=True)
    if added.refused == "type":
        raise Problem(ErrorCode.RECEIPT_TYPE, "Its first bytes are of none of these; the upload is discarded.")
    if added.refused == "digest":
        raise Problem(ErrorCode.DIGEST_MISMATCH, "Its bytes have another sha256; the upload is discarded.")
    return added.status


def _where(found: UploadStatus, status: int, more: dict[str, str] | None = None) -> Response:
    headers = {
        "Upload-Offset": str(found.offset),
        "Upload-Expires": format_datetime(found.expires_at, usegmt=True),
    }
    return empty_response(status, {**headers, **(more or {})})


def _speak_tus() -> None:
    if request.headers.get("Tus-Resumable") != TUS:
        raise Problem(ErrorCode.PRECONDITION, f"Send Tus-Resumable: {TUS}.")


def _missing() -> Problem:
    return Problem(ErrorCode.NOT_FOUND, "There is no such upload of yours; it may have expired. Begin again.")


def _metadata(text: str) -> tuple[str, str]:
    """Return sha256 and file name of an Upload-Metadata header; raises `Problem`."""
    values: dict[str, str] = {}
    for pair in text.split(","):
        key, _, encoded = pair.strip().partition(" ")
        if key in ("sha256", "filename"):
            try:
                values[key] = base64.b64decode(encoded.strip(), validate=True).decode()
            except (binascii.Error, ValueError):
                raise _bad_metadata(f"{key} must be UTF-8 text in base64") from None
    if not Sha256.pattern.fullmatch(values.get("sha256", "")):
        raise _bad_metadata("must hold sha256, 64 hexadecimal digits in base64")
    # The name is data for people; it never becomes a path.
    name = re.sub(r"[\x00-\x1f\x7f/\\]", "_", values.get("filename", ""))[:MAX_NAME]
    return values["sha256"], name


def _bad_metadata(message: str) -> Problem:
    return request_body.invalid(Fault(ErrorCode.FIELD_INVALID, "Upload-Metadata", message))
