"""Pages of the origins that the operator names may call every route; no other page may."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from backend.api import cors
from backend.api.route import Route
from backend.api.routes import ROUTES
from backend.clock import ManualClock
from backend.settings import SettingError, read_settings
from tests.contract.wire import exchange
from tests.unit.api.installation import Installation, install

APP = "https://app.example.com"
OTHER = "https://elsewhere.example.com"


@pytest.fixture
def installation(tmp_path: Path, clock: ManualClock) -> Iterator[Installation]:
    origins = f"{APP}, http://localhost:5173"
    settings = read_settings({"SATCHEL_FOLDER": str(tmp_path / "i"), "SATCHEL_CORS_ORIGINS": origins})
    with install(settings, clock) as installation:
        yield installation


def preflight(installation: Installation, path: str, method: str, origin: str = APP) -> TestResponse:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,tus-resumable",
    }
    return installation.client.options(path, headers=headers)


def names(text: str) -> set[str]:
    return {word.strip() for word in text.split(",")}


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.method != "OPTIONS"], ids=lambda route: route.name
)
def test_every_route_has_its_preflight(installation: Installation, route: Route) -> None:
    """Without a token, because browsers send none with a preflight."""
    reply = preflight(
        installation, route.path.replace("<upload_id>", "01KBR9YJ3M0000000000000009"), route.method
    )
    assert reply.status_code == 204
    assert reply.headers["Access-Control-Allow-Origin"] == APP
    assert route.method in names(reply.headers["Access-Control-Allow-Methods"])
    assert set(cors.ALLOWED) == names(reply.headers["Access-Control-Allow-Headers"])
    assert reply.headers["Access-Control-Max-Age"] == "7200"
    assert "Origin" in names(reply.headers["Vary"])
    assert "Access-Control-Allow-Credentials" not in reply.headers


def test_options_at_receipts_answers_tus_and_cors(installation: Installation) -> None:
    """A plain OPTIONS goes to the tus server and needs a token; a preflight does not."""
    phone = installation.phone()
    reply = phone.ask("OPTIONS", "/v1/receipts", headers={"Origin": APP})
    assert reply.headers["Tus-Version"] == "1.0.0"
    assert reply.headers["Access-Control-Allow-Origin"] == APP
    assert installation.client.options("/v1/receipts").status_code == 401
    assert "POST" in preflight(installation, "/v1/receipts", "POST").headers["Access-Control-Allow-Methods"]


def test_a_page_can_read_not_found_for_an_unknown_path(installation: Installation) -> None:
    assert preflight(installation, "/v1/nothing", "GET").headers["Access-Control-Allow-Methods"] == "GET"
    reply = installation.client.get("/v1/nothing", headers={"Origin": APP})
    assert (reply.status_code, reply.headers["Access-Control-Allow-Origin"]) == (404, APP)


def test_answers_and_problems_allow_the_origin_of_the_request(installation: Installation) -> None:
    phone = installation.phone()
    for reply in (
        phone.pull(headers={"Origin": "http://localhost:5173"}),
        installation.client.get("/v1/pull", headers={"Origin": "http://localhost:5173"}),
        installation.client.get("/v1/limits", headers={"Origin": "http://localhost:5173"}),
    ):
        assert reply.headers["Access-Control-Allow-Origin"] == "http://localhost:5173"
        assert set(cors.EXPOSED) == names(reply.headers["Access-Control-Expose-Headers"])
        assert {"Origin", "Accept-Encoding"} <= names(reply.headers["Vary"])


@pytest.mark.parametrize(
    "origin", [OTHER, "null", "https://app.example.com.evil.test", "http://app.example.com"]
)
def test_another_origin_is_not_allowed(installation: Installation, origin: str) -> None:
    for reply in (
        preflight(installation, "/v1/pull", "GET", origin),
        installation.client.get("/v1/limits", headers={"Origin": origin}),
    ):
        assert not [name for name, _ in reply.headers if name.startswith("Access-Control-")]
        assert "Origin" in names(reply.headers["Vary"])


def test_a_request_without_origin_gets_only_vary(installation: Installation) -> None:
    reply = installation.client.get("/v1/limits")
    assert not [name for name, _ in reply.headers if name.startswith("Access-Control-")]
    assert "Origin" in names(reply.headers["Vary"])


def test_without_the_setting_there_is_no_cors(tmp_path: Path, clock: ManualClock) -> None:
    with install(read_settings({"SATCHEL_FOLDER": str(tmp_path / "i")}), clock) as installation:
        assert preflight(installation, "/v1/pull", "GET").status_code == 405
        reply = installation.client.get("/v1/limits", headers={"Origin": APP})
        assert not [name for name, _ in reply.headers if name.startswith("Access-Control-")]


def test_every_header_of_the_golden_exchanges_can_be_read_and_sent() -> None:
    """A browser hides headers that are not exposed; other tests would not notice that."""
    every_page_may_read = {"Cache-Control", "Content-Language", "Content-Length", "Content-Type", "Expires"}
    assert set(exchange.REPLY_HEADERS) <= {*cors.EXPOSED, *every_page_may_read}
    sent = {
        name
        for exchange_name in exchange.names()
        for name in exchange.read(exchange_name)["request"].get("headers", {})
    }
    assert sent - {"Content-Length"} <= set(cors.ALLOWED)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("*", "every page"),
        ("null", "every page"),
        ("https://app.example.com/", "without a path"),
        ("https://app.example.com/phone", "without a path"),
        ("app.example.com", "not an origin"),
        ("https://App.example.com", "lower case"),
        ("https://app.example.com:443", "standard port"),
        ("https://user@app.example.com", "not an origin"),
        ("http://app.example.com", "not encrypted"),
        (f"{APP}, *", "every page"),
        ("https://app.example.com:port", "port"),
    ],
)
def test_an_origin_that_no_browser_sends_is_refused(value: str, reason: str) -> None:
    with pytest.raises(SettingError, match=r"SATCHEL_CORS_ORIGINS.*" + reason):
        read_settings({"SATCHEL_CORS_ORIGINS": value})


def test_apps_in_a_shell_have_origins_too() -> None:
    value = "capacitor://localhost,https://localhost, https://app.example.com:8443"
    settings = read_settings({"SATCHEL_CORS_ORIGINS": value})
    assert settings.cors_origins == (
        "capacitor://localhost",
        "https://localhost",
        "https://app.example.com:8443",
    )
