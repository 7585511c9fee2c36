"""A database that fails: from the first request on, every route answers 503 with Retry-After, and recovers."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event
from sqlalchemy.engine import make_url
from werkzeug.test import TestResponse

from backend.api.route import Auth, Route
from backend.api.routes import ROUTES
from backend.clock import ManualClock
from backend.database import core
from backend.database.web_session import db
from backend.identity import wipes
from backend.settings import read_settings
from tests.unit.api.installation import Installation, Phone, install
from tests.unit.api.test_problems import assert_problem
from tests.unit.api.test_routes import path_of
from tests.unit.office.people import issue
from tests.unit.sync.company import order_body, submission

WITHOUT_DATABASE = {"contract", "livez", "limits", "openapi", "start_page"}
"""Routes that answer without the database, so also during an outage."""
NEEDING_DATABASE = [route for route in ROUTES if route.name not in {*WITHOUT_DATABASE, "readyz"}]


class Caller:
    """Sends one valid request to each route."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.phone: Phone = installation.phone()
        self.code = installation.code()
        self.cursor = self.phone.pull().json["cursor"]
        self.tag = self.phone.pull(self.cursor).headers["ETag"]
        self.office_token = installation.change(
            lambda session: issue(session, "anna", "order_desk", now=installation.clock.now())
        )

    def call(self, route: Route) -> TestResponse:
        """Send a request that *route* accepts as far as the database."""
        token = self.office_token if route.auth is Auth.OFFICE else self.phone.access_token
        headers = {"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0"}
        if route.name in ("enrol", "token"):
            headers |= self.phone.proven(route.path)
        return self.installation.client.open(
            path_of(route.path), method=route.method, headers=headers, **self._body(route)
        )

    def poll(self) -> TestResponse:
        """Send an idle poll, which the middleware answers without Flask."""
        return self.phone.pull(self.cursor, headers={"If-None-Match": self.tag})

    def _body(self, route: Route) -> dict[str, Any]:
        phone = self.phone
        if route.name == "enrol":
            body = {"code": self.code, "public_key": phone.public_key, "device_name": "x", "app_version": "1"}
            return {"json": body}
        if route.name == "token":
            return {"json": {"refresh_token": phone.refresh_token}}
        if route.name == "wiped":
            secrets = self.installation.satchel.keys.secrets(self.installation.clock.now())
            return {"json": {"wipe_order": wipes.order(phone.device_id, secrets), "exported": 0}}
        return {}


def assert_unavailable(reply: TestResponse, method: str) -> None:
    assert reply.status_code == 503, (reply.status_code, reply.text)
    assert int(reply.headers["Retry-After"]) > 0
    assert reply.headers["Satchel-Error"] == "unavailable"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    if method != "HEAD":
        assert_problem(reply, 503, "unavailable")


@pytest.fixture
def on_postgres(
    fresh_postgres_url: str, tmp_path: Path, clock: ManualClock
) -> Iterator[tuple[Caller, Callable[[str], None]]]:
    """A caller, and a function that runs a statement on the server beside the installation's database."""
    settings = read_settings(
        {"SATCHEL_FOLDER": str(tmp_path / "instance"), "SATCHEL_DATABASE_URL": fresh_postgres_url}
    )
    url = make_url(fresh_postgres_url).set(drivername="postgresql")
    server = url.set(database="postgres").render_as_string(hide_password=False)

    def run(statement: str) -> None:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(statement.replace("DATABASE_NAME", str(url.database)))

    with install(settings, clock) as installation:
        yield Caller(installation), run


STOP = (
    "ALTER DATABASE DATABASE_NAME ALLOW_CONNECTIONS false",
    "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = 'DATABASE_NAME'",
)
START = "ALTER DATABASE DATABASE_NAME ALLOW_CONNECTIONS true"


@pytest.mark.parametrize("ping_after", [0.0, 3600.0], ids=["pinged", "just used"])
def test_the_first_request_after_the_server_has_stopped_is_answered_503_at_every_route(
    on_postgres: tuple[Caller, Callable[[str], None]], ping_after: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core, "PING_AFTER_SECONDS", ping_after)
    caller, run = on_postgres
    for route in NEEDING_DATABASE:
        assert caller.poll().status_code == 304
        for statement in STOP:
            run(statement)
        assert_unavailable(caller.call(route), route.method)
        assert_unavailable(caller.call(route), route.method)
        run(START)
    for statement in STOP:
        run(statement)
    assert_unavailable(caller.poll(), "GET")
    assert_unavailable(caller.poll(), "GET")
    run(START)
    assert caller.poll().status_code == 304


