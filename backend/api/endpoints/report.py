"""`POST /v1/report`: a device reports what it has not sent, and the figures of its syncs.

A request of its own, so that an idle poll stays one statement and a push what it was.
"""

from flask import Response

from backend.api import auth, request_body
from backend.api.openapi.operation import Operation, Reply
from backend.api.responses import empty_response
from backend.api.route import route
from backend.api.services import get_services
from backend.device_reports import reports
from sync_protocol.limits import LIMITS
from sync_protocol.sync_report import SyncReportSchema


@route(
    "report",
    "POST",
    "/v1/report",
    Operation(
        "Report what the device has not sent, and the figures of its syncs.",
        {204: Reply("The report is stored. A sync that was reported before is stored once.")},
        request=SyncReportSchema,
    ),
)
def respond() -> Response:
    """Store the report of the request's device."""
    body = request_body.read(SyncReportSchema, LIMITS.report_bytes)
    request_body.require_storable(body)
    principal, now = auth.principal(), get_services().clock.now()
    with auth.write_session() as session:
        reports.store(session, body, device=principal.device, rep=principal.rep, now=now)
    return empty_response(204)
