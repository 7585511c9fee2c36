"""Targets: what Tryton, or whatever answers in its place, sends: values, replies of calls, and raw HTTP."""

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import httpx
from hypothesis import strategies as st

from backend.connectors.tryton.client import Client
from backend.connectors.tryton.options import read_options
from backend.connectors.tryton.values import NotTrytonJson, loads
from backend.erp.errors import ErpError
from tests.security.fuzz.inputs import encoded, json_bytes, mutated_bytes, mutated_json
from tests.security.fuzz.target import accepts, pure
from tests.unit.connectors.tryton.garbage_server import LOGIN

VALUES = {
    "id": 1, "name": "x", "amount": {"__class__": "Decimal", "decimal": "12.50"}, "active": True,
    "stamp": {
        "__class__": "datetime", "year": 2026, "month": 11, "day": 23, "hour": 9, "minute": 0, "second": 0,
        "microsecond": 5,
    },
    "day": {"__class__": "date", "year": 2026, "month": 11, "day": 23},
    "time": {"__class__": "time", "hour": 9, "minute": 0, "second": 1, "microsecond": 0},
    "took": {"__class__": "timedelta", "seconds": 12.5}, "file": {"__class__": "bytes", "base64": "aGVsbG8="},
    "party.": {"id": 3, "code": "7"}, "lines": [1, 2],
}  # fmt: skip
"""A row as Tryton writes it, with each class of value."""
ROW = {"id": 1, "name": "x", "amount": VALUES["amount"]}
ERRORS = (
    ["UserError", ["The quantity is wrong", "", None]], ["UserWarning", ["w1", "Sure?", ""]],
    ["ConcurrencyException", [""]], ["AccessError", ["no", ""]], "a trace", ["KeyError", "'x'", "Traceback …"],
)  # fmt: skip
CALLS: tuple[tuple[Any, Callable[[Client], Any]], ...] = (
    ([ROW], lambda client: client.search_read("m", [], ["name"])),
    ([1], lambda client: client.search("m", [])),
    (3, lambda client: client.count("m", [])),
    ([ROW], lambda client: client.read("m", [1], ["name"])),
    ([4], lambda client: client.create("m", {})),
    (None, lambda client: client.write("m", [1], {})),
    (None, lambda client: client.click_button("m", "b", 1)),
    ("8.0", lambda client: client.version()),
)
"""A sound result, and the call that it answers."""
HEADERS = st.dictionaries(
    st.sampled_from(
        ("Content-Type", "Content-Encoding", "Retry-After", "Date", "Content-Length", "Set-Cookie")
    ),
    st.sampled_from(
        ("", "gzip", "gzip, gzip", "br", "9" * 400, "-1", "x", "Mon, 31 Feb 2026 25:61:00 GMT", "\x00", "ü",
         "Mon, 23 Nov 2026 09:00:00 GMT", "Mon, 23 Nov 99999 09:00:00 -9999", "0"),
    ),
    max_size=3,
)  # fmt: skip


@contextmanager
def _client(answer: Callable[[httpx.Request], httpx.Response]) -> Iterator[Client]:
    options = {
        "url": "http://127.0.0.1:9",
        "database": "erp",
        "user": "u",
        "password": "p",
        "timeout_seconds": "5",
    }
    client = Client(read_options(options))
    client._http.close()
    client._http = httpx.Client(transport=httpx.MockTransport(answer))
    with closing(client):
        yield client


def _streamed(body: bytes, status: int = 200, headers: Any = ()) -> httpx.Response:
    """Return a response whose body arrives while it is read, as from a connection."""
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))


def check_values(data: bytes) -> bool:
    """Read *data* as a value of Tryton."""
    return accepts(NotTrytonJson, loads, data)


def check_call(drawn: tuple[int, Any, bool, bool]) -> bool:
    """Answer a call with a changed result, error or envelope. The login is answered as it should, or not."""
    number, member, is_error, spoils_login = drawn

    def answer(request: httpx.Request) -> httpx.Response:
        call = json.loads(request.content)
        if call["method"] in LOGIN and not spoils_login:
            return _streamed(encoded({"id": call["id"], "result": LOGIN[call["method"]]}))
        name = "error" if is_error else "result"
        return _streamed(encoded({"id": call["id"], name: member}))

    with _client(answer) as client:
        return accepts(ErpError, CALLS[number][1], client)


def check_http(drawn: tuple[int, int, dict[str, str], bytes, bool, bool]) -> bool:
    """Answer a call, sometimes the login too, with a status, headers and bytes that no Tryton sends."""
    number, status, headers, body, packed, spoils_login = drawn
    if packed:
        headers = {**headers, "Content-Encoding": "gzip"}

    def answer(request: httpx.Request) -> httpx.Response:
        sent = [(name.encode(), value.encode()) for name, value in headers.items()]
        call = json.loads(request.content)
        if call["method"] in LOGIN and not spoils_login:
            return _streamed(encoded({"id": call["id"], "result": LOGIN[call["method"]]}))
        answered = body.replace(b"7777", b"%d" % call["id"])
        return _streamed(gzip.compress(answered, 1) if packed else answered, status, sent)

    with _client(answer) as client:
        return accepts(ErpError, CALLS[number][1], client)


def _members() -> st.SearchStrategy[Any]:
    return mutated_json(*(result for result, _ in CALLS), *ERRORS, VALUES, *LOGIN.values())


_RARELY = st.integers(0, 9).map(lambda drawn: drawn == 9)
_NUMBERS = st.integers(0, len(CALLS) - 1)
_ENVELOPES = tuple(encoded({"id": 7777, "result": result}) for result, _ in CALLS) + tuple(
    encoded({"id": 7777, "error": error}) for error in ERRORS
)

TARGETS = (
    pure(
        "erp-values",
        json_bytes(VALUES, [VALUES, VALUES]),
        check_values,
    ),
    pure(
        "erp-replies",
        st.tuples(_NUMBERS, _members(), st.booleans(), _RARELY),
        check_call,
    ),
    pure(
        "erp-http",
        st.tuples(
            _NUMBERS,
            st.sampled_from((200, 200, 200, 204, 301, 400, 401, 403, 404, 408, 413, 429, 500, 502, 503, 599)),
            HEADERS,
            mutated_bytes(*_ENVELOPES) | st.sampled_from(_ENVELOPES),
            st.booleans(),
            _RARELY,
        ),
        check_http,
    ),
)
