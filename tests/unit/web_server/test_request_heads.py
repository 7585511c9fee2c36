"""Heads that are not valid HTTP/1.1 get a problem under both servers, found by server or app."""

import pytest

from backend.api.responses import HEADERS
from sync_protocol.problem import ProblemSchema
from tests.unit.web_server.conftest import SmallServer
from tests.unit.web_server.test_smuggling import POST

LINE = b"GET /echo HTTP/1.1\r\n"
FAULTY = {
    "no Host": LINE + b"\r\n",
    "no Host, with a body": b"POST /echo HTTP/1.1\r\nContent-Length: 2\r\n\r\nab",
    "an empty Host": LINE + b"Host: \r\n\r\n",
    "two Hosts": LINE + b"Host: x\r\nHost: y\r\n\r\n",
    "the same Host twice": LINE + b"Host: x\r\nHost: x\r\n\r\n",
    "a list of Hosts": LINE + b"Host: x, y\r\n\r\n",
    "a Host with a path": LINE + b"Host: x/y\r\n\r\n",
    "a Host with a user": LINE + b"Host: user@x\r\n\r\n",
    "a Host with a space": LINE + b"Host: x y\r\n\r\n",
    "a Host with two ports": LINE + b"Host: x:80:80\r\n\r\n",
    "a Host with a port that is no number": LINE + b"Host: x:http\r\n\r\n",
    "a Host that is half an address": LINE + b"Host: [::1\r\n\r\n",
    "a Host in HTTP/1.0 that is none": b"GET /echo HTTP/1.0\r\nHost: x/y\r\n\r\n",
    "chunked twice": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "an expectation that nobody knows": POST + b"Expect: gold\r\nContent-Length: 0\r\n\r\n",
}
SOUND = {
    "a name": LINE + b"Host: satchel.example.com\r\n\r\n",
    "a name and a port": LINE + b"Host: satchel.example.com:8000\r\n\r\n",
    "an address": LINE + b"Host: 127.0.0.1\r\n\r\n",
    "an IPv6 address and a port": LINE + b"Host: [::1]:8000\r\n\r\n",
    "a name of a container": LINE + b"Host: web_1\r\n\r\n",
    "HTTP/1.0 without a Host": b"GET /echo HTTP/1.0\r\n\r\n",
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_faulty_head_is_a_problem(either: SmallServer, name: str) -> None:
    with either.talk() as talk:
        talk.send(FAULTY[name])
        reply = talk.reply()
        assert (reply.status, reply.json["code"]) == (400, "request_malformed")
        assert reply.headers["connection"] == "close"
        assert reply.headers["content-type"] == "application/problem+json"
        assert ProblemSchema().validate(reply.json) == {}
        for header, value in HEADERS.items():
            assert reply.headers[header.lower()] == value
        assert reply.headers["x-request-id"] == reply.json["request_id"]
        assert talk.ended()


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_head_is_answered(either: SmallServer, name: str) -> None:
    with either.talk() as talk:
        talk.send(SOUND[name])
        assert talk.reply().status == 200
