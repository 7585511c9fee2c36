"""Every reply is distrusted until it is whole and is the server's."""

import gzip
import json
from collections.abc import Callable

import httpx
import pytest

from sync_protocol.conformance.http_server import Reply, json_reply
from sync_protocol.device import connection
from sync_protocol.device.device import Device
from sync_protocol.device.errors import Damaged, NotOurServer, Offline, Problem
from sync_protocol.device.session import transport as under_test
from sync_protocol.device.session.transport import Transport
from tests.unit.device.feed_server import FeedServer

JSON = {"Content-Type": "application/json"}


class Line(httpx.BaseTransport):
    """Answers with what it is given."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self.answer = answer

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        ready = self.answer(request)
        return httpx.Response(ready.status_code, headers=ready.headers, stream=ready.stream)


def ask(status: int, content: bytes, headers: dict[str, str]) -> connection.Reply:
    stream = httpx.ByteStream(content)
    line = Transport(
        "https://x.test", http=Line(lambda request: httpx.Response(status, headers=headers, stream=stream))
    )
    try:
        return line.request("GET", "/v1/pull")
    finally:
        line.close()


def test_a_captive_portal_is_not_the_server(device: Device, server: FeedServer) -> None:
    before = device.status().sync_state
    page = b"<html>Welcome to our lounge</html>"
    server.once("/v1/pull", lambda request: Reply(200, page, {"Content-Type": "text/html"}))
    report = device.sync()
    assert isinstance(report.problem, NotOurServer)
    assert device.status().sync_state == before


@pytest.mark.parametrize("status", [200, 401, 403, 404, 511])
def test_html_is_never_accepted_as_a_reply(status: int) -> None:
    with pytest.raises(NotOurServer, match="sign-in page"):
        ask(status, b"<html>", {"Content-Type": "text/html"})


def test_a_401_in_plain_json_wipes_nothing(device: Device, server: FeedServer) -> None:
    forged = {"code": "device_revoked", "wipe": True}
    server.once("/v1/pull", lambda request: json_reply(forged, 401))
    assert isinstance(device.sync().problem, NotOurServer)
    assert device.identity is not None


def test_a_redirect_is_not_followed() -> None:
    with pytest.raises(NotOurServer) as raised:
        ask(302, b"", {"Location": "https://portal.test/"})
    assert raised.value.technical == "https://x.test answered with a redirect"


@pytest.mark.parametrize("status", [413, 429, 500, 502, 503, 504])
def test_a_proxys_own_words_for_a_status_mean_the_same(status: int) -> None:
    with pytest.raises(Problem) as problem:
        ask(status, b"<h1>Bad</h1>", {"Content-Type": "text/html", "Retry-After": "9"})
    assert (problem.value.status, problem.value.retry_after) == (status, 9)


def test_a_compressed_page_that_was_cut_anywhere_is_damaged() -> None:
    packed = gzip.compress(json.dumps({"rows": ["x" * 50, "y" * 50]}).encode())
    headers = JSON | {"Content-Encoding": "gzip"}
    assert ask(200, packed, headers).value["rows"]
    for length in range(len(packed)):
        with pytest.raises(Damaged):
            ask(200, packed[:length], headers)


def test_a_cut_page_leaves_cursor_and_rows_alone(device: Device, server: FeedServer) -> None:
    before = device.status()
    server.feed.gone("customers", "C1")
    packed = gzip.compress(json.dumps(server.feed.page_after(before.sync_state.cursor)).encode())
    headers = JSON | {"Content-Encoding": "gzip"}
    server.once("/v1/pull", lambda request: Reply(200, packed[:-4], headers))
    assert isinstance(device.sync().problem, Damaged)
    assert device.status() == before
    assert device.sync().complete
    assert device.record("customers", "C1") is None


@pytest.mark.parametrize("content", [b"", b"{", b'{"a":', b"[" * 100_000])
def test_json_that_is_not_whole_is_damaged(content: bytes) -> None:
    with pytest.raises(Damaged):
        ask(200, content, JSON)


def test_a_reply_that_inflates_without_end_is_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "MAX_REPLY_BYTES", 1000)
    bomb = gzip.compress(b'"' + b"a" * 100_000 + b'"')
    with pytest.raises(Damaged) as raised:
        ask(200, bomb, JSON | {"Content-Encoding": "gzip"})
    assert "inflates" in raised.value.technical


def test_something_behind_the_compressed_body_is_damage() -> None:
    with pytest.raises(Damaged):
        ask(200, gzip.compress(b"{}") + b"more", JSON | {"Content-Encoding": "gzip"})


def test_a_coding_that_was_not_asked_for_is_damage() -> None:
    with pytest.raises(Damaged):
        ask(200, b"{}", JSON | {"Content-Encoding": "br"})


def test_a_connection_that_was_never_made_sent_nothing_and_one_that_broke_may_have() -> None:
    def raising(error: type[httpx.TransportError]) -> Offline:
        def answer(request: httpx.Request) -> httpx.Response:
            raise error("no", request=request)

        line = Transport("https://x.test", http=Line(answer))
        with pytest.raises(Offline) as offline:
            line.request("GET", "/")
        line.close()
        return offline.value

    assert not raising(httpx.ConnectError).sent and not raising(httpx.ConnectTimeout).sent
    assert raising(httpx.ReadError).sent and raising(httpx.RemoteProtocolError).sent
    assert raising(httpx.ReadTimeout).sent


@pytest.mark.parametrize("text", ["Wed, 21 Oct 2026 07:28:00 GMT", "-1", "1.5", "", "99999999", "²"])
def test_a_retry_after_that_is_no_number_of_seconds_is_ignored(text: str) -> None:
    headers = {"Content-Type": "application/problem+json"} | ({"Retry-After": text} if text.isascii() else {})
    with pytest.raises(Problem) as problem:
        ask(503, b'{"code":"unavailable"}', headers)
    assert problem.value.retry_after is None


def test_large_bodies_travel_compressed_and_small_ones_plain() -> None:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        request.read()
        requests.append(request)
        return httpx.Response(200, headers=JSON, content=b"{}")

    line = Transport("https://x.test", http=Line(answer))
    line.request("POST", "/v1/push", content=b"{}")
    line.request("POST", "/v1/push", content=b'"' + b"a" * 5000 + b'"')
    line.close()
    assert "content-encoding" not in requests[0].headers
    assert gzip.decompress(requests[1].content) == b'"' + b"a" * 5000 + b'"'
    assert line.sent < 200
