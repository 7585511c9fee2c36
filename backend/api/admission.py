"""Admits the request before it is authenticated, by the class of its work (`backend/api/work.py`).

A refusal costs no statement.
"""

from flask import g

from backend.api.problems import Problem
from backend.api.services import get_services
from backend.api.work import Work, retry_seconds
from sync_protocol.cursor import CursorInvalid, decode_cursor
from sync_protocol.errors import ErrorCode


def enter(work: Work) -> None:
    """Admit the request until `leave`; raises a `server_busy` problem."""
    if not get_services().admission.enter(work):
        raise _busy(work)
    g.is_admitted = True


def leave() -> None:
    """End the request, if it was admitted."""
    if g.pop("is_admitted", False):
        get_services().admission.leave()


def require_page(cursor: str | None) -> None:
    """Raise a `server_busy` problem unless a sync that has pushed may also read the page after *cursor*."""
    work = work_of_page(cursor)
    if not get_services().admission.may_also(work):
        raise _busy(work)


def work_of_page(cursor: str | None) -> Work:
    """Return the class of reading the page after *cursor*: a resync while a stream is read from its beginning.

    The first page after a new epoch counts as a pull, because only the database knows the epoch.
    """
    if cursor is None:
        return Work.RESYNC
    try:
        marks = decode_cursor(cursor).marks.values()
    except CursorInvalid:
        return Work.PULL
    return Work.RESYNC if any(mark.as_of > mark.position for mark in marks) else Work.PULL


def _busy(work: Work) -> Problem:
    seconds = retry_seconds(work)
    detail = f"The server has no room for a {work.value} now; ask again in {seconds} seconds."
    return Problem(ErrorCode.SERVER_BUSY, detail, headers={"Retry-After": str(seconds)})
