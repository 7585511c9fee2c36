"""`GET /livez` and `GET /readyz`: whether the process runs, and whether it can serve phones."""

import logging
import tempfile
from collections.abc import Iterator

import redis
from flask import Response
from sqlalchemy.exc import SQLAlchemyError

from backend.api.openapi.operation import Operation, Reply
from backend.api.responses import json_response
from backend.api.route import Auth, route
from backend.api.services import get_services
from backend.database import failures
from backend.database.core import snapshot
from backend.database.web_session import db
from backend.feed import positions
from backend.migrations.revision import schema_difference
from backend.watchdog.late import find_late, read_heartbeats

PING_SECONDS = 1

log = logging.getLogger("satchel.api")

_SENTENCES = {"type": "array", "items": {"type": "string"}}
_ALIVE = {"type": "object", "properties": {"status": {"const": "alive"}}, "required": ["status"]}
_READY = {
    "type": "object",
    "properties": {
        "status": {"enum": ["ready", "not ready"]},
        "problems": _SENTENCES,
        "warnings": _SENTENCES,
    },
    "required": ["status", "problems", "warnings"],
}


@route(
    "livez",
    "GET",
    "/livez",
    Operation("Check that the process answers.", {200: Reply("The process is alive.", _ALIVE)}),
    auth=Auth.PUBLIC,
    work=None,
)
def liveness() -> Response:
    """Answer 200. Nothing else is checked: a slow database must not cause a restart."""
    return json_response({"status": "alive"})


@route(
    "readyz",
    "GET",
    "/readyz",
    Operation(
        "Check whether this server can serve requests.",
        {200: Reply("Ready.", _READY), 503: Reply("Not ready; `problems` says why.", _READY)},
    ),
    auth=Auth.PUBLIC,
    work=None,
)
def readiness() -> Response:
    """Answer 200 or 503, with sentences for the operator.

    A condition that makes every request fail is a problem, and the answer is 503. A condition that loses no
    document is a warning (without Redis the worker polls): a node must not refuse pushes because of it.
    """
    warnings = list(_warnings())
    problems = list(_problems(warnings))
    status = "not ready" if problems else "ready"
    return json_response(
        {"status": status, "problems": problems, "warnings": warnings}, 503 if problems else 200
    )


def _problems(warnings: list[str]) -> Iterator[str]:
    """Yield what makes every request fail; add to *warnings* which workers are late."""
    session = db.session()
    try:
        snapshot(session)
        difference = schema_difference(session.connection())
        if difference is not None:
            yield difference
        else:
            positions.head(session)
            services = get_services()
            limit = services.settings.worker_late_seconds
            late = find_late(read_heartbeats(session), services.clock.now(), limit)
            warnings += [each.message for each in late]
    except positions.FeedMissing as error:
        yield str(error)
    except SQLAlchemyError as error:
        log.warning("not ready: %s", failures.reason(error))
        yield "the database does not answer"
    finally:
        session.rollback()


def _warnings() -> Iterator[str]:
    settings = get_services().settings
    try:
        with tempfile.TemporaryFile(dir=settings.folder):
            pass
    except OSError as error:
        yield f"the folder cannot be written ({error.strerror}); uploads of receipts fail"
    if settings.redis_url:
        try:
            with redis.Redis.from_url(
                settings.redis_url, socket_timeout=PING_SECONDS, socket_connect_timeout=PING_SECONDS
            ) as client:
                client.ping()
        except (redis.RedisError, ValueError):
            yield "Redis does not answer; workers poll the database"