@pytest.mark.parametrize(
    "statement",
    ["DROP TABLE device CASCADE", "ALTER TABLE device DROP COLUMN version", "DROP SCHEMA public CASCADE"],
)
def test_a_schema_that_does_not_fit_is_answered_503(
    on_postgres: tuple[Caller, Callable[[str], None]], statement: str, caplog: pytest.LogCaptureFixture
) -> None:
    caller, _ = on_postgres
    caller.installation.change(lambda session: session.connection().exec_driver_sql(statement))
    for route in NEEDING_DATABASE:
        reply = caller.call(route)
        # The office's routes do not read the table of devices.
        if route.auth is not Auth.OFFICE or "SCHEMA" in statement:
            assert_unavailable(reply, route.method)
    assert_unavailable(caller.poll(), "GET")
    assert "satchel init" in caplog.text


def test_a_read_only_server_takes_no_push_and_serves_reads(
    on_postgres: tuple[Caller, Callable[[str], None]],
) -> None:
    caller, run = on_postgres
    run("ALTER DATABASE DATABASE_NAME SET default_transaction_read_only = on")
    run(STOP[1])
    assert_unavailable(caller.phone.push(1), "POST")
    assert_unavailable(caller.phone.refresh(), "POST")
    assert caller.poll().status_code == 304


def test_a_database_that_fails_while_a_request_ends_is_answered_503(
    on_postgres: tuple[Caller, Callable[[str], None]],
) -> None:
    """Flask lets an error of a teardown function pass to the WSGI server, which answers with HTML."""
    caller, _ = on_postgres

    def fail(error: BaseException | None) -> None:
        raise psycopg.OperationalError("the connection is lost")

    functions = caller.installation.app.teardown_appcontext_funcs
    functions.insert(0, fail)
    assert_unavailable(caller.phone.pull(), "GET")
    functions.remove(fail)


def test_an_error_after_the_view_is_answered_like_one_in_it(
    on_postgres: tuple[Caller, Callable[[str], None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    caller, _ = on_postgres

    def fail(*args: Any, **more: Any) -> None:
        raise psycopg.OperationalError("the connection is lost")

    monkeypatch.setattr("backend.api.cors.get_services", fail)
    assert_unavailable(caller.phone.pull(), "GET")


def _locked(file: Path, app_connections: list[Any]) -> Callable[[], None]:
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")

    def heal() -> None:
        other.execute("ROLLBACK")
        other.close()

    return heal


def _pragma(name: str, broken: str, healthy: str) -> Callable[[Path, list[Any]], Callable[[], None]]:
    def break_it(file: Path, app_connections: list[Any]) -> Callable[[], None]:
        for connection in app_connections:
            connection.execute(f"PRAGMA {name}={broken}")

        def heal() -> None:
            for connection in app_connections:
                connection.execute(f"PRAGMA {name}={healthy}")

        return heal

    return break_it


@pytest.mark.parametrize(
    "fault",
    [_locked, _pragma("query_only", "ON", "OFF"), _pragma("max_page_count", "1", "1073741823")],
    ids=["locked", "read-only", "full disk"],
)
def test_a_file_that_cannot_be_written_takes_no_push_and_serves_reads(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, fault: Any
) -> None:
    monkeypatch.setattr(core, "BUSY_SECONDS", 0.05)
    settings = read_settings({"SATCHEL_FOLDER": str(tmp_path / "instance")})
    with install(settings, clock) as installation:
        caller = Caller(installation)
        with installation.app.app_context():
            engine = db.engine
            engine.dispose()
        opened: list[Any] = []
        event.listen(engine, "connect", lambda connection, record: opened.append(connection))
        assert caller.poll().status_code == 304
        assert caller.phone.pull().status_code == 200
        heal = fault(settings.folder / "satchel.sqlite", opened)
        documents = [submission(f"01KB00000000000000000{n:05}", order_body()) for n in range(60)]
        assert_unavailable(caller.phone.push(*documents), "POST")
        assert caller.poll().status_code == 304
        heal()
        results = caller.phone.push(*documents).json["results"]
        assert {result["status"] for result in results} == {"received"}


def test_a_file_that_is_no_database_is_answered_503(tmp_path: Path, clock: ManualClock) -> None:
    settings = read_settings({"SATCHEL_FOLDER": str(tmp_path / "instance")})
    with install(settings, clock) as installation:
        caller = Caller(installation)
        with installation.app.app_context():
            db.engine.dispose()
        file = settings.folder / "satchel.sqlite"
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        good = file.read_bytes()
        file.write_bytes(b"no database" * 1000)
        for route in NEEDING_DATABASE:
            assert_unavailable(caller.call(route), route.method)
        assert_unavailable(caller.poll(), "GET")
        with installation.app.app_context():
            db.engine.dispose()
        file.write_bytes(good)
        assert caller.poll().status_code == 304
