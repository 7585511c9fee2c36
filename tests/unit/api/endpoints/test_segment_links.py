"""Signed links: they serve one segment for a while without a token, and nothing else."""

import datetime as dt
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from werkzeug.test import TestResponse

from backend.clock import ManualClock
from backend.identity.models import Device
from backend.settings import read_settings
from backend.sync import grants
from backend.sync.segments.links import MAX_STORE_SECONDS, SignedLink, StoreLinks
from tests.unit.api.endpoints.segment_download import BASE, large, offered_segment, phone, problem
from tests.unit.api.installation import Installation, Phone, install
from tests.unit.sync import company
from tests.unit.sync.segments.company import customers

__all__ = ["large", "phone"]
MONDAY = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)


def follow(large: Installation, url: str, **parameters: str) -> TestResponse:
    """Ask as a CDN would: without a token."""
    split = urlsplit(url)
    query = {**dict(parse_qsl(split.query)), **parameters}
    return large.client.get(split.path, query_string={k: v for k, v in query.items() if v is not None})


def test_a_signed_link_works_without_a_token(large: Installation, phone: Phone) -> None:
    segment = offered_segment(phone)
    assert segment["url"].startswith(BASE + "/v1/segments/" + segment["sha256"] + "?device=")
    reply = follow(large, segment["url"])
    assert (reply.status_code, len(reply.data)) == (200, segment["bytes"])
    assert reply.headers["Cache-Control"] == "public, s-maxage=0, max-age=31536000, immutable"
    split = urlsplit(segment["url"])
    headers = {"If-None-Match": reply.headers["ETag"]}
    again = large.client.get(f"{split.path}?{split.query}", headers=headers)
    assert (again.status_code, again.data) == (304, b""), "a shared cache asks with every request"


def test_links_of_one_period_are_equal_and_expire(large: Installation, phone: Phone) -> None:
    url = offered_segment(phone)["url"]
    large.clock.advance(seconds=600)
    assert offered_segment(phone)["url"] == url
    large.clock.advance(seconds=6_599)
    assert follow(large, url).status_code == 200
    large.clock.advance(seconds=1)
    assert problem(follow(large, url)) == (404, "link_invalid")


def test_an_altered_link_is_refused(large: Installation, phone: Phone) -> None:
    url = offered_segment(phone)["url"]
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
        {"device": large.phone().device_id},
        {"device": None},
        {"version": "2"},
        {"version": "01"},
        {"version": ""},
        {"expires": None},
        {"signature": None},
    ):
        assert problem(follow(large, url, **change)) == (404, "link_invalid"), change


def test_a_link_gives_only_the_segment_that_it_names(large: Installation, phone: Phone) -> None:
    url = offered_segment(phone)["url"]
    other = "0" * 64
    assert problem(follow(large, url.replace(offered_segment(phone)["sha256"], other))) == (404, "link_invalid")
    assert problem(follow(large, link_to(large, phone, other))) == (404, "not_found")


def link_to(large: Installation, phone: Phone, name: str) -> str:
    device = large.get(Device, phone.device_id)
    link = large.satchel.links.at(large.clock.now(), SignedLink(device.id, device.version, 0))(name)
    assert link is not None
    return link


def test_a_link_gives_what_its_device_may_read_now(large: Installation, phone: Phone) -> None:
    segment = offered_segment(phone)
    stranger = large.phone("R2")
    assert problem(follow(large, link_to(large, stranger, segment["sha256"]))) == (404, "not_found")
    large.change(lambda s: grants.unassign(s, "R1", "territory:NW", large.clock.now()))
    assert problem(follow(large, segment["url"])) == (404, "not_found")


def test_a_link_ends_with_the_version_of_its_device(large: Installation, phone: Phone) -> None:
    url = offered_segment(phone)["url"]
    large.change(lambda s: setattr(s.get_one(Device, phone.device_id), "version", 2))
    assert problem(follow(large, url)) == (404, "link_invalid")


def test_a_link_to_a_store_that_cannot_ask_us_is_short_lived() -> None:
    class Store:
        def address(self, name: str, seconds: int) -> str:
            return str(seconds)

    link = StoreLinks(Store(), 3600).at(MONDAY, SignedLink("D1", 1, 0))
    assert link("a" * 64) == str(MAX_STORE_SECONDS) == "300"


def test_a_token_does_not_make_an_invalid_link_valid(phone: Phone) -> None:
    name = offered_segment(phone)["sha256"]
    assert problem(phone.ask("GET", f"/v1/segments/{name}?expires=1&signature=x")) == (404, "link_invalid")


def test_a_link_of_another_installation_is_refused(large: Installation, phone: Phone, tmp_path: Path) -> None:
    url = offered_segment(phone)["url"]
    settings = read_settings({"SATCHEL_FOLDER": str(tmp_path / "other")})
    with install(settings, large.clock, lambda sessions: company.master_data(sessions)) as other:
        assert problem(follow(other, url)) == (404, "link_invalid")


def test_without_a_cdn_there_are_no_links(tmp_path: Path, clock: ManualClock) -> None:
    settings = read_settings({"SATCHEL_FOLDER": str(tmp_path / "plain")})
    with install(settings, clock, lambda sessions: customers(sessions, 0, 600) and None) as installation:
        assert offered_segment(installation.phone())["url"] is None
