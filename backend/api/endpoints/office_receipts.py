"""`/v1/office/receipts/…`: the checked copy of a receipt for the office, and its original for finance.

A browser must never show or run what a stranger uploaded on this origin: it is always a download, of a type and
with a name that the server chose, without sniffing, in a sandbox, and kept by no cache.
"""

from flask import Response, request
from sqlalchemy.orm import Session
from werkzeug.wsgi import wrap_file

from backend.api import office_auth
from backend.api.openapi.operation import Operation, Reply, header
from backend.api.problems import Problem
from backend.api.route import Auth, route
from backend.api.services import get_services
from backend.database.web_session import db
from backend.identity import audit
from backend.office.access import OfficeUser, may_see_receipt
from backend.office.roles import RECEIPTS, Permission
from backend.receipts import receipts
from backend.receipts.receipts import ReceiptFile
from sync_protocol.errors import ErrorCode
from sync_protocol.fields import Sha256

ANY_TYPE = "application/octet-stream"
_PROBLEMS = (ErrorCode.NOT_FOUND, ErrorCode.ROLE_MISSING)
_NAMED = (header("Content-Disposition", "Always `attachment`, with a name of the server's.", required=True),)


@route(
    "office_receipt",
    "GET",
    "/v1/office/receipts/<sha256>",
    Operation(
        "Download the checked copy of a receipt, without metadata: a JPEG, a PNG or a PDF.",
        {200: Reply("The copy.", None, _NAMED, ANY_TYPE)},
        (*_PROBLEMS, ErrorCode.NOT_FOR_THIS),
    ),
    auth=Auth.OFFICE,
)
def copy(sha256: str) -> Response:
    """Answer with the copy of the receipt."""
    user = office_auth.require_permission(Permission.VIEW, "see receipts", RECEIPTS)
    _require_digest(sha256)
    with Session(db.engine) as session:
        _require_visible(session, user, Permission.VIEW, sha256)
        try:
            receipt = receipts.file(session, get_services().settings.folder, sha256)
        except receipts.ReceiptMissing as error:
            raise Problem(ErrorCode.NOT_FOUND, f"{error}.".capitalize()) from None
        except receipts.ReceiptUnchecked:
            raise Problem(ErrorCode.NOT_FOR_THIS, "The receipt is not checked yet; try again later.") from None
        except receipts.ReceiptRefused as error:
            raise Problem(ErrorCode.NOT_FOR_THIS, f"The receipt cannot be used: {error}.") from None
    return _download(receipt, receipt.media_type, receipt.name)


@route(
    "office_receipt_original",
    "GET",
    "/v1/office/receipts/<sha256>/original",
    Operation(
        "Download a receipt as the phone sent it; it may be hostile. Each download is audited.",
        {200: Reply("The original.", None, _NAMED, ANY_TYPE)},
        _PROBLEMS,
    ),
    auth=Auth.OFFICE,
)
def original(sha256: str) -> Response:
    """Answer with the original of the receipt, after the audit entry is on disk."""
    user = office_auth.require_permission(Permission.ORIGINALS, "see the originals of receipts", RECEIPTS)
    _require_digest(sha256)
    services = get_services()
    with Session(db.engine) as session, session.begin():
        _require_visible(session, user, Permission.ORIGINALS, sha256)
        try:
            receipt = receipts.original(session, services.settings.folder, sha256)
        except receipts.ReceiptMissing as error:
            raise Problem(ErrorCode.NOT_FOUND, f"{error}.".capitalize()) from None
        now = services.clock.now()
        audit.record(session, actor=f"user:{user.name}", action="receipt.original", subject=sha256, now=now)
    return _download(receipt, ANY_TYPE, f"{sha256[:12]}-original.bin")


def _require_visible(session: Session, user: OfficeUser, permission: Permission, sha256: str) -> None:
    """Answer 404 to a receipt unless *user* sees a rep who has uploaded it."""
    if not may_see_receipt(session, user, permission, sha256):
        raise Problem(ErrorCode.NOT_FOUND, f"There is no receipt {sha256}.")


def _download(receipt: ReceiptFile, media_type: str, name: str) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(receipt.size),
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    body = wrap_file(request.environ, receipt.open())
    return Response(body, 200, headers, content_type=media_type, direct_passthrough=True)


def _require_digest(sha256: str) -> None:
    """Answer 404 to a name that cannot be a receipt's, before it reaches the database or the disk."""
    if not Sha256.pattern.fullmatch(sha256):
        raise Problem(ErrorCode.NOT_FOUND, f"There is no receipt {sha256!a}.")
