"""Request bodies: limited in size before they are parsed, and one clear sentence about each fault."""

import gzip
import io
import json
import tracemalloc
import zlib
from typing import Any

import pytest
from gunicorn.http.errors import InvalidChunkSize

from sync_protocol.limits import LIMITS
from tests.unit.api.installation import Installation, Phone
from tests.unit.sync.company import order_body, submission

JSON = {"Content-Type": "application/json"}
GZIP = {**JSON, "Content-Encoding": "gzip"}
EMPTY = b'{"submissions":[]}'
ORDER = "01KBR9Z8Q5T0000000000000AA"


def push(phone: Phone, data: bytes, **headers: str) -> Any:
    return phone.ask("POST", "/v1/push", data=data, headers={**JSON, **headers})


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "Line 1, column 1: Expecting value."),
        (b'{"submissions":\n [1,}', "Line 2, column 5: Expecting value."),
        (b'{"submissions":[NaN]}', "NaN is not JSON."),
        (b'{"submissions":[-Infinity]}', "-Infinity is not JSON."),
        (b'{"submissions":[],"submissions":[1]}', 'The name "submissions" occurs twice in one object.'),
        (b'{"submissions":[{"a":{"id":1,"id":2}}]}', 'The name "id" occurs twice in one object.'),
        (b'{"submissions":[\xff]}', "Byte 17 is not UTF-8."),
        (b"[" * 100_000, "The body is nested too deeply."),
        (b'{"submissions":[' + b"9" * 5000 + b"]}", "The body contains a number that is too long."),
        (b'{"submissions":[' + b"1." + b"9" * 5000 + b"]}", "The body contains a number that is too long."),
        (b'{"submissions":[1e999]}', "The body contains a number that is too large."),
        (b'{"submissions":[-1e999]}', "The body contains a number that is too large."),
        (b"\xef\xbb\xbf{}", "Line 1, column 1: Unexpected UTF-8 BOM (decode using utf-8-sig)."),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_invalid_json_is_refused_with_its_position(phone: Phone, body: bytes, detail: str) -> None:
    reply = push(phone, body)
    assert (reply.status_code, reply.json["code"], reply.json["detail"]) == (400, "not_json", detail)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"[]", ""),
        (b"7", ""),
        (b"{}", "submissions"),
        (b'{"submissions":{}}', "submissions"),
        (json.dumps({"submissions": [1] * 101}).encode(), "submissions"),
    ],
    ids=repr,
)
def test_a_malformed_envelope_names_the_field(phone: Phone, body: bytes, field: str) -> None:
    reply = push(phone, body)
    assert (reply.status_code, reply.json["code"]) == (422, "envelope_invalid")
    assert [error["field"] for error in reply.json["errors"]] == [field]


def test_deeply_nested_json_is_answered_like_any_other(phone: Phone) -> None:
    """The code that formats the error runs deeper on the stack than the parser."""
    for depth in range(900, 1000):
        nested = "[" * depth + "]" * depth
        reply = phone.ask("POST", "/v1/verify", data=f'{{"cursor":{nested}}}'.encode(), headers=JSON)
        assert reply.status_code in (400, 422), depth


def test_an_invalid_submission_does_not_block_its_neighbours(phone: Phone) -> None:
    document = submission(ORDER, order_body())
    results = phone.push(None, 1.5, "x", [], {}, {"id": "\ud800"}, document).json["results"]
    assert [result["status"] for result in results] == ["refused"] * 6 + ["received"]


@pytest.mark.parametrize("number", ["1.5", "-0.0", "1E2", "9007199254740992"])
def test_a_float_in_a_document_is_refused_with_its_path(phone: Phone, number: str) -> None:
    document = submission(ORDER, order_body())
    text = json.dumps({"submissions": [document]}).replace('"quantity": "3"', f'"quantity": {number}')
    result = push(phone, text.encode()).json["results"][0]
    assert (result["status"], result["errors"][0]["field"]) == ("refused", "body.lines[0].quantity")
    assert result["errors"][0]["code"] == "not_canonical"


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": ""},
        {"Content-Encoding": "br"},
        {"Content-Encoding": "gzip, gzip"},
    ],
    ids=repr,
)
def test_another_content_type_or_coding_is_refused(phone: Phone, headers: dict[str, str]) -> None:
    reply = push(phone, EMPTY, **headers)
    assert (reply.status_code, reply.json["code"]) == (415, "encoding_unsupported")


