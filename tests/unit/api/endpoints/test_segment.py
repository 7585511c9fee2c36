"""Segments over HTTP: bytes and ranges for devices with access, an error code for all others."""

import hashlib
import json

import pytest

from backend.feed import segments
from backend.sync import grants
from sync_protocol.segment import MEDIA_TYPE, decode
from tests.unit.api.endpoints.segment_download import download, large, offered_segment, phone, problem
from tests.unit.api.installation import Installation, Phone

__all__ = ["large", "phone"]


def test_a_segment_download_has_the_offered_bytes(phone: Phone) -> None:
    segment = offered_segment(phone)
    reply = download(phone, segment["sha256"])
    assert reply.status_code == 200 and len(reply.data) == segment["bytes"]
    assert len(decode(reply.data, sha256=segment["sha256"], most=2**24).rows) == 600
    assert reply.content_type == MEDIA_TYPE
    assert "Content-Encoding" not in reply.headers
    assert reply.headers["ETag"] == f'"{segment["sha256"]}"'
    assert reply.headers["Accept-Ranges"] == "bytes"
    assert reply.headers["Cache-Control"] == "private, max-age=31536000, immutable"


def test_a_segment_is_not_compressed_again(phone: Phone) -> None:
    reply = download(phone, offered_segment(phone)["sha256"], Accept_Encoding="zstd, br, gzip")
    assert "Content-Encoding" not in reply.headers and reply.headers["ETag"].startswith('"')
    # Otherwise a cache would keep a copy for each Accept-Encoding.
    assert "Vary" not in reply.headers


@pytest.mark.parametrize(
    ("range_header", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, None),
        ("bytes=100-199", 100, 200),
        ("bytes=300-", 300, None),
        ("bytes=-10", -10, None),
        ("bytes=0-999999999999999999999999999999", 0, None),
        ("bytes=-999999999999999999999999999999", 0, None),
    ],
)
def test_a_range_request_gets_that_range(phone: Phone, range_header: str, start: int, end: int | None) -> None:
    name = offered_segment(phone)["sha256"]
    content = download(phone, name).data
    reply = download(phone, name, Range=range_header)
    expected = content[start:end]
    first = start if start >= 0 else len(content) + start
    assert (reply.status_code, reply.data) == (206, expected)
    assert reply.headers["Content-Range"] == f"bytes {first}-{first + len(expected) - 1}/{len(content)}"
    assert reply.content_length == len(expected)


@pytest.mark.parametrize(
    "range_header",
    ["bytes=999999999-", "bytes=9999999999999999999999999999-", "bytes=5000000-6000000"],
)
def test_a_range_beyond_the_end_gets_the_size(phone: Phone, range_header: str) -> None:
    segment = offered_segment(phone)
    reply = download(phone, segment["sha256"], Range=range_header)
    assert problem(reply) == (416, "range_beyond_end")
    assert reply.headers["Content-Range"] == f"bytes */{segment['bytes']}"
    assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "range_header",
    [
        "bytes=0-1,5-9",
        "bytes=0-1," * 9 + "20-30",
        "bytes=5-2",
        "bytes=-0",
        "bytes=--5",
        "bytes=a-b",
        "bytes=",
        "bytes=-",
        "bytes",
        "=0-1",
        "items=0-1",
        "bytes=" + "9" * 5_000 + "-",
        "bytes=0-" + "9" * 5_000,
        "bytes=１-2".encode().decode("latin-1"),
    ],
)
def test_anything_but_a_single_range_gets_the_whole_segment(phone: Phone, range_header: str) -> None:
    segment = offered_segment(phone)
    reply = download(phone, segment["sha256"], Range=range_header)
    assert (reply.status_code, len(reply.data)) == (200, segment["bytes"])


def test_if_range_gives_the_range_only_of_an_unchanged_segment(phone: Phone) -> None:
    name = offered_segment(phone)["sha256"]
    same = download(phone, name, Range="bytes=5-9", If_Range=f'"{name}"')
    assert (same.status_code, len(same.data)) == (206, 5)
    for other in (f'W/"{name}"', '"other"', "Wed, 25 Nov 2026 10:00:00 GMT", name, ""):
        assert download(phone, name, Range="bytes=5-9", If_Range=other).status_code == 200


def test_a_phone_that_has_the_segment_gets_304(phone: Phone) -> None:
    name = offered_segment(phone)["sha256"]
    for tag in (f'"{name}"', f'W/"{name}"', f'"a", "{name}"', "*"):
        reply = download(phone, name, If_None_Match=tag)
        assert (reply.status_code, reply.data) == (304, b"")
        assert reply.headers["ETag"] == f'"{name}"'
    assert download(phone, name, If_None_Match='"other"').status_code == 200


