"""The kit passes our server, and names the rule when an answer is falsified on its way."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.clock import SystemClock
from backend.settings import read_settings
from sync_protocol.conformance.server import RULES, run
from tests.contract.wire import segments
from tests.unit.api.installation import Installation, install
from tests.unit.sync import company

Falsify = Callable[[httpx.Request, httpx.Response], httpx.Response | None]


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """A server with a few hundred records and a segment."""
    settings = read_settings(
        {
            "SATCHEL_FOLDER": str(tmp_path / "instance"),
            "SATCHEL_OTHER_URLS": "http://satchel.test",
            "SATCHEL_UNENCRYPTED_HOSTS": "satchel.test",
        }
    )
    with install(settings, SystemClock()) as installation:
        company.say(installation.sessions, *(company.customer(f"K{n:03}", "NW") for n in range(200)))
        segments.offer_stream(
            installation.sessions, installation.satchel.segments, ("territory:NW", "customers")
        )
        yield installation


class Falsifying(httpx.BaseTransport):
    """Passes requests to the app, and its answers through *falsify*."""

    def __init__(self, installation: Installation, falsify: Falsify = lambda request, response: None) -> None:
        self._inner = httpx.WSGITransport(installation.app)
        self._falsify = falsify

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        answer = self._inner.handle_request(request)
        body = answer.read()
        headers = {n: v for n, v in answer.headers.items() if n not in ("content-encoding", "content-length")}
        plain = httpx.Response(answer.status_code, headers=headers, content=body)
        return self._falsify(request, plain) or plain


def failed(installation: Installation, falsify: Falsify, *only: str) -> dict[str, str]:
    results = run("http://satchel.test", installation.code(), only, Falsifying(installation, falsify))
    return {result.rule: result.detail for result in results if result.outcome == "fail"}


def test_our_server_keeps_every_rule(installation: Installation) -> None:
    results = list(run("http://satchel.test", installation.code(), http=Falsifying(installation)))
    assert [(v.number, v.rule, v.outcome, v.detail) for v in results if v.outcome != "pass"] == []
    assert [v.rule for v in results] == [rule.name for _, rule in RULES]


def changing(path: str, change: Callable[[Any], Any]) -> Falsify:
    """Return what changes the JSON of good answers at *path*."""

    def falsify(request: httpx.Request, response: httpx.Response) -> httpx.Response | None:
        if not request.url.path.startswith(path) or not response.content or response.status_code >= 300:
            return None
        value = change(json.loads(response.content))
        return httpx.Response(
            response.status_code, headers=response.headers, content=json.dumps(value).encode()
        )

    return falsify


def answering(path: str, status: int, *, method: str = "", body: bytes = b"", when: int = 0) -> Falsify:
    """Return what answers *path* with *status* instead (where it would have been *when*, if told)."""

    def falsify(request: httpx.Request, response: httpx.Response) -> httpx.Response | None:
        meant = request.url.path.startswith(path) and method in ("", request.method)
        if meant and when in (0, response.status_code):
            return httpx.Response(status, headers={"Content-Type": "application/json"}, content=body)
        return None

    return falsify


def without_last_row(page: Any) -> Any:
    for change in page["changes"][-1:]:
        change["put"] = change["put"][:-1]
    return page


def other_device(value: Any) -> Any:
    other_device.count = getattr(other_device, "count", 0) + 1
    return value | {"device_id": f"D{other_device.count}"}


def other_token(value: Any) -> Any:
    other_token.count = getattr(other_token, "count", 0) + 1
    return value | {"refresh_token": f"{value['refresh_token']}{other_token.count}"}


def with_status(status: str) -> Callable[[Any], Any]:
    return lambda value: value | {"results": [result | {"status": status} for result in value["results"]]}


def other_bytes(request: httpx.Request, response: httpx.Response) -> httpx.Response | None:
    if request.url.path.startswith("/v1/segments/") and response.status_code == 200:
        return httpx.Response(200, headers=response.headers, content=gzip.compress(b"{}"))
    return None


@pytest.mark.parametrize(
    ("rule", "falsify"),
    [
        ("enrol", changing("/v1/enrol", other_device)),
        ("token", changing("/v1/token", other_token)),
        ("proof", answering("/v1/token", 200, body=b"{}", when=400)),
        ("reuse", answering("/v1/token", 200, body=b"{}", when=401)),
        ("token-required", answering("/v1/pull", 200, body=b"{}", when=401)),
        ("public-routes", changing("/v1/limits", lambda value: {})),
        ("bounds", answering("/v1/enrol", 400, body=b'{"error": "no"}', when=413)),
        ("envelope", answering("/v1/push", 400, body=b'{"error": "no"}', when=400)),
        ("pages", changing("/v1/pull", without_last_row)),
        ("check", changing("/v1/pull", without_last_row)),
        ("idle", answering("/v1/pull", 200, body=b"{}", when=304)),
        ("cursors", answering("/v1/pull", 200, body=b"{}", when=400)),
        ("revisions", changing("/v1/pull", lambda page: page | {"then": "x"})),
        ("segments", other_bytes),
        ("verify", changing("/v1/verify", lambda value: value | {"ranges": [], "repairs": [], "drop": []})),
        ("results", changing("/v1/push", with_status("received"))),
        ("duplicates", changing("/v1/push", with_status("refused"))),
        ("tolerant", answering("/v1/push", 422, body=b"{}")),
        ("sync", changing("/v1/sync", lambda value: value | {"results": []})),
        ("receipts", answering("/v1/receipts/", 204, method="HEAD")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_kit_names_the_rule_that_a_server_breaks(
    installation: Installation, rule: str, falsify: Falsify
) -> None:
    assert set(failed(installation, falsify, rule)) == {rule}


@pytest.mark.parametrize("rule", ["idle", "segments", "verify"])
def test_writes_of_others_during_a_check_are_no_fault(installation: Installation, rule: str) -> None:
    """Four new customers come between the answers of one try; the next one finds the server quiet."""
    left = list(range(4))

    def others(request: httpx.Request, response: httpx.Response) -> None:
        if left and request.url.path == "/v1/pull":
            company.say(installation.sessions, company.customer(f"M{left.pop()}", "NW"))

    (result,) = run("http://satchel.test", installation.code(), [rule], Falsifying(installation, others))
    assert (result.outcome, left) == ("pass", [])


def test_a_server_to_which_others_always_write_is_not_checked(installation: Installation) -> None:
    numbers = iter(range(10_000))

    def others(request: httpx.Request, response: httpx.Response) -> None:
        company.say(installation.sessions, company.customer(f"M{next(numbers)}", "NW"))

    (result,) = run("http://satchel.test", installation.code(), ["verify"], Falsifying(installation, others))
    assert result.outcome == "not applicable" and "others wrote" in result.detail
