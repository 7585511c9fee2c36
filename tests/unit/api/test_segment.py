"""Segments over HTTP: bytes and ranges for devices with access, an error code for all others."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from werkzeug.test import TestResponse

from backend.clock import ManualClock
from backend.feed import segments
from backend.settings import read_settings
from backend.sync import grants
from sync_protocol.segment import MEDIA_TYPE, decode
from tests.unit.api.installation import Installation, Phone, install
from tests.unit.sync import company
from tests.unit.sync.segments.company import customers

BASE = "https://cdn.example.com"


@pytest.fixture
def large(tmp_path: Path, clock: ManualClock) -> Iterator[Installation]:
    """An installation with a CDN, and 600 customers that R1 may read and R2 may not."""
    settings = read_settings(
        {"SATCHEL_FOLDER": str(tmp_path / "instance"), "SATCHEL_SEGMENT_BASE_URL": BASE + "/"}
    )
    with install(settings, clock, lambda sessions: customers(sessions, 0, 600) and None) as found:
        yield found


@pytest.fixture
def phone(large: Installation) -> Phone:
    return large.phone()


def offer(phone: Phone) -> dict:
    (found,) = json.loads(phone.pull(query={"schema": 2}).data)["segments"]
    return found


def get(phone: Phone, name: str, **headers: str) -> TestResponse:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return phone.ask("GET", f"/v1/segments/{name}", headers=named)


def problem(reply: TestResponse) -> tuple[int, str]:
    return reply.status_code, reply.headers["Satchel-Error"]


def test_the_bytes_are_those_that_were_offered(phone: Phone) -> None:
    offered = offer(phone)
    reply = get(phone, offered["sha256"])
    assert reply.status_code == 200 and len(reply.data) == offered["bytes"]
    assert len(decode(reply.data, sha256=offered["sha256"], most=2**24).rows) == 600
    assert reply.content_type == MEDIA_TYPE
    assert "Content-Encoding" not in reply.headers
    assert reply.headers["ETag"] == f'"{offered["sha256"]}"'
    assert reply.headers["Accept-Ranges"] == "bytes"
    assert reply.headers["Cache-Control"] == "private, max-age=31536000, immutable"


def test_it_is_never_compressed_once_more(phone: Phone) -> None:
    reply = get(phone, offer(phone)["sha256"], Accept_Encoding="zstd, br, gzip")
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
def test_a_range_is_answered_with_that_range(
    phone: Phone, range_header: str, start: int, end: int | None
) -> None:
    name = offer(phone)["sha256"]
    whole = get(phone, name).data
    reply = get(phone, name, Range=range_header)
    expected = whole[start:end]
    first = start if start >= 0 else len(whole) + start
    assert (reply.status_code, reply.data) == (206, expected)
    assert reply.headers["Content-Range"] == f"bytes {first}-{first + len(expected) - 1}/{len(whole)}"
    assert reply.content_length == len(expected)


@pytest.mark.parametrize(
    "range_header",
    ["bytes=999999999-", "bytes=9999999999999999999999999999-", "bytes=5000000-6000000"],
)
def test_a_range_beyond_the_end_is_told_the_size(phone: Phone, range_header: str) -> None:
    offered = offer(phone)
    reply = get(phone, offered["sha256"], Range=range_header)
    assert problem(reply) == (416, "range_beyond_end")
    assert reply.headers["Content-Range"] == f"bytes */{offered['bytes']}"
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
def test_what_is_no_single_range_gets_the_whole(phone: Phone, range_header: str) -> None:
    offered = offer(phone)
    reply = get(phone, offered["sha256"], Range=range_header)
    assert (reply.status_code, len(reply.data)) == (200, offered["bytes"])


def test_if_range_gives_the_range_only_of_the_very_same_bytes(phone: Phone) -> None:
    name = offer(phone)["sha256"]
    same = get(phone, name, Range="bytes=5-9", If_Range=f'"{name}"')
    assert (same.status_code, len(same.data)) == (206, 5)
    for other in (f'W/"{name}"', '"other"', "Wed, 25 Nov 2026 10:00:00 GMT", name, ""):
        assert get(phone, name, Range="bytes=5-9", If_Range=other).status_code == 200


def test_who_has_the_bytes_is_told_so(phone: Phone) -> None:
    name = offer(phone)["sha256"]
    for tag in (f'"{name}"', f'W/"{name}"', f'"a", "{name}"', "*"):
        reply = get(phone, name, If_None_Match=tag)
        assert (reply.status_code, reply.data) == (304, b"")
        assert reply.headers["ETag"] == f'"{name}"'
    assert get(phone, name, If_None_Match='"other"').status_code == 200


def test_head_tells_the_size_without_the_bytes(phone: Phone) -> None:
    offered = offer(phone)
    reply = phone.ask("HEAD", f"/v1/segments/{offered['sha256']}")
    assert (reply.status_code, reply.data, reply.content_length) == (200, b"", offered["bytes"])
    for range_header in ("bytes=0-9", "bytes=999999999-"):  # ranges are of GET
        ranged = phone.ask("HEAD", f"/v1/segments/{offered['sha256']}", headers={"Range": range_header})
        assert (ranged.status_code, ranged.content_length) == (200, offered["bytes"])


def test_a_download_that_is_cut_at_any_byte_goes_on_there(phone: Phone) -> None:
    offered = offer(phone)
    name, received = offered["sha256"], b""
    for cut in (1, 7, 300, 301, offered["bytes"] - 1):
        received += get(phone, name, Range=f"bytes={len(received)}-{cut - 1}", If_Range=f'"{name}"').data
        assert len(received) == cut
    received += get(phone, name, Range=f"bytes={len(received)}-", If_Range=f'"{name}"').data
    assert hashlib.sha256(received).hexdigest() == name


def test_a_rep_who_does_not_hear_the_stream_learns_nothing(large: Installation, phone: Phone) -> None:
    name = offer(phone)["sha256"]
    stranger = large.phone("R2")
    reply = get(stranger, name)
    unknown = get(stranger, "0" * 64)
    assert problem(reply) == problem(unknown) == (404, "not_found")
    assert {**reply.json, "request_id": 0} == {**unknown.json, "request_id": 0}
    assert problem(get(stranger, name, If_None_Match=f'"{name}"')) == (404, "not_found")


def test_a_rep_who_may_no_longer_hear_the_stream_gets_no_further_byte(
    large: Installation, phone: Phone
) -> None:
    name = offer(phone)["sha256"]
    assert get(phone, name, Range="bytes=0-99").status_code == 206
    large.change(lambda s: grants.unassign(s, "R1", "territory:NW", large.clock.now()))
    assert problem(get(phone, name, Range="bytes=100-")) == (404, "not_found")


def test_a_role_that_loses_the_collection_loses_its_segments(large: Installation, phone: Phone) -> None:
    name = offer(phone)["sha256"]
    large.change(lambda s: grants.set_role(s, "sales", ["products"]))
    assert problem(get(phone, name)) == (404, "not_found")


def test_a_retired_segment_is_still_served(large: Installation, phone: Phone) -> None:
    name = offer(phone)["sha256"]
    large.change(lambda s: segments.retire(s, ("territory:NW", "customers"), large.clock.now()))
    assert get(phone, name).status_code == 200


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
def test_a_name_that_is_no_sha256_names_nothing(phone: Phone, name: str) -> None:
    assert problem(get(phone, name)) == (404, "not_found")


@pytest.mark.parametrize("harm", ["missing", "cut", "grown"])
def test_a_segment_whose_file_is_gone_is_withdrawn_and_built_again(
    large: Installation, phone: Phone, harm: str
) -> None:
    offered = offer(phone)
    path = large.satchel.segments.path(offered["sha256"])
    if harm == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] if harm == "cut" else path.read_bytes() + b"x")
    assert problem(get(phone, offered["sha256"])) == (410, "segment_gone")
    again = offer(phone)
    assert again["sha256"] == offered["sha256"]
    assert get(phone, again["sha256"]).status_code == 200


def test_without_its_file_and_a_turn_to_build_the_next_page_has_rows(
    large: Installation, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    large.satchel.segments.path(offer(phone)["sha256"]).unlink()
    name = large.change(lambda s: segments.on_offer(s, [("territory:NW", "customers")]))
    get(phone, name["territory:NW", "customers"][0].sha256)
    monkeypatch.setattr(large.satchel.on_demand_builder, "_retry_at", float("inf"))
    page = json.loads(phone.pull(query={"schema": 2}).data)
    assert page["segments"] == [] and sum(len(change["put"]) for change in page["changes"]) > 100


def follow(large: Installation, url: str, **more: str) -> TestResponse:
    """Ask as a CDN would: without a token."""
    split = urlsplit(url)
    query = {**dict(parse_qsl(split.query)), **more}
    return large.client.get(split.path, query_string={k: v for k, v in query.items() if v is not None})


def test_a_signed_link_opens_the_door_without_a_token(large: Installation, phone: Phone) -> None:
    offered = offer(phone)
    assert offered["url"].startswith(BASE + "/v1/segments/" + offered["sha256"] + "?expires=")
    reply = follow(large, offered["url"])
    assert (reply.status_code, len(reply.data)) == (200, offered["bytes"])
    left = 7200 - large.clock.now().timestamp() % 3600
    assert reply.headers["Cache-Control"] == f"public, s-maxage={left:.0f}, max-age=31536000, immutable"


def test_links_of_one_period_are_the_same_and_end(large: Installation, phone: Phone) -> None:
    url = offer(phone)["url"]
    large.clock.advance(seconds=600)
    assert offer(phone)["url"] == url
    large.clock.advance(seconds=6_599)
    assert follow(large, url).status_code == 200
    large.clock.advance(seconds=1)
    assert problem(follow(large, url)) == (404, "link_invalid")


def test_an_altered_link_opens_nothing(large: Installation, phone: Phone) -> None:
    url = offer(phone)["url"]
    query = dict(parse_qsl(urlsplit(url).query))
    later = str(int(query["expires"]) + 3600)
    for change in (
        {"expires": later},
        {"expires": ""},
        {"expires": "-1"},
        {"expires": "9" * 5_000},
        {"expires": "１２"},
        {"expires": query["expires"] + " "},
        {"expires": "0" + query["expires"]},
        {"signature": ""},
        {"signature": "é"},
        {"signature": query["signature"][:-1]},
        {"signature": query["signature"] + "="},
        {"signature": ("B" if query["signature"][0] == "A" else "A") + query["signature"][1:]},
        {"expires": None},
        {"signature": None},
    ):
        assert problem(follow(large, url, **change)) == (404, "link_invalid"), change


def test_a_link_opens_the_segment_it_names_and_no_other(large: Installation, phone: Phone) -> None:
    url = offer(phone)["url"]
    other = "0" * 64
    assert problem(follow(large, url.replace(offer(phone)["sha256"], other))) == (404, "link_invalid")
    signed = large.satchel.links.at(large.clock.now())(other)
    assert problem(follow(large, signed)) == (404, "not_found")


def test_a_bad_link_is_not_saved_by_a_token(phone: Phone) -> None:
    name = offer(phone)["sha256"]
    assert problem(phone.ask("GET", f"/v1/segments/{name}?expires=1&signature=x")) == (404, "link_invalid")


def test_another_installation_signs_otherwise(large: Installation, phone: Phone, tmp_path: Path) -> None:
    url = offer(phone)["url"]
    settings = read_settings({"SATCHEL_FOLDER": str(tmp_path / "other")})
    with install(settings, large.clock, lambda sessions: company.master_data(sessions)) as other:
        assert problem(follow(other, url)) == (404, "link_invalid")


def test_without_a_cdn_there_are_no_links(tmp_path: Path, clock: ManualClock) -> None:
    settings = read_settings({"SATCHEL_FOLDER": str(tmp_path / "plain")})
    with install(settings, clock, lambda sessions: customers(sessions, 0, 600) and None) as here:
        assert offer(here.phone())["url"] is None


def test_nginx_is_told_where_the_file_is(
    large: Installation, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = offer(phone)
    object.__setattr__(large.satchel.settings, "segment_accel", "/internal/segments/")
    reply = get(phone, offered["sha256"], Range="bytes=0-9")
    assert (
        reply.headers["X-Accel-Redirect"] == f"/internal/segments/{offered['sha256'][:2]}/{offered['sha256']}"
    )
    assert (reply.status_code, reply.data) == (200, b"")
    assert "Content-Range" not in reply.headers
