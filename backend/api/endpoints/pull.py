"""`GET /v1/pull`: what has changed since a cursor."""

from collections.abc import Collection

from flask import Response, request
from sqlalchemy.orm import Session

from backend import metrics
from backend.api import auth, request_body
from backend.api.openapi.operation import (
    PAGE_ETAG,
    POLL_AFTER,
    POSITIVE,
    Operation,
    Reply,
    header,
    query,
)
from backend.api.read_routing import read_feed
from backend.api.responses import POLL_HEADER, empty_response, json_response, weak_etag
from backend.api.route import route
from backend.api.services import get_services
from backend.database.core import snapshot
from backend.database.web_session import db
from backend.identity.principals import Credential, Principal
from backend.sync import pull, subscriptions
from backend.sync.page import Page, etag_of
from backend.sync.subscriptions import Subscriptions
from sync_protocol.change import Stream
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.pull import PageSchema


def preload(token: Credential) -> tuple[Principal, Subscriptions]:
    """Start the page's snapshot, and read the device's row and its subscriptions in one statement."""
    snapshot(db.session())
    return subscriptions.for_device(db.session(), token)


@route(
    "pull",
    "GET",
    "/v1/pull",
    Operation(
        "Read what has changed since a cursor.",
        {
            200: Reply("The next page.", PageSchema, (POLL_AFTER, PAGE_ETAG)),
            304: Reply("Nothing has changed; the cursor stays valid.", None, (POLL_AFTER, PAGE_ETAG)),
        },
        (ErrorCode.CURSOR_INVALID, ErrorCode.NOT_YET, ErrorCode.ENVELOPE_INVALID),
        parameters=(
            query("cursor", "The cursor of the last page that was applied. Leave it out the first time."),
            query("limit_bytes", "Maximum size of the page's rows in bytes.", POSITIVE),
            query("schema", "Revision of the catalogue that the app was built for.", POSITIVE),
            header("If-None-Match", "The ETag of the page that gave this cursor."),
        ),
    ),
    preload=preload,
)
def respond() -> Response:
    """Answer with the next page; with 304 if there is none and If-None-Match names the last one."""
    cursor = request.args.get("cursor")
    page = read_page(cursor, _positive("limit_bytes"), _positive("schema") or 1)
    if cursor and page.idle and request.if_none_match.contains_weak(etag_of(cursor)):
        return empty_response(304, {**headers_of(page), "ETag": weak_etag(etag_of(cursor))})
    return json_response(page.body, headers=headers_of(page))


def headers_of(page: Page) -> dict[str, str]:
    """Return the HTTP headers of *page*: the tag of its cursor, and when to pull again."""
    return {"ETag": weak_etag(page.etag), POLL_HEADER: str(page.poll_after)}


def read_page(cursor: str | None, limit_bytes: int | None, schema: int) -> Page:
    """Return the page after *cursor* for the request's device, in the snapshot that `preload` has started.

    If the page begins a large stream that has no segments yet, build them and read the page again.

    Args:
        cursor: None for a device that has nothing yet.
        limit_bytes: Maximum size of the page's rows; None for the default.
        schema: Revision of the catalogue that the app was built for.
    """
    page = read_feed(
        db.session(),
        schema,
        lambda session, only: _read(
            session, cursor, limit_bytes, schema, auth.preloaded() if only is None else None, only
        ),
        lambda page: page.idle,
    )
    if page.segment_candidates:
        db.session().rollback()
        get_services().on_demand_builder.ensure(page.segment_candidates)
        auth.reauthenticate(preload)
        page = _read(db.session(), cursor, limit_bytes, schema, auth.preloaded())
    metrics.count_page(page.idle, len(page.body), page.rows, page.reset, page.drop_causes)
    return page


def _read(
    session: Session,
    cursor: str | None,
    limit_bytes: int | None,
    schema: int,
    subscribed: Subscriptions | None,
    only: Collection[Stream] | None = None,
) -> Page:
    services = get_services()
    now = services.clock.now()
    return pull.pull(
        session,
        rep_id=auth.principal().rep,
        cursor_text=cursor,
        schema=schema,
        limit_bytes=limit_bytes,
        now=now,
        link=services.linker.at(now, auth.token()),
        segment_rows=services.settings.segment_rows,
        poll_after=services.limits.poll_after_seconds,
        subscribed=subscribed,
        only=only,
    )


def _positive(name: str) -> int | None:
    """Return the query parameter *name*, a whole number above 0; None if it is not there."""
    text = request.args.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and int(text[:10]) > 0 and len(text) <= 10):
        raise request_body.invalid(Fault(ErrorCode.FIELD_INVALID, name, "must be a whole number above 0"))
    return int(text)
