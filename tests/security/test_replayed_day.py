"""R2's phone repeats the day of R1's phone: no answer, log, job or trail shows what is R1's."""

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from backend import doorbell, logs
from backend.api.route import Auth
from backend.api.routes import ROUTES
from backend.clock import ManualClock
from backend.identity import audit
from backend.settings import Settings
from tests.security.recorded_day import ORDER, Day
from tests.unit.api.installation import Installation, Phone, install

CHANNEL_FIELDS = ("customers.territory", "warehouses.key")

pytestmark = pytest.mark.both_dialects


@pytest.fixture
def installation(settings: Settings, clock: ManualClock) -> Iterator[Installation]:
    with install(settings, clock, lambda sessions: None) as installation:
        yield installation


@pytest.fixture
def day(installation: Installation) -> Day:
    day = Day(installation, installation.phone("R1"))
    day.publish()
    day.play()
    return day


def pattern_of(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"<\w+>", r"[^/]+", path))


def own_words(day: Day, other: Phone) -> set[str]:
    """Return the canaries that R1's phone reads and R2's does not: records that are not everybody's."""
    everybody = day.canaries.found_in(other.pull(query={"schema": 2}).data)
    return set(day.canaries.words) - set(everybody)


def test_no_statement_holds_a_value(installation: Installation) -> None:
    statements: set[str] = set()

    def hear(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        statements.add(statement)

    day = Day(installation, installation.phone("R1"))
    event.listen(Engine, "before_cursor_execute", hear)
    try:
        day.publish()
        day.play()
        day.delete_upload()
    finally:
        event.remove(Engine, "before_cursor_execute", hear)
    assert len(statements) > 50
    assert day.canaries.found_in("\n".join(statements).encode()) == {}


def test_the_day_uses_every_route_of_a_device(day: Day) -> None:
    day.delete_upload()
    used = [(request.method, request.path) for request in day.requests]
    missing = [
        route.name
        for route in ROUTES
        if route.auth in (Auth.DEVICE, Auth.LINK)
        and not any(m == route.method and pattern_of(route.path).fullmatch(path) for m, path in used)
    ]
    assert missing == []


def test_r2_learns_nothing_from_the_requests_of_r1(day: Day, installation: Installation) -> None:
    other = installation.phone("R2")
    own = own_words(day, other)
    assert {day.canaries.words[word].partition(".")[0] for word in own} >= {
        "customers", "contacts", "orders", "credit", "receivables", "stock_levels", "order", "expense_claim",
        "forecast", "change_request", "withdrawal", "receipt", "report",
    }  # fmt: skip
    day.delete_upload()
    leaks = {}
    for request in day.requests:
        reply = other.ask(request.method, request.path, **request.arguments)
        shown = reply.get_data() + repr(list(reply.headers)).encode()
        leaked = set(day.canaries.found_in(shown, but=request.sent)) & own
        assert reply.status_code < 500
        if leaked:
            leaks[f"{request.method} {request.path}"] = leaked
    assert leaks == {}


def test_logs_metrics_and_audit_trail_hold_no_canary_and_no_token(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    day, other = Day(installation, installation.phone("R1")), installation.phone("R2")
    day.publish()
    day.play()
    for request in day.requests:
        other.ask(request.method, request.path, **request.arguments)
    # The names of channels are for the operator: in which territory a replica differs, what was assigned.
    own = {word for word, path in day.canaries.words.items() if path not in CHANNEL_FIELDS}
    lines = "\n".join(make().format(r) for make in logs.FORMATTERS.values() for r in caplog.records)
    assert "satchel.request" in lines
    assert set(day.canaries.found_in(lines.encode())) & own == set()
    for phone in (day.phone, other):
        assert phone.access_token not in lines and phone.refresh_token not in lines
    with installation.sessions() as session:
        trail = repr([(e.actor, e.action, e.subject, e.detail) for e in audit.entries(session, limit=10_000)])
    assert set(day.canaries.found_in((trail + metrics_text()).encode())) & own == set()


def metrics_text() -> str:
    return "".join(f"{metric.name} {metric.samples}" for metric in REGISTRY.collect())


@pytest.mark.parametrize(
    "step",
    [
        "backend.sync.push_reads.read_with_principal",
        "backend.api.push_storage.push.store",
        "backend.sync.push.unusable",
        "backend.feed.publication._publish",
    ],
)
def test_errors_hold_no_canary(installation: Installation, step: str) -> None:
    day = Day(installation, installation.phone("R1"))
    day.publish()
    document = day.document(ORDER, "order")
    failures: tuple[Exception, ...] = (
        RuntimeError(f"cannot store {document}"),
        OperationalError("INSERT INTO submission", document, Exception(f"disk: {document}")),
    )
    for failure in failures:
        with patch(step, side_effect=failure):
            for path, body in (("/v1/push", {}), ("/v1/sync", {"cursor": None, "schema": 2})):
                reply = day.phone.ask("POST", path, json={**body, "submissions": [document]})
                assert reply.status_code in (500, 503)
                assert day.canaries.found_in(reply.data) == {}


def test_a_job_carries_no_data(settings: Settings, clock: ManualClock, redis_server: Any) -> None:
    settings = replace(settings, redis_url=redis_server.url)
    with install(settings, clock, lambda sessions: None) as installation:
        day = Day(installation, installation.phone("R1"))
        day.publish()
        day.play()
    with doorbell.connection(settings.redis_url) as connection:
        stored = b"".join(key + (connection.dump(key) or b"") for key in connection.keys("*"))
        connection.flushall()
    assert b"rq:job" in stored
    assert day.canaries.found_in(stored) == {}
