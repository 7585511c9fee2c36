"""Parses an ordinary pull from WSGI's environ, and reads its answer, without Flask.

The idle poll and the delta are answered before Flask, which costs as much as they do. A pull that is unusual in
any way is none of theirs.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, TypeVar
from urllib.parse import parse_qsl
from wsgiref.types import WSGIEnvironment

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from backend.api import rate_guard
from backend.api.responses import POLL_HEADER, weak_etag
from backend.api.services import Services
from backend.database.snapshot_reads import ReadConnection, read_connection
from backend.identity.tokens import AccessToken, DeviceRevoked, TokenExpired, TokenInvalid
from backend.sync.page import etag_of
from backend.sync.pull import NotYet
from sync_protocol.cursor import CursorInvalid

PATH = "/v1/pull"
PARAMETERS = frozenset({"cursor", "schema", "limit_bytes"})
REMEMBERED = 2_048
"""Maximum number of query strings that a process remembers: about 2 MB, 10 MB with the longest ones."""
MAX_REMEMBERED_TEXT = 2_048
"""Length of a query string above which it is parsed each time."""

Answer = TypeVar("Answer")


class PullQuery(NamedTuple):
    """A query string: the cursor, the ETag of its page, the app's revision, and the size of the page."""

    cursor: str
    etag: str
    schema: int
    limit_bytes: int | None


class PlainPull(NamedTuple):
    """A pull: the access token and the query."""

    token: str
    query: PullQuery


def parse(environ: WSGIEnvironment) -> PlainPull | None:
    """Return the pull with a cursor in *environ*; None if anything about the request is unusual."""
    # A browser's request from another origin gets more headers.
    if environ["REQUEST_METHOD"] != "GET" or "HTTP_ORIGIN" in environ:
        return None
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    text = environ["QUERY_STRING"]
    query = (_parse_query if len(text) <= MAX_REMEMBERED_TEXT else _parse_query.__wrapped__)(text)
    return PlainPull(token, query) if scheme == "Bearer" and query is not None else None


@lru_cache(maxsize=REMEMBERED)
def _parse_query(text: str) -> PullQuery | None:
    """Return the query string *text*, None if anything about it is unusual."""
    pairs = parse_qsl(text, keep_blank_values=True)
    parameters = dict(pairs)
    numbers = [parameters.get(name, "1") for name in ("schema", "limit_bytes")]
    is_usual = (
        parameters.get("cursor")
        and len(parameters) == len(pairs)
        and parameters.keys() <= PARAMETERS
        and all(text.isascii() and text.isdigit() and len(text) <= 10 and int(text) for text in numbers)
    )
    if not is_usual:
        return None
    cursor = parameters["cursor"]
    limit_bytes = int(numbers[1]) if "limit_bytes" in parameters else None
    return PullQuery(cursor, weak_etag(etag_of(cursor)), int(numbers[0]), limit_bytes)


def read(
    engine: Engine,
    services: Services,
    environ: WSGIEnvironment,
    pull: PlainPull,
    answer: Callable[[ReadConnection, AccessToken], Answer],
) -> Answer | None:
    """Return what *answer* reads for the token of *pull*; None if the app has to decide the reply.

    So it does for a token that is not valid, a device that sends too many requests, and for every error of
    *answer*.
    """
    try:
        now = services.clock.now()
        token = services.token_cache.verify(pull.token, now)
        if rate_guard.wait_of_device(services, environ, token, now):
            return None
        with read_connection(engine) as connection:
            return answer(connection, token)
    except (TokenInvalid, TokenExpired, DeviceRevoked, CursorInvalid, NotYet, SQLAlchemyError):
        return None


def headers_of(services: Services, etag: str) -> list[tuple[str, str]]:
    """Return the headers that a page and a 304 have besides those of every reply."""
    return [("ETag", etag), (POLL_HEADER, str(services.limits.poll_after_seconds))]