def test_head_gives_the_size_without_the_bytes(phone: Phone) -> None:
    segment = offered_segment(phone)
    reply = phone.ask("HEAD", f"/v1/segments/{segment['sha256']}")
    assert (reply.status_code, reply.data, reply.content_length) == (200, b"", segment["bytes"])
    for range_header in ("bytes=0-9", "bytes=999999999-"):  # ranges are of GET
        ranged = phone.ask("HEAD", f"/v1/segments/{segment['sha256']}", headers={"Range": range_header})
        assert (ranged.status_code, ranged.content_length) == (200, segment["bytes"])


def test_a_cut_download_resumes_at_its_offset(phone: Phone) -> None:
    segment = offered_segment(phone)
    name, received = segment["sha256"], b""
    for cut in (1, 7, 300, 301, segment["bytes"] - 1):
        received += download(phone, name, Range=f"bytes={len(received)}-{cut - 1}", If_Range=f'"{name}"').data
        assert len(received) == cut
    received += download(phone, name, Range=f"bytes={len(received)}-", If_Range=f'"{name}"').data
    assert hashlib.sha256(received).hexdigest() == name


def test_a_rep_without_the_stream_gets_not_found(large: Installation, phone: Phone) -> None:
    name = offered_segment(phone)["sha256"]
    stranger = large.phone("R2")
    reply = download(stranger, name)
    unknown = download(stranger, "0" * 64)
    assert problem(reply) == problem(unknown) == (404, "not_found")
    assert {**reply.json, "request_id": 0} == {**unknown.json, "request_id": 0}
    assert problem(download(stranger, name, If_None_Match=f'"{name}"')) == (404, "not_found")


def test_a_rep_who_lost_the_stream_gets_no_further_byte(large: Installation, phone: Phone) -> None:
    name = offered_segment(phone)["sha256"]
    assert download(phone, name, Range="bytes=0-99").status_code == 206
    large.change(lambda s: grants.unassign(s, "R1", "territory:NW", large.clock.now()))
    assert problem(download(phone, name, Range="bytes=100-")) == (404, "not_found")


def test_a_role_that_loses_the_collection_loses_its_segments(large: Installation, phone: Phone) -> None:
    name = offered_segment(phone)["sha256"]
    large.change(lambda s: grants.set_role(s, "sales", ["products"]))
    assert problem(download(phone, name)) == (404, "not_found")


def test_a_retired_segment_is_still_served(large: Installation, phone: Phone) -> None:
    name = offered_segment(phone)["sha256"]
    large.change(lambda s: segments.retire(s, ("territory:NW", "customers"), large.clock.now()))
    assert download(phone, name).status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "a" * 63,
        "a" * 65,
        "A" * 64,
        "g" * 64,
        "..%2f..%2fkeys",
        "%00" * 64,
        "a" * 60 + "%0a%0a%0a%0a",
        "é" * 64,
    ],
)
def test_a_segment_name_that_is_no_sha256_is_not_found(phone: Phone, name: str) -> None:
    assert problem(download(phone, name)) == (404, "not_found")


@pytest.mark.parametrize("harm", ["missing", "cut", "grown"])
def test_a_segment_without_its_file_is_withdrawn_and_rebuilt(
    large: Installation, phone: Phone, harm: str
) -> None:
    segment = offered_segment(phone)
    path = large.satchel.segments.path(segment["sha256"])
    if harm == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] if harm == "cut" else path.read_bytes() + b"x")
    assert problem(download(phone, segment["sha256"])) == (410, "segment_gone")
    rebuilt = offered_segment(phone)
    assert rebuilt["sha256"] == segment["sha256"]
    assert download(phone, rebuilt["sha256"]).status_code == 200


def test_a_page_has_rows_when_a_lost_segment_cannot_be_rebuilt(
    large: Installation, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    large.satchel.segments.path(offered_segment(phone)["sha256"]).unlink()
    name = large.change(lambda s: segments.on_offer(s, [("territory:NW", "customers")]))
    download(phone, name["territory:NW", "customers"][0].sha256)
    monkeypatch.setattr(large.satchel.on_demand_builder, "_retry_at", float("inf"))
    page = json.loads(phone.pull(query={"schema": 2}).data)
    assert page["segments"] == [] and sum(len(change["put"]) for change in page["changes"]) > 100


def test_the_reply_names_the_file_for_nginx(
    large: Installation, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    segment = offered_segment(phone)
    object.__setattr__(large.satchel.settings, "segment_accel", "/internal/segments/")
    reply = download(phone, segment["sha256"], Range="bytes=0-9")
    assert (
        reply.headers["X-Accel-Redirect"] == f"/internal/segments/{segment['sha256'][:2]}/{segment['sha256']}"
    )
    assert (reply.status_code, reply.data) == (200, b"")
    assert "Content-Range" not in reply.headers
