"""The server's own errors are problems with the headers of every reply, and repeat nothing of the request."""

import json

import pytest

from backend.api.responses import HEADERS, SECURE
from sync_protocol.errors import WEB_SERVER_CODES
from sync_protocol.limits import LIMITS
from sync_protocol.problem import ProblemSchema
from tests.eventually import eventually
from tests.unit.web_server.conftest import SmallServer, Start
from tests.unit.web_server.conversation import RawReply

MARK = b"gandalf"
POST = b"POST /echo HTTP/1.1\r\nHost: x\r\n"
CHUNK = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
ERRORS = {
    "a request line that is none": (400, "request_malformed", b"GET " + MARK + b"\r\n\r\n"),
    "a header that is none": (400, "request_malformed", b"GET / HTTP/1.1\r\n" + MARK + b"\r\n\r\n"),
    "an expectation": (400, "request_malformed", POST + b"Expect: " + MARK + b"\r\nContent-Length: 0\r\n\r\n"),
    "a long address": (414, "uri_too_long", b"GET /" + MARK * 1200 + b" HTTP/1.1\r\n\r\n"),
    "a long address without an end": (414, "uri_too_long", b"GET /" + MARK * 1200),
    "a long header": (431, "headers_too_large", b"GET / HTTP/1.1\r\nX-A: " + MARK * 1200 + b"\r\n\r\n"),
    "many headers": (431, "headers_too_large", b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 65 + b"\r\n"),
    "headers without an end": (431, "headers_too_large", b"GET / HTTP/1.1\r\n" + b"X-A: gandalf\r\n" * 2400),
    "a coding": (501, "transfer_coding_unsupported", POST + b"Transfer-Encoding: " + MARK + b"\r\n\r\n"),
    "a long body": (413, "body_too_large", POST + b"Content-Length: %d\r\n\r\n" % (LIMITS.push_bytes + 1)),
    "a length of many digits": (413, "body_too_large", POST + b"Content-Length: " + b"9" * 4000 + b"\r\n\r\n"),
    "a long body in chunks": (
        413, "body_too_large",
        POST + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNK * (LIMITS.push_bytes // 0x10000) + b"1\r\n",
    ),
    "a long chunk": (413, "body_too_large", POST + b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n"),
    "tiny chunks": (
        400, "request_malformed", POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 25_000
    ),
    "an error of the app": (500, "internal", b"GET /fail HTTP/1.1\r\nHost: x\r\n\r\n"),
}  # fmt: skip


def assert_problem(reply: RawReply, status: int, code: str) -> None:
    assert (reply.status, reply.json["code"], reply.json["status"]) == (status, code, status)
    assert ProblemSchema().validate(reply.json) == {}
    for name, value in {**HEADERS, SECURE[0]: SECURE[1], "Content-Type": "application/problem+json"}.items():
        assert reply.headers[name.lower()] == value
    assert reply.headers["x-request-id"] == reply.json["request_id"]
    assert (reply.headers["satchel-error"], reply.headers["connection"]) == (code, "close")
    assert "server" not in reply.headers


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_of_the_server_is_a_problem(server: SmallServer, name: str) -> None:
    status, code, request = ERRORS[name]
    with server.talk() as talk:
        talk.send(request)
        reply = talk.reply()
        assert_problem(reply, status, code)
        assert MARK not in reply.body
        assert b"secret" not in reply.body
        assert talk.ended()


def test_each_error_of_the_server_is_tried() -> None:
    tried = {code for _, code, _ in ERRORS.values()} | {"request_timeout"}
    assert {code.code for code in WEB_SERVER_CODES} <= tried


def test_the_log_has_the_request_id_and_nothing_of_the_request(server: SmallServer) -> None:
    with server.talk() as talk:
        talk.send(
            POST + b"X-Request-Id: shown-to-the-rep\r\nContent-Length: 99999999\r\nX-Name: gandalf\r\n\r\n"
        )
        assert talk.reply().json["request_id"] == "shown-to-the-rep"
    text = server.log.read_text()
    [line] = [json.loads(line) for line in text.splitlines() if "shown-to-the-rep" in line]
    assert (line["method"], line["status"], line["code"]) == ("POST", 413, "body_too_large")
    assert "gandalf" not in text


def test_a_head_is_answered_without_a_body(server: SmallServer) -> None:
    with server.talk() as talk:
        talk.send(b"HEAD /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
        with pytest.raises(ConnectionError, match="after b''"):
            talk.reply()


def test_a_client_that_waits_for_100_continue_is_told_or_refused_before_it_sends(server: SmallServer) -> None:
    with server.talk() as talk:
        talk.send(POST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        assert talk.reply().status == 100
        talk.send(b"abc")
        assert talk.reply().body.startswith(b"POST 3 whole")
        talk.send(POST + b"Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n")
        assert_problem(talk.reply(), 413, "body_too_large")


def test_an_app_that_fails_after_its_head_ends_the_connection(server: SmallServer) -> None:
    with server.talk() as talk, pytest.raises(ConnectionError):
        talk.get("/fail-late")


def test_a_head_that_does_not_come_is_a_problem_in_the_end(start: Start) -> None:
    server = start(web_client_seconds="1")
    with server.talk() as talk, server.talk() as silent:
        talk.send(b"GET /echo HTTP/1.1\r\nX-A: ")
        assert_problem(talk.reply(), 408, "request_timeout")
        assert silent.ended(), "a browser that connects in advance is not answered"


def test_the_connection_that_gives_way_is_told_to_come_again(start: Start) -> None:
    server = start(web_connections="10")
    talks = [server.talk() for _ in range(10)]
    try:
        for talk in talks[:9]:
            talk.send(b"GET /echo HTTP/1.1\r\nHost: ")
        # When this is answered, what was sent before has been read; a client that sent nothing gets no reply.
        assert talks[9].get().status == 200
        talks += [server.talk(), server.talk()]
        for talk in talks[:2]:
            reply = talk.reply()
            assert_problem(reply, 503, "unavailable")
            assert reply.headers["retry-after"] == "5"
        for talk in talks[2:9]:
            talk.send(b"b\r\n\r\n")
            assert talk.reply().status == 200
        for talk in talks[9:]:
            assert talk.get().status == 200
    finally:
        for talk in talks:
            talk.__exit__(None, None, None)
    eventually(lambda: "Traceback" not in server.log.read_text())
