"""Every route does work in proportion to its request: counted at n and at 2n, for each kind of request."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from ulid import ULID

from backend.api.route import Auth, Route
from backend.api.routes import ROUTES
from sync_protocol.change import Stream
from sync_protocol.cursor import Cursor, Mark, decode_cursor
from sync_protocol.limits import LIMITS
from tests.contract.wire.device_report import REPORT
from tests.unit.api.endpoints.test_office import issue_token
from tests.unit.api.installation import Installation, Phone
from tests.unit.sync.company import order_body, submission
from tests.work import require_linear

ID = "01KB0000000000000000000001"
MakeBody = Callable[[int, str], Any]
"""(n, a cursor of the phone) → the body, as JSON."""


def documents(n: int, cursor: str) -> Any:
    return [submission(str(ULID()), order_body()) for _ in range(n)]


def wrong_lines(n: int, cursor: str) -> Any:
    body = {**order_body(), "lines": [{"line_no": "x", "quantity": 1} for _ in range(10 * n)]}
    return [submission(str(ULID()), body)]


def unknown_fields(n: int, cursor: str) -> Any:
    return [{**submission(str(ULID()), order_body()), **{f"newer_{k}": [k] for k in range(20 * n)}}]


def versions(n: int, cursor: str) -> Any:
    ids = sorted(str(ULID()) for _ in range(n))
    wrong = order_body("C9")
    return [
        submission(id, wrong, **({"supersedes": older} if older else {}))
        for older, id in zip([None, *ids], ids, strict=False)
    ]


def pushes(make: MakeBody) -> MakeBody:
    return lambda n, cursor: {"submissions": make(n, cursor)}


def syncs(make: MakeBody) -> MakeBody:
    return lambda n, cursor: {"cursor": cursor, "schema": 2, "submissions": make(n, cursor)}


def names(fixed: dict[str, Any]) -> MakeBody:
    return lambda n, cursor: {**fixed, **{f"newer_{k}": k for k in range(5 * n)}}


def sums(n: int, cursor: str) -> Any:
    stream = {"collection": "customers", "count": 1, "sum": "0" * 16}
    return {"cursor": cursor, "sums": [{**stream, "channel": f"territory:T{k}"} for k in range(10 * n)]}


def rows(n: int, cursor: str) -> Any:
    stream = {"channel": "territory:NW", "collection": "customers"}
    ranges = [
        {**stream, "from": f"K{k:03}", "to": f"K{k:03}~", "rows": [[f"K{k:03}", "0" * 16]]}
        for k in range(n // 2)
    ]
    return {"cursor": cursor, "schema": 2, "rows": ranges}


def unsent(n: int, cursor: str) -> Any:
    document = REPORT["unsent"][0]
    ids = (str(ULID()) for _ in range(10 * n))
    return {**REPORT, "unsent": [{**document, "id": id} for id in ids], "unsent_total": 10 * n}


def reported_syncs(n: int, cursor: str) -> Any:
    sync, began = REPORT["syncs"][0], (f"2026-11-22T{k // 60:02}:{k % 60:02}:00Z" for k in range(2 * n))
    return {**REPORT, "syncs": [{**sync, "began_at": moment} for moment in began]}


def field_changes(n: int, cursor: str) -> Any:
    changes = [{"field": "lines[]." + "a." * (10 * n) + "b", "old": "x", "new": "y"}] * n
    return {"action": "fix", "cause": "config", "changes": changes}


ENROL = {"code": "AAAA", "public_key": {"kty": "OKP"}, "device_name": "x"}
BODIES: dict[str, list[MakeBody]] = {
    "push": [pushes(make) for make in (documents, wrong_lines, unknown_fields, versions)],
    "sync": [syncs(make) for make in (documents, wrong_lines, unknown_fields, versions)],
    "verify": [sums, rows, names({"cursor": "x"})],
    "enrol": [names(ENROL)],
    "token": [names({"refresh_token": "x", "proof": "x"})],
    "report": [unsent, reported_syncs, names(REPORT)],
    "wiped": [names({"wipe_order": "x", "exported": 0})],
    **{
        route.name: [names({"why": "x", "number": "x", "body": {}})]
        for route in ROUTES
        if route.name.startswith("office_") and route.operation.request
    },
    "office_batch_begin": [field_changes],
}
"""The requests that grow, by route. A route that takes JSON and has no entry fails."""


def ask(installation: Installation, phone: Phone, token: str, route: Route, **request: Any) -> int:
    path = route.path.replace("<id>", ID).replace("<upload_id>", ID).replace("<sha256>", "a" * 64)
    bearer = token if route.auth is Auth.OFFICE else phone.access_token
    headers = {"Tus-Resumable": "1.0.0", "Authorization": f"Bearer {bearer}", **request.pop("headers", {})}
    reply = installation.client.open(path, method=route.method, headers=headers, **request)
    assert reply.status_code != 500
    return reply.status_code


def wide_cursor(cursor: str, n: int) -> str:
    known = decode_cursor(cursor)
    marks: dict[Stream, Mark] = {(f"territory:T{k}", "customers"): Mark(k) for k in range(n)}
    return Cursor(known.epoch, known.seen, {**known.marks, **marks}).encode()


@pytest.fixture
def token(installation: Installation) -> str:
    return issue_token(installation, "anna", "order_desk")


def test_every_route_that_takes_json_is_in_the_table() -> None:
    assert set(BODIES) == {route.name for route in ROUTES if route.operation.request}


@pytest.mark.parametrize(
    ("route", "make"),
    [
        pytest.param(route, make, id=f"{route.name}-{n}")
        for route in ROUTES
        for n, make in enumerate(BODIES.get(route.name, ()))
    ],
)
def test_a_body_of_twice_the_size_takes_twice_the_work(
    installation: Installation, phone: Phone, token: str, route: Route, make: MakeBody
) -> None:
    cursor = phone.pull().json["cursor"]

    def send(n: int) -> None:
        ask(installation, phone, token, route, json=make(n, cursor))

    require_linear(send, 20)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_headers_of_twice_the_size_take_twice_the_work(
    installation: Installation, phone: Phone, token: str, route: Route
) -> None:
    def send(n: int) -> None:
        headers = {
            "Accept-Encoding": ", ".join(f"x{k};q=0.{k % 10}" for k in range(n)),
            "If-None-Match": ", ".join(f'"tag-{k}"' for k in range(n)),
            "Range": "bytes=" + ",".join(f"{k}-{k}" for k in range(n)),
            "Upload-Metadata": ",".join(f"name{k} eA==" for k in range(n)),
            "Upload-Length": "9" * n,
            "Upload-Offset": "9" * n,
            "Upload-Checksum": "sha1 " + "A" * n,
            "X-Request-ID": "x" * n,
            "X-HTTP-Method-Override": "x" * n,
        }
        ask(installation, phone, token, route, headers=headers, query_string={"limit": "9" * n, "rep": "x" * n})

    require_linear(send, 200)


def test_a_cursor_of_twice_the_streams_takes_twice_the_work(installation: Installation, phone: Phone) -> None:
    cursor = phone.pull().json["cursor"]
    require_linear(lambda n: phone.pull(wide_cursor(cursor, n)), 200)


@pytest.mark.parametrize("path", sorted({route.path for route in ROUTES if route.auth is Auth.PUBLIC}))
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_route_without_a_token_takes_kilobytes_only(
    installation: Installation, path: str, coding: str
) -> None:
    methods = {route.method for route in ROUTES if route.path == path and route.operation.request}
    body = json.dumps({"code": "x" * LIMITS.unauthenticated_bytes}).encode()
    data = gzip.compress(body, mtime=0) if coding == "gzip" else body
    headers = {"Content-Type": "application/json", "Content-Encoding": coding}
    for method in methods:
        reply = installation.client.open(path, method=method, data=data, headers=headers)
        assert (reply.status_code, reply.json["code"]) == (413, "body_too_large")
