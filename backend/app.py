"""The web process: creates the Flask app and everything that its endpoints share."""

import os
import time
from dataclasses import replace
from functools import cache, partial
from wsgiref.types import WSGIApplication

from flask import Response, g, request
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from werkzeug.middleware.proxy_fix import ProxyFix

from backend import logs
from backend.api import cors, failed_attempts, large_bodies, problems, request_log, responses, routes
from backend.api.compression import CODINGS, GZIP_LEVEL, MIN_BYTES, ZSTD_LEVEL, ResponseCompression
from backend.api.delta_pull import DeltaMiddleware
from backend.api.error_barrier import ErrorBarrier
from backend.api.idle_poll import IdlePollMiddleware
from backend.api.method_override import MethodOverrideMiddleware
from backend.api.openapi.document import render
from backend.api.plain_push import PushMiddleware
from backend.api.rates.limits import Rates
from backend.api.services import EXTENSION, Services
from backend.api.turns import Turns
from backend.api.web_app import WebApp
from backend.api.work import Admission
from backend.clock import Clock, SystemClock
from backend.console import routes as console
from backend.database.core import engine_options, prepare
from backend.database.web_session import db
from backend.identity.key_ring import KeyRing, Lifetimes
from backend.identity.token_cache import VerifiedTokens
from backend.migrations.tables import import_tables
from backend.permissions import create_folder
from backend.settings import Settings, read_settings
from backend.sync.segments.link_factory import make_link_origins, make_linker, make_links
from backend.sync.segments.on_demand import OnDemandBuilder
from backend.sync.segments.store_factory import make_store
from backend.sync.standby import Standby
from backend.webapp import blueprint as webapp
from sync_protocol.contract import rendered_contract
from sync_protocol.limits import LIMITS


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> WebApp:
    """Return the app for *settings* (None: from the environment).

    Creates the installation's folder and its keys if they are missing, but no tables. Raises `SettingError`,
    `keys.KeyDamaged`, and OSError if the folder cannot be written.
    """
    settings = settings or read_settings(os.environ)
    create_folder(settings)
    app = WebApp()
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
        COMPRESS_ALGORITHM=list(CODINGS),
        COMPRESS_LEVEL=GZIP_LEVEL,
        COMPRESS_ZSTD_LEVEL=ZSTD_LEVEL,
        COMPRESS_MIN_SIZE=MIN_BYTES,
        COMPRESS_STREAMS=False,
        # A response without a body (tus) has another type; it must not get a compressed empty body.
        COMPRESS_MIMETYPES=["application/json", "application/problem+json", "text/html"],
        # The pull decides about its 304 itself: the same tag may stand for a page that is not the last.
        COMPRESS_EVALUATE_CONDITIONAL_REQUEST=False,
    )
    clock, segments = clock or SystemClock(), make_store(settings)
    own_keys = KeyRing(settings.folder, Lifetimes(settings.refresh_days))
    links = make_links(settings, own_keys)
    app.extensions[EXTENSION] = services = Services(
        settings=settings,
        clock=clock,
        keys=own_keys,
        limits=replace(
            LIMITS,
            tombstone_days=settings.tombstone_days,
            poll_after_seconds=settings.poll_after_seconds,
            documents_per_day=settings.documents_per_day,
            receipts_per_day=settings.receipts_per_day,
            receipt_bytes_per_day=settings.receipt_bytes_per_day,
            parked_bytes_per_day=settings.parked_bytes_per_day,
        ),
        rates=Rates(settings, lambda: clock.now().timestamp()),
        admission=Admission(settings.web_threads),
        large_bodies=Turns(),
        token_cache=VerifiedTokens(own_keys, settings.public_url),
        # Made when they are first asked for: most processes never are.
        openapi=cache(partial(render, routes.ROUTES)),
        contract=cache(rendered_contract),
        segments=segments,
        on_demand_builder=OnDemandBuilder(lambda: Session(db.engine), segments, clock, settings.folder),
        links=links,
        linker=make_linker(settings, links, segments),
        standby=Standby(settings.standby_url) if settings.standby_url else None,
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
    failed_attempts.register(app)
    app.before_request(_begin_request)
    cors.register(app)
    app.teardown_request(_end_request)
    app.teardown_request(large_bodies.release)
    app.register_blueprint(routes.blueprint())
    app.register_blueprint(console.blueprint())
    app.register_blueprint(webapp.blueprint(make_link_origins(settings, segments)))
    problems.register(app)
    app.outermost = _middleware(app.outermost, engine, services)
    return app


def _middleware(app: WSGIApplication, engine: Engine, services: Services) -> WSGIApplication:
    """Return *app* with all middleware around it, the outermost last."""
    app = MethodOverrideMiddleware(app)
    app = PushMiddleware(app, engine, services)
    app = DeltaMiddleware(app, engine, services)
    app = IdlePollMiddleware(app, engine, services)
    if count := services.settings.proxies:
        # Outside of all that answer: it sets the scheme that the phone used.
        app = ProxyFix(app, x_for=count, x_proto=count, x_host=count)
    return ErrorBarrier(app)


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
