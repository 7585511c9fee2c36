"""A custom app in a real browser, from another origin: CORS lets everything through that it needs."""

import base64
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from werkzeug.serving import make_server

from backend.clock import ManualClock
from backend.settings import read_settings
from tests.contract.wire import exchange, segments
from tests.services import ServiceMissing
from tests.services.binaries import CHROMIUM_VARIABLE, chromium_program
from tests.services.serving import serving
from tests.unit.api.installation import Installation, install
from tests.unit.sync import company

ORDER = "01KBR9YJ3M0000000000000001"


def test_a_browser_app_enrols_pulls_pushes_and_uploads(
    installation: Installation, server: str, page: Page
) -> None:
    def app(name: str, *arguments):
        return page.evaluate(f"arguments => app.{name}(...arguments)", list(arguments))

    assert app("enrol", server, installation.code())["status"] == 201

    first = app("pull")
    assert first["status"] == 200 and first["value"]["complete"]
    cursor, etag = first["value"]["cursor"], first["headers"]["etag"]
    idle = app("pull", cursor, etag)
    assert (idle["status"], idle["headers"]["satchel-poll-after"]) == (304, "60")

    body = exchange.read("push")["request"]["body"]["submissions"][0]["body"]
    pushed = app("push", ORDER, "order", canonical(body))
    assert [result["status"] for result in pushed["value"]["results"]] == ["received"]

    pieces = [exchange.read(f"receipt-{name}piece")["request"]["base64"] for name in ("", "last-")]
    uploaded = app("upload", joined(*pieces))
    assert uploaded["begun"]["status"] == 201
    assert 0 < int(uploaded["standing"]["headers"]["upload-offset"]) < 67
    assert uploaded["done"]["headers"]["upload-offset"] == "67"

    lost = app("pull", "not a cursor")
    assert (lost["status"], lost["headers"]["satchel-error"]) == (400, "cursor_invalid")
    assert lost["value"]["request_id"] == lost["headers"]["x-request-id"]


def test_a_browser_app_fetches_a_segment_in_ranges(installation: Installation, server: str, page: Page) -> None:
    """A cut download continues with Range and If-Range, and ends with bytes whose hash is the segment's
    name."""
    new_customers = [company.customer(f"K{n:03}", "NW") for n in range(200)]
    company.say(installation.sessions, *new_customers)
    segments.offer_stream(installation.sessions, installation.satchel.segments, ("territory:NW", "customers"))
    page.evaluate("arguments => app.enrol(...arguments)", [server, installation.code()])
    first = page.evaluate("() => app.pull(null, null, 2)")["value"]
    (segment,) = first["segments"]
    replies = page.evaluate("path => app.segment(path)", f"/v1/segments/{segment['sha256']}")
    assert replies["sha256"] == segment["sha256"]
    full_page = page.evaluate("() => app.pull(null, null, 1)")["value"]
    (customers,) = [change["put"] for change in full_page["changes"] if change["collection"] == "customers"]
    assert replies["records"] == [record for _, record in sorted(customers, key=lambda put: str(put[1]["id"]))]
    assert len(replies["records"]) == segment["rows"]
    assert (replies["first"]["status"], replies["rest"]["status"]) == (206, 206)
    assert replies["first"]["headers"]["content-range"] == f"bytes 0-99/{segment['bytes']}"
    assert replies["first"]["headers"]["accept-ranges"] == "bytes"


def test_the_protocol_page_shows_the_tested_reader() -> None:
    folder = Path(__file__).parent
    (shown,) = re.findall(r"```js\n(.*?)```", (folder / "../../../docs/protocol.md").read_text(), re.S)
    assert shown in (folder / "app.js").read_text()


def test_a_page_of_another_origin_is_refused(page: Page, tmp_path: Path, clock: ManualClock) -> None:
    settings = read_settings(
        {"SATCHEL_FOLDER": str(tmp_path / "other"), "SATCHEL_CORS_ORIGINS": "https://app.example.com"}
    )
    with install(settings, clock) as other, serving(make_server("127.0.0.1", 0, other.app)) as address:
        assert page.evaluate("address => app.refused(address)", address) == "TypeError"


def test_a_missing_browser_is_an_error_and_not_a_skip(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv(CHROMIUM_VARIABLE, str(tmp_path / "none"))
    with pytest.raises(ServiceMissing, match="is not a program"):
        chromium_program()


def canonical(value: Any) -> Any:
    """Return *value* with sorted names, as the page sends it."""
    if isinstance(value, dict):
        return {name: canonical(value[name]) for name in sorted(value)}
    return [canonical(item) for item in value] if isinstance(value, list) else value


def joined(*base64_parts: str) -> str:
    return base64.b64encode(b"".join(map(base64.b64decode, base64_parts))).decode()