def test_gzip_and_utf_8_are_accepted(phone: Phone) -> None:
    assert push(phone, gzip.compress(EMPTY, mtime=0), **GZIP).json == {"results": []}
    assert push(phone, EMPTY, **{"Content-Type": "application/json; charset=UTF-8"}).status_code == 200


@pytest.mark.parametrize(
    "data",
    [
        b"not gzip",
        gzip.compress(EMPTY, mtime=0)[:-5],
        gzip.compress(EMPTY, mtime=0) + b"x",
        gzip.compress(EMPTY, mtime=0)[:-8] + b"\0" * 8,
        zlib.compress(EMPTY),
        b"",
    ],
    ids=repr,
)
def test_damaged_gzip_is_answered_as_damaged(phone: Phone, data: bytes) -> None:
    reply = push(phone, data, **GZIP)
    assert (reply.status_code, reply.json["code"]) == (400, "body_damaged")


def test_an_oversized_body_is_refused_with_and_without_a_length(phone: Phone) -> None:
    large = b'{"submissions":["' + b"x" * LIMITS.push_bytes + b'"]}'
    for headers in ({}, {"Transfer-Encoding": "chunked"}):
        environ = {"wsgi.input_terminated": True} if headers else {}
        reply = phone.ask(
            "POST", "/v1/push", data=large, headers={**JSON, **headers}, environ_overrides=environ
        )
        assert (reply.status_code, reply.json["code"]) == (413, "body_too_large")


def test_a_gzip_bomb_is_refused_in_flat_memory(installation: Installation, phone: Phone) -> None:
    """A gigabyte of blanks in a megabyte of gzip: memory stays within a few times the limit."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    blanks = b" " * 2**20
    bomb = b"".join(packer.compress(blanks) for _ in range(1024)) + packer.flush()
    assert len(bomb) < 2 * 2**20
    push(phone, EMPTY)
    tracemalloc.start()
    reply = push(phone, bomb, **GZIP)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reply.status_code == 413
    assert peak < 4 * LIMITS.push_bytes


@pytest.mark.parametrize("server", ["one that says so", "one that gives less"])
def test_a_body_cut_by_the_connection_is_damaged(phone: Phone, server: str) -> None:
    cut = {"CONTENT_LENGTH": "18", "wsgi.input_terminated": server == "one that gives less"}
    reply = phone.ask("POST", "/v1/push", data=EMPTY[:5], headers=JSON, environ_overrides=cut)
    assert (reply.status_code, reply.json["code"]) == (400, "body_damaged")


class _NoChunk(io.RawIOBase):
    """The input stream of gunicorn for a request with a malformed chunk size."""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        raise InvalidChunkSize(b"zz")


@pytest.mark.parametrize("path", ["/v1/push", "/v1/sync", "/v1/verify", "/v1/enrol"])
def test_invalid_http_chunks_are_a_damaged_body(phone: Phone, path: str) -> None:
    chunked = {"wsgi.input": _NoChunk(), "wsgi.input_terminated": True}
    reply = phone.ask("POST", path, headers=JSON, environ_overrides=chunked)
    assert (reply.status_code, reply.json["code"]) == (400, "body_damaged")


def test_text_that_no_database_stores_is_refused_where_it_would_be_stored(installation: Installation) -> None:
    body = {"code": installation.code(), "public_key": {}, "device_name": "\ud800", "app_version": None}
    reply = installation.client.post("/v1/enrol", json=body)
    assert (reply.status_code, reply.json["code"]) == (422, "envelope_invalid")
    body = {"refresh_token": "\ud800"}
    assert installation.client.post("/v1/token", json=body).status_code == 422
