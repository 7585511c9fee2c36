"""`GET /v1/pull`: what has changed since a cursor."""

from collections.abc import Collection

from flask import Response, request
from sqlalchemy.orm import Session

from backend import metrics
from backend.api import auth, request_body
from backend.api.read_routing import read_feed
from backend.api.responses import POLL_HEADER, empty_response, json_response, weak_etag
from backend.api.services import get_services
from backend.database.core import db, snapshot
from backend.identity.principals import Principal
from backend.identity.tokens import Claims
from backend.sync import pull, subscriptions
from backend.sync.page import Page, etag_of
from backend.sync.subscriptions import Subscriptions
from sync_protocol.change import Stream
from sync_protocol.errors import ErrorCode, Fault


def preload(claims: Claims) -> tuple[Principal, Subscriptions]:
    """Begin the page's snapshot with one statement: who speaks, and what they hear."""
    snapshot(db.session())
    return subscriptions.for_device(db.session(), claims)


def respond() -> Response:
    """Answer with the next page, or with 304 where there is none and the device says which it has."""
    cursor = request.args.get("cursor")
    page = read_page(cursor, _number("limit_bytes"), _number("schema") or 1)
    if cursor and page.idle and request.if_none_match.contains_weak(etag_of(cursor)):
        return empty_response(304, {**headers_of(page), "ETag": weak_etag(etag_of(cursor))})
    return json_response(page.body, headers=headers_of(page))


def headers_of(page: Page) -> dict[str, str]:
    """Return what HTTP says about *page*: the tag of the cursor it gives, and when to ask again."""
    return {"ETag": weak_etag(page.etag), POLL_HEADER: str(page.poll_after)}


def read_page(cursor: str | None, limit_bytes: int | None, schema: int) -> Page:
    """Return the page after *cursor* for whoever speaks, in the snapshot that `look` has begun.

    Where the page begins a large stream that has no segments yet, they are built and the page is read anew.
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
    metrics.count_page(page.idle, len(page.body))
    return page


def _read(
    session: Session,
    cursor: str | None,
    limit_bytes: int | None,
    schema: int,
    heard: Subscriptions | None,
    only: Collection[Stream] | None = None,
) -> Page:
    here = get_services()
    now = here.clock.now()
    return pull.pull(
        session,
        rep_id=auth.principal().rep,
        cursor_text=cursor,
        schema=schema,
        limit_bytes=limit_bytes,
        now=now,
        link=here.linker.at(now),
        segment_rows=here.settings.segment_rows,
        poll_after=here.limits.poll_after_seconds,
        subscribed=heard,
        only=only,
    )


def _number(name: str) -> int | None:
    text = request.args.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and int(text[:10]) > 0 and len(text) <= 10):
        raise request_body.invalid(Fault(ErrorCode.FIELD_INVALID, name, "must be a whole number above 0"))
    return int(text)
