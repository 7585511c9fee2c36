"""Headers of the tus protocol 1.0.0 (https://tus.io/protocols/resumable-upload), and their OpenAPI parameters.

Extensions: creation, creation-with-upload, checksum, termination, expiration. `Upload-Metadata` must
hold `sha256`, the digest of the whole receipt in hexadecimal; `filename` is optional.
"""

import base64
import binascii
import re
from email.utils import format_datetime

from flask import Response, request

from backend.api import request_body
from backend.api.openapi.operation import NATURAL, header
from backend.api.problems import Problem
from backend.api.responses import empty_response
from backend.api.services import get_services
from backend.receipts.uploads import UploadStatus
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.fields import Sha256

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,termination,expiration"
PATH = "/v1/receipts"
MAX_NAME = 200

RESUMABLE = header("Tus-Resumable", "Version of the protocol.", {"const": VERSION}, required=True)
OFFSET = header("Upload-Offset", "Number of bytes that the server has.", NATURAL, required=True)
EXPIRES = header("Upload-Expires", "When the upload expires, as an HTTP date.")
LENGTH = header("Upload-Length", "Size of the receipt in bytes.", NATURAL, required=True)
CHECKSUM = header("Upload-Checksum", "`sha1` or `sha256`, a space, and the digest in base64.")
METADATA = header(
    "Upload-Metadata",
    "`sha256 <base64 of 64 hexadecimal digits>`, and optionally `filename <base64>`, separated by a comma.",
    required=True,
)
LOCATION = header("Location", "Address of the upload.", required=True)


def require_version() -> None:
    """Raise `Problem` unless the request names the supported version of tus."""
    if request.headers.get("Tus-Resumable") != VERSION:
        raise Problem(ErrorCode.PRECONDITION, f"Send Tus-Resumable: {VERSION}.")


def read_number(name: str, *, least: int = 0) -> int:
    """Return the number in the header *name*, *least* or more; raises `Problem` for anything else."""
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 12 and int(text) >= least):
        message = f"must be a whole number, {least} or more"
        raise request_body.invalid(Fault(ErrorCode.FIELD_INVALID, name, message))
    return int(text)


def read_metadata() -> tuple[str, str]:
    """Return sha256 (hexadecimal) and file name from the header Upload-Metadata; raises `Problem`."""
    values: dict[str, str] = {}
    for pair in request.headers.get("Upload-Metadata", "").split(","):
        key, _, encoded = pair.strip().partition(" ")
        if key in ("sha256", "filename"):
            try:
                values[key] = base64.b64decode(encoded.strip(), validate=True).decode()
            except (binascii.Error, ValueError):
                raise _bad_metadata(f"{key} must be UTF-8 text in base64") from None
    if not Sha256.pattern.fullmatch(values.get("sha256", "")):
        raise _bad_metadata("must hold sha256, 64 hexadecimal digits in base64")
    # The name is for people to read; it never becomes a path.
    name = re.sub(r"[\x00-\x1f\x7f/\\]", "_", values.get("filename", ""))[:MAX_NAME]
    return values["sha256"], name


def status_response(upload: UploadStatus, status: int, headers: dict[str, str] | None = None) -> Response:
    """Return a response without a body that says how far *upload* has come and when it expires."""
    return empty_response(
        status,
        {
            "Upload-Offset": str(upload.offset),
            "Upload-Expires": format_datetime(upload.expires_at, usegmt=True),
            **(headers or {}),
        },
    )


def add_headers(response: Response) -> Response:
    """Add the headers that tus requires to every response at or below `PATH`, errors included."""
    if request.path.startswith(PATH):
        response.headers["Tus-Resumable"] = VERSION
        if response.status_code == 412:
            response.headers["Tus-Version"] = VERSION
        if response.status_code == 413:
            response.headers["Tus-Max-Size"] = str(get_services().limits.receipt_bytes)
    return response


def _bad_metadata(message: str) -> Problem:
    return request_body.invalid(Fault(ErrorCode.FIELD_INVALID, "Upload-Metadata", message))
