"""The web process: creates the Flask app and everything that its endpoints share."""

import os
import time
from dataclasses import replace

from flask import Flask, Response, g, request
from sqlalchemy.orm import Session
from werkzeug.middleware.proxy_fix import ProxyFix

from backend import logs
from backend.api import cors, problems, request_log, responses, routes
from backend.api.compression import CODINGS, ResponseCompression
from backend.api.idle_poll import IdlePollMiddleware
from backend.api.openapi.document import render
from backend.api.rate_limit import FailureLimiter
from backend.api.services import EXTENSION, Services
from backend.clock import Clock, SystemClock
from backend.database.core import db, engine_options, prepare
from backend.identity import keys
from backend.identity.token_cache import VerifiedTokens
from backend.migrations.tables import import_tables
from backend.settings import Settings, read_settings
from backend.sync.read_replica import ReadReplica
from backend.sync.segments.factory import make_linker, make_links, make_store
from backend.sync.segments.on_demand import OnDemandBuilder
from sync_protocol.limits import LIMITS


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> Flask:
    """Return the app for *settings* (None: from the environment).

    Creates the installation's folder and its keys if they are missing, but no tables. Raises `SettingError`,
    `keys.KeyDamaged`, and OSError if the folder cannot be written.
    """
    settings = settings or read_settings(os.environ)
    settings.folder.mkdir(parents=True, exist_ok=True)
    app = Flask("satchel", static_folder=None)
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
        COMPRESS_ALGORITHM=list(CODINGS),
        # Level 6 takes three times as long for a page of 200 kB and saves 4 % of its bytes.
        COMPRESS_LEVEL=5,
        COMPRESS_STREAMS=False,
        # A response without a body (tus) has another type; it must not get a compressed empty body.
        COMPRESS_MIMETYPES=["application/json", "application/problem+json"],
        # The pull decides about its 304 itself: the same tag may stand for a page that is not the last.
        COMPRESS_EVALUATE_CONDITIONAL_REQUEST=False,
    )
    clock, own_keys, segments = clock or SystemClock(), keys.load(settings.folder), make_store(settings)
    links = make_links(settings, own_keys)
    app.extensions[EXTENSION] = services = Services(
        settings=settings,
        clock=clock,
        keys=own_keys,
        limits=replace(
            LIMITS,
            tombstone_days=settings.tombstone_days,
            poll_after_seconds=settings.poll_after_seconds,
        ),
        failure_limiter=FailureLimiter(),
        token_cache=VerifiedTokens(own_keys, settings.public_url),
        openapi=render(routes.ROUTES),
        segments=segments,
        on_demand_builder=OnDemandBuilder(lambda: Session(db.engine), segments, clock, settings.folder),
        links=links,
        linker=make_linker(settings, links, segments),
        replica=ReadReplica(settings.replica_url) if settings.replica_url else None,
    )
    import_tables()
    db.init_app(app)
    with app.app_context():
        engine = db.engine
        prepare(engine)
    # Flask runs these in reverse order: compression last, on the finished response.
    ResponseCompression(app)
    app.after_request(_log_request)
    app.after_request(responses.add_default_headers)
    app.before_request(_begin_request)
    cors.register(app)
    app.teardown_request(_end_request)
    app.register_blueprint(routes.blueprint())
    problems.register(app)
    # Inside ProxyFix, which sets the scheme that the phone used.
    app.wsgi_app = IdlePollMiddleware(app.wsgi_app, engine, services)  # type: ignore[method-assign]
    if settings.proxies:
        count = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    return app


def _begin_request() -> None:
    g.began = time.perf_counter()
    g.request_id = request_log.request_id(request.headers.get(request_log.REQUEST_ID, ""))
    g.log_fields = logs.fields(request_id=g.request_id)
    g.log_fields.__enter__()


def _log_request(response: Response) -> Response:
    response.headers[request_log.REQUEST_ID] = g.request_id
    request_log.log_request(
        began=g.began,
        method=request.method,
        path=request.url_rule.rule if request.url_rule else None,
        status=response.status_code,
        code=response.headers.get(problems.CODE_HEADER),
        principal=g.get("principal"),
    )
    return response


def _end_request(error: BaseException | None) -> None:
    if "log_fields" in g:
        g.log_fields.__exit__(None, None, None)
