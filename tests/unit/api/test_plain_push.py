"""The push's middleware: it answers as the app does, and leaves to the app what it must."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from backend.api import plain_push, push_storage
from backend.api.compression import zstd
from backend.api.delta_pull import DeltaMiddleware
from backend.api.error_barrier import ErrorBarrier
from backend.api.idle_poll import IdlePollMiddleware
from backend.api.plain_push import PushMiddleware
from backend.api.services import EXTENSION
from backend.clock import ManualClock
from backend.identity import enrolment
from backend.identity.models import Device
from backend.inbox.models import Submission
from backend.settings import read_settings
from sync_protocol.limits import LIMITS
from tests.unit.api.installation import Installation, install
from tests.unit.sync.company import order_body, submission

ID, ANOTHER = "01KB0000000000000000000001", "01KB0000000000000000000002"


class Pusher:
    """A phone that pushes; counts the requests that are passed on to the app."""

    def __init__(self, installation: Installation) -> None:
        self.installation, self.phone, self.passed_on = installation, installation.phone(), 0
        barrier = installation.app.outermost
        assert isinstance(barrier, ErrorBarrier)
        polls = barrier.app
        assert isinstance(polls, IdlePollMiddleware)
        assert isinstance(polls.app, DeltaMiddleware)
        assert isinstance(polls.app.app, PushMiddleware)
        self.barrier, self.pushes = barrier, polls.app.app
        self.use()

    def use(self, **options: Any) -> None:
        """Use the middleware with *options* instead of its own attributes."""
        self.barrier.app = replace(self.pushes, app=self._count, **options)

    def _count(self, environ: Any, start_response: Any) -> Any:
        self.passed_on += 1
        return self.pushes.app(environ, start_response)

    def push(self, *documents: Any, **options: Any) -> TestResponse:
        headers = {
            "X-Request-Id": "a-request-of-mine",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            **options.pop("headers", {}),
        }
        data = options.pop("data", json.dumps({"submissions": documents}))
        return self.phone.ask("POST", "/v1/push", data=data, headers=headers, **options)

    def both(self, *documents: Any, **options: Any) -> tuple[TestResponse, TestResponse]:
        """Return the middleware's reply and the app's."""
        before = self.passed_on
        short = self.push(*documents, **options)
        assert self.passed_on == before, short.data
        self.barrier.app = self.pushes.app
        ordinary = self.push(*documents, **options)
        self.use()
        return short, ordinary

    def stored(self, id: str = ID) -> Submission | None:
        with self.installation.sessions() as session:
            return session.query(Submission).filter_by(id=id).one_or_none()


@pytest.fixture
def pusher(tmp_path: Path, postgres_url: str, clock: ManualClock) -> Iterator[Pusher]:
    settings = read_settings({"SATCHEL_FOLDER": str(tmp_path), "SATCHEL_DATABASE_URL": postgres_url})
    with install(settings, clock) as installation:
        yield Pusher(installation)


@pytest.mark.parametrize("origins", [(), ("https://app.example",)])
@pytest.mark.parametrize("coding", ["identity", "zstd", "gzip"])
def test_a_push_has_the_bytes_and_headers_of_the_apps_reply(
    pusher: Pusher, coding: str, origins: tuple[str, ...]
) -> None:
    satchel = pusher.installation.satchel
    allowing = replace(satchel, settings=replace(satchel.settings, cors_origins=origins))
    pusher.installation.app.extensions[EXTENSION] = allowing
    pusher.use(services=allowing)
    documents = [submission(ID, order_body()), submission(ANOTHER, {"unknown": True}), {"id": 7}]
    assert [result["status"] for result in json.loads(pusher.push(*documents).data)["results"]] == [
        "received",
        "refused",
        "refused",
    ]
    pusher.pushes = replace(pusher.pushes, services=allowing)
    short, ordinary = pusher.both(
        *documents, headers={"Accept-Encoding": coding}, base_url="https://localhost/"
    )
    plain = {"identity": bytes, "zstd": zstd.decompress, "gzip": gzip.decompress}[coding]
    assert plain(short.data) == plain(ordinary.data)
    assert short.headers.get("Content-Encoding", "identity") == coding
    assert sorted(short.headers) == sorted(ordinary.headers)


def test_a_push_is_logged_as_the_app_does(pusher: Pusher, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "satchel.request")
    pusher.both(submission(ID, order_body()))
    names = ("method", "path", "status", "rep", "device")
    short, ordinary = ([vars(record).get(name) for name in names] for record in caplog.records)
    assert short == ordinary
    assert short[1] == "/v1/push" and None not in short


def test_a_push_is_counted_while_it_is_stored(pusher: Pusher, monkeypatch: pytest.MonkeyPatch) -> None:
    admission, store, running = pusher.installation.satchel.admission, push_storage.store, []

    def counting(*given: Any, **options: Any) -> Any:
        running.append(admission.running)
        return store(*given, **options)

    monkeypatch.setattr(push_storage, "store", counting)
    pusher.push(submission(ID, order_body()))
    assert (running, admission.running, pusher.passed_on) == ([1], 0, 0)


def test_with_sqlite_the_app_answers_every_push(tmp_path: Path, clock: ManualClock) -> None:
    with install(read_settings({"SATCHEL_FOLDER": str(tmp_path)}), clock) as installation:
        pusher = Pusher(installation)
        assert pusher.push(submission(ID, order_body())).status_code == 200
        assert pusher.passed_on == 1


BODY = json.dumps({"submissions": [submission(ID, order_body())]}).encode()
UNUSUAL: dict[str, tuple[dict[str, Any], int | str]] = {
    "from another origin": ({"headers": {"Origin": "https://app.example"}}, 200),
    "compressed": ({"headers": {"Content-Encoding": "gzip"}, "data": gzip.compress(BODY)}, 200),
    "a charset": ({"headers": {"Content-Type": "application/json; charset=utf-8"}}, 200),
    "Brotli": ({"headers": {"Accept-Encoding": "br"}}, 200),
    "a query": ({"query_string": {"a": "b"}}, 200),
    "no media type": ({"headers": {"Content-Type": "text/plain"}}, "encoding_unsupported"),
    "no JSON": ({"data": b'{"submissions":[}'}, "not_json"),
    "a name twice": ({"data": b'{"submissions":[],"submissions":[]}'}, "not_json"),
    "no submissions": ({"data": b"{}"}, "envelope_invalid"),
    "no object": ({"data": b"[]"}, "envelope_invalid"),
    "a large body": ({"data": b" " * (LIMITS.inflate_free_bytes + 1) + BODY}, 200),
    "a wrong token": ({"headers": {"Authorization": "Bearer x"}}, "token_invalid"),
    "no token": ({"headers": {"Authorization": ""}}, "token_missing"),
    "broken off": (
        {"data": BODY[:40], "environ_overrides": {"CONTENT_LENGTH": str(len(BODY))}},
        "body_damaged",
    ),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_the_app_answers_what_is_unusual(pusher: Pusher, name: str) -> None:
    options, expected = UNUSUAL[name]
    reply = pusher.push(**{"data": BODY, **options})
    assert pusher.passed_on == 1
    if isinstance(expected, str):
        assert reply.json["code"] == expected
        assert pusher.stored() is None
    else:
        assert reply.json["results"][0]["status"] == "received"


def test_a_device_that_is_revoked_while_the_body_arrives_stores_nothing(
    pusher: Pusher, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = plain_push._documents

    def revoke(session: Any) -> None:
        device = session.get(Device, pusher.phone.device_id)
        enrolment.revoke(session, device, actor="user:office", now=pusher.installation.clock.now())

    def read_slowly(environ: Any) -> Any:
        documents = read(environ)
        pusher.installation.change(revoke)
        return documents

    monkeypatch.setattr(plain_push, "_documents", read_slowly)
    assert pusher.push(submission(ID, order_body())).json["code"] == "device_revoked"
    assert pusher.stored() is None


def test_what_fails_before_the_commit_is_stored_by_the_app(
    pusher: Pusher, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, failed = push_storage.push.store, []

    def fail_once(*given: Any, **options: Any) -> Any:
        results = store(*given, **options)
        if not failed:
            failed.append(True)
            raise OperationalError("COMMIT", {}, Exception("away"))
        return results

    monkeypatch.setattr(push_storage.push, "store", fail_once)
    reply = pusher.push(submission(ID, order_body()))
    assert (pusher.passed_on, reply.json["results"][0]["status"]) == (1, "received")


def test_a_fault_of_the_middleware_itself_is_logged(
    pusher: Pusher, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fault(*given: Any) -> None:
        raise TypeError("a fault")

    monkeypatch.setattr(plain_push, "_documents", fault)
    assert pusher.push(submission(ID, order_body())).json["results"][0]["status"] == "received"
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "a push is handled again by the app"
    ]


def test_what_fails_after_the_commit_is_a_duplicate_for_the_app(
    pusher: Pusher, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, failed = push_storage.metrics.count_push, []

    def fail_once(*given: Any) -> None:
        if not failed:
            failed.append(True)
            raise OSError("no space")
        count(*given)

    monkeypatch.setattr(push_storage.metrics, "count_push", fail_once)
    reply = pusher.push(submission(ID, order_body()))
    assert (pusher.passed_on, reply.json["results"][0]["status"]) == (1, "duplicate")
    assert pusher.stored() is not None
