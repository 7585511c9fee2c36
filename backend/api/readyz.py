"""`GET /readyz`: may a balancer send phones here.

What stands in the way of every request is a problem, and the answer is 503. What costs something but
no document (Redis is away: the worker polls) is a warning: a node must not refuse pushes because of it.
"""

import logging
import tempfile
from collections.abc import Iterator

import redis
from flask import Response
from sqlalchemy.exc import SQLAlchemyError

from backend.api.responses import json_response
from backend.api.services import get_services
from backend.database.core import db, snapshot
from backend.feed import positions
from backend.migrations.upgrade import current, newest

PING_SECONDS = 1

log = logging.getLogger("satchel.api")


def respond() -> Response:
    """Answer 200 or 503, with sentences for the operator."""
    problems, warnings = list(_problems()), list(_warnings())
    status = "not ready" if problems else "ready"
    return json_response(
        {"status": status, "problems": problems, "warnings": warnings}, 503 if problems else 200
    )


def _problems() -> Iterator[str]:
    session = db.session()
    try:
        snapshot(session)
        revision = current(session.connection())
        if revision != newest():
            yield f"the database is at revision {revision or 'none'}, not {newest()}; run `satchel init`"
        else:
            positions.head(session)
    except positions.FeedMissing as error:
        yield str(error)
    except SQLAlchemyError as error:
        log.warning("not ready", exc_info=error)
        yield "the database does not answer"
    finally:
        session.rollback()


def _warnings() -> Iterator[str]:
    settings = get_services().settings
    try:
        with tempfile.TemporaryFile(dir=settings.folder):
            pass
    except OSError as error:
        yield f"the folder cannot be written ({error.strerror}); receipts are not taken"
    if settings.redis_url:
        try:
            with redis.Redis.from_url(
                settings.redis_url, socket_timeout=PING_SECONDS, socket_connect_timeout=PING_SECONDS
            ) as client:
                client.ping()
        except (redis.RedisError, ValueError):
            yield "Redis does not answer; workers poll the database"
