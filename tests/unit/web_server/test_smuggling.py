"""Requests whose end two servers might see at different places: each is refused, and ends its connection.

After every one of them comes a complete second request. A server that answers it has read it as a request of
its own although a proxy may have passed it on as the body of the first (RFC 9112, section 11.2).
"""

import pytest

from tests.unit.web_server.conftest import SmallServer

SECOND = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /echo HTTP/1.1\r\nHost: x\r\n"

REFUSED = {
    "CL.TE": (400, POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "TE.CL": (400, POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\n"),
    "CL.CL": (400, POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde"),
    "CL.CL, equal": (400, POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde"),
    "CL as a list": (400, POST + b"Content-Length: 5, 5\r\n\r\nabcde"),
    "CL with a sign": (400, POST + b"Content-Length: +5\r\n\r\nabcde"),
    "CL negative": (400, POST + b"Content-Length: -5\r\n\r\nabcde"),
    "CL in hexadecimal": (400, POST + b"Content-Length: 0x5\r\n\r\nabcde"),
    "CL with other digits": (400, POST + b"Content-Length: \xb2\r\n\r\nab"),
    "CL empty": (400, POST + b"Content-Length: \r\n\r\nabcde"),
    "TE.TE, chunked twice": (400, POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    "TE.TE, two headers": (
        400,
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    ),
    "TE not last": (400, POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
    "TE without chunked": (400, POST + b"Transfer-Encoding: gzip\r\nContent-Length: 0\r\n\r\n"),
    "TE unknown": (501, POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    "TE with a tab in the name": (400, POST + b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n"),
    "TE with a space in the name": (400, POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    "TE with a vertical tab": (400, POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n"),
    "TE in HTTP/1.0": (400, b"POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "TE by obs-fold": (400, POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
    "obs-fold": (400, POST + b"X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n"),
    "obs-fold with a tab": (400, POST + b"X-A: b\r\n\tContent-Length: 0\r\n\r\n"),
    "bare LF in the head": (400, POST + b"X-A: b\nContent-Length: 5\r\n\r\nabcde"),
    "bare LF as its end": (400, b"GET /echo HTTP/1.1\nHost: x\n\n"),
    "bare CR in a value": (400, POST + b"X-A: b\rTransfer-Encoding: chunked\r\n\r\n"),
    "NUL in a value": (400, POST + b"X-A: \x00\r\n\r\n"),
    "Host twice": (400, b"GET /echo HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"),
    "a space before the first header": (400, b"GET /echo HTTP/1.1\r\n Host: x\r\n\r\n"),
    "no header name": (400, b"GET /echo HTTP/1.1\r\n: x\r\n\r\n"),
    "HTTP/2 by its preface": (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "HTTP/0.9": (400, b"GET /echo\r\n\r\n"),
    "a version with more digits": (400, b"GET /echo HTTP/1.10\r\nHost: x\r\n\r\n"),
    "a target with a space": (400, b"GET /echo /b HTTP/1.1\r\nHost: x\r\n\r\n"),
    "a chunk size with a sign": (400, POST + b"Transfer-Encoding: chunked\r\n\r\n+5\r\nabcde\r\n0\r\n\r\n"),
    "a chunk size with 0x": (400, POST + b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nabcde\r\n0\r\n\r\n"),
    "a chunk size of many digits": (400, POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\n"),
    "a chunk line with a bare LF": (400, POST + b"Transfer-Encoding: chunked\r\n\r\n5\nabcde\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_ambiguous_request_is_refused_and_ends_the_connection(server: SmallServer, name: str) -> None:
    status, request = REFUSED[name]
    with server.talk() as talk:
        talk.send(request + SECOND)
        reply = talk.reply()
        assert (reply.status, reply.headers["connection"]) == (status, "close")
        assert reply.headers["content-type"] == "application/problem+json"
        assert talk.ended(), "the second request was answered too"


PASSED_BY_GRANIAN = {"CL.CL, equal", "bare LF in the head", "bare LF as its end"}
"""Read by granian in one way, by some proxies in another: `docs/operations.md` says what a proxy must do."""


@pytest.mark.parametrize("name", REFUSED)
def test_granian_answers_no_second_request(granian: SmallServer, name: str) -> None:
    """It refuses the first one without a body, or reads it by the rules of chunks and then closes."""
    with granian.talk() as talk:
        talk.send(REFUSED[name][1] + SECOND)
        answers = talk.rest().count(b"HTTP/1.1 ")
    assert answers <= 1 or name in PASSED_BY_GRANIAN


BROKEN = {
    "a chunk longer than its size": b"2\r\nabcde\r\n0\r\n\r\n",
    "a chunk shorter than its size": b"9\r\nabcde\r\n0\r\n\r\n",
    "an extension with a bare CR": b"5;a\rb\r\nabcde\r\n0\r\n\r\n",
    "a trailer that changes the framing": b"5\r\nabcde\r\n0\r\nContent-Length: 5\r\n\r\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_chunks_that_do_not_add_up_end_the_connection(server: SmallServer, name: str) -> None:
    with server.talk() as talk:
        talk.send(POST + b"Transfer-Encoding: chunked\r\n\r\n" + BROKEN[name] + SECOND)
        talk.end_sending()
        reply = talk.reply()
        assert reply.status == 400 or reply.body.startswith(b"broken "), reply
        assert talk.ended(), "the second request was answered too"


@pytest.mark.parametrize("body", [b"", b"abcde"], ids=["no body", "a body that the app does not read"])
def test_requests_sent_together_are_answered_one_after_another(server: SmallServer, body: bytes) -> None:
    first = b"POST /ignore HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    chunked = POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;name=x\r\ndefg\r\n0\r\nX-T: 1\r\n\r\n"
    with server.talk() as talk:
        talk.send((first + body + chunked) * 3 + SECOND)
        for _ in range(3):
            assert talk.reply().body == b"ignored"
            assert talk.reply().body.startswith(b"POST 7 whole")
        assert talk.reply().body.startswith(b"GET 0 whole")
