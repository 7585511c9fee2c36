"""`/v1/office/parked…`: the routes of `backend/api/office.py`."""

from backend.api import office
from backend.api.openapi.operation import NATURAL, Operation, Reply, query
from backend.api.route import Auth, route
from sync_protocol.errors import ErrorCode
from sync_protocol.office import OfficeActionSchema, ParkedListSchema, ParkedSchema

listing = route(
    "office_list",
    "GET",
    "/v1/office/parked",
    Operation(
        "List parked documents, longest-waiting first.",
        {200: Reply("The documents.", ParkedListSchema)},
        (ErrorCode.ENVELOPE_INVALID, ErrorCode.ROLE_MISSING),
        parameters=(
            query("owner", "Only documents that this owner must act on: rep, office, it or erp."),
            query("class", "Only documents of this error class."),
            query("rep", "Only documents of this rep."),
            query("limit", "Maximum number of documents, up to 500. Default: 100.", NATURAL),
        ),
    ),
    auth=Auth.OFFICE,
)(office.listing)

show = route(
    "office_show",
    "GET",
    "/v1/office/parked/<id>",
    Operation(
        "Read one document, parked or not.",
        {200: Reply("The document.", ParkedSchema)},
        (ErrorCode.NOT_FOUND, ErrorCode.ROLE_MISSING),
    ),
    auth=Auth.OFFICE,
)(office.show)

act = route(
    "office_act",
    "POST",
    "/v1/office/parked/<id>/<deed>",
    Operation(
        "Reserve, release, retry, fix, link, cancel, return or finish a document: see docs/parked.md.",
        {200: Reply("The document after the action; after `fix`, the new document.", ParkedSchema)},
        (
            ErrorCode.NOT_FOUND,
            ErrorCode.ROLE_MISSING,
            ErrorCode.NOT_PARKED,
            ErrorCode.RESERVED_BY_ANOTHER,
            ErrorCode.MAY_BE_IN_ERP,
            ErrorCode.LINKED_ELSEWHERE,
            ErrorCode.NOT_IN_ERP,
            ErrorCode.NOT_FOR_THIS,
            ErrorCode.BODY_REFUSED,
            ErrorCode.ERP_UNAVAILABLE,
        ),
        request=OfficeActionSchema,
    ),
    auth=Auth.OFFICE,
)(office.act)
