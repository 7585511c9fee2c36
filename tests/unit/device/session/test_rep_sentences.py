"""What a rep reads of a failed request: a sentence without hosts, statuses and codes, whatever has failed."""

import gzip
from collections.abc import Callable

import httpx
import pytest

from backend.delivery.technical_terms import has_technical_terms
from sync_protocol.conformance.http_server import problem
from sync_protocol.device.device import Device
from sync_protocol.device.errors import ContractBroken, DeviceError, EnrolAgain, Problem
from sync_protocol.device.page import read_page
from sync_protocol.device.session.transport import Transport
from sync_protocol.errors import ErrorCode
from tests.unit.device.company import order_body
from tests.unit.device.feed_server import FeedServer
from tests.unit.device.session.test_transport import Line

HOST = "https://satchel.example.com"
HTML = {"Content-Type": "text/html"}
JSON = {"Content-Type": "application/json"}
PROBLEM = {"Content-Type": "application/problem+json"}

Answer = Callable[[httpx.Request], httpx.Response]


def raising(error: type[httpx.TransportError]) -> Answer:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error("[Errno 111] Connection refused")

    return answer


def answering(status: int, content: bytes, headers: dict[str, str]) -> Answer:
    return lambda request: httpx.Response(status, headers=headers, stream=httpx.ByteStream(content))


ANSWERS = {
    "no connection": raising(httpx.ConnectError),
    "no answer in time": raising(httpx.ReadTimeout),
    "redirect": answering(302, b"", {"Location": "https://portal.test/login"}),
    "sign-in page": answering(200, b"<html>", HTML),
    "page of an error": answering(404, b"<html>", HTML),
    "proxy's 413": answering(413, b"<html>", HTML),
    "proxy's 429": answering(429, b"<html>", HTML),
    "proxy's 502": answering(502, b"<html>", HTML),
    "cut JSON": answering(200, b'{"a": [', JSON),
    "cut gzip": answering(200, gzip.compress(b"{}")[:-4], JSON | {"Content-Encoding": "gzip"}),
    "unknown coding": answering(200, b"{}", JSON | {"Content-Encoding": "br"}),
    "problem without a code": answering(400, b"{}", PROBLEM),
}


def require_plain(error: DeviceError) -> None:
    """The rep's sentence has no technical term and repeats nothing of what support reads."""
    sentence = str(error)
    assert sentence and error.technical
    assert not has_technical_terms(sentence), sentence
    assert not any(character.isdigit() for character in sentence), sentence
    assert "satchel.example.com" not in sentence and error.technical not in sentence


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_failed_request_names_neither_host_nor_status_to_the_rep(answer: Answer) -> None:
    transport = Transport(HOST, http=Line(answer))
    with pytest.raises(DeviceError) as raised:
        transport.request("GET", "/v1/pull")
    transport.close()
    require_plain(raised.value)


@pytest.mark.parametrize("code", [code for code in ErrorCode if code.value.status], ids=lambda code: code.code)
def test_a_problem_is_a_sentence_for_the_rep_and_words_for_support(code: ErrorCode) -> None:
    detail = "POST /v1/push: psycopg.OperationalError at db.internal:5432"
    error = Problem(code.value.status, {"code": code.code, "detail": detail})
    require_plain(error)
    assert error.technical == f"{detail} ({code.code})"


def test_a_reply_that_breaks_the_contract_says_its_fault_to_support_only() -> None:
    with pytest.raises(ContractBroken) as raised:
        read_page({"epoch": 7}, None)
    require_plain(raised.value)
    assert "cursor" in raised.value.technical


def test_a_document_that_the_server_refuses_as_a_whole_says_so_plainly(
    device: Device, server: FeedServer
) -> None:
    device.capture("order", order_body())
    for path in ("/v1/sync", "/v1/push"):
        server.once(path, lambda request: problem(422, "envelope_invalid", detail="$.submissions[0]: HTTP 422"))
    (note,) = device.sync().notes
    [document] = device.documents()
    assert note == f"document {document.id} stays on this device: {document.errors[0]['message']}"
    assert not has_technical_terms(document.errors[0]["message"])
    assert document.errors[0]["code"] == "envelope_invalid"


def test_a_device_that_is_not_known_any_more_is_told_to_enrol(device: Device, server: FeedServer) -> None:
    server.once("/v1/pull", lambda request: problem(401, "token_expired"))
    server.once(
        "/v1/token", lambda request: problem(401, "refresh_invalid", detail="sha256 of 0x7f3a is unknown")
    )
    with pytest.raises(EnrolAgain) as raised:
        device.sync()
    require_plain(raised.value)


def test_a_401_of_a_newer_server_refreshes_the_token(device: Device, server: FeedServer) -> None:
    server.received.clear()
    server.once("/v1/pull", lambda request: problem(401, "of_a_newer_server"))
    report = device.sync()
    assert report.problem is None and server.generation == 2
