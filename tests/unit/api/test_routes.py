"""Authentication: every route has it, or is on the short list of public ones."""

import pytest

from backend.api.route import Auth, Route
from backend.api.routes import ROUTES
from backend.identity import enrolment
from backend.identity.models import Device, Rep
from backend.webapp import blueprint as webapp
from tests.unit.api.installation import Installation, Phone, api_rules

PUBLIC = {
    "api.enrol",
    "api.token",
    "api.wiped",
    "api.limits",
    "api.contract",
    "api.livez",
    "api.readyz",
    "api.openapi",
    "api.start_page",
    "webapp./app",
    "webapp./app/",
    "webapp./app/<path:path>",
    "webapp./app/files/<build>/<path:path>",
}
"""Routes without authentication. A review must give the reason for adding one here."""

DEVICE = [route for route in ROUTES if f"api.{route.name}" not in PUBLIC and route.auth is not Auth.OFFICE]


def path_of(pattern: str) -> str:
    return pattern.replace("<upload_id>", "01KBR9Z8Q5T0000000000000AA").replace("<sha256>", "a" * 64)


def test_every_route_needs_a_token_or_is_listed_as_public(installation: Installation) -> None:
    for rule in api_rules(installation):
        for method in rule.methods:
            reply = installation.client.open(path_of(rule.rule), method=method)
            refused = reply.status_code == 401 and reply.headers["Satchel-Error"] == "token_missing"
            assert refused != (rule.endpoint in PUBLIC), f"{method} {rule.rule}"


def test_all_routes_are_declared(installation: Installation) -> None:
    registered = {
        (method, rule.rule)
        for rule in api_rules(installation)
        for method in rule.methods
        if (method, "GET") not in [("HEAD", m) for m in rule.methods]
    }
    files = {("GET", path) for path in webapp.PATHS}
    assert registered == {(route.method, route.path) for route in ROUTES} | files


@pytest.mark.parametrize("route", DEVICE, ids=lambda route: route.name)
def test_a_revoked_device_is_told_to_wipe_at_every_route(
    installation: Installation, phone: Phone, route: Route
) -> None:
    installation.change(
        lambda s: enrolment.revoke(
            s, s.get_one(Device, phone.device_id), actor="user:x", now=installation.clock.now()
        )
    )
    reply = phone.ask(route.method, path_of(route.path))
    assert reply.status_code == 401
    assert reply.headers["Satchel-Error"] == "device_revoked"
    if route.method != "HEAD":
        assert reply.json["wipe"] is True


@pytest.mark.parametrize("route", DEVICE, ids=lambda route: route.name)
def test_a_rep_who_has_left_is_told_to_wipe_at_every_route(
    installation: Installation, phone: Phone, route: Route
) -> None:
    installation.change(lambda s: setattr(s.get_one(Rep, "R1"), "active", False))
    reply = phone.ask(route.method, path_of(route.path))
    assert (reply.status_code, reply.headers["Satchel-Error"]) == (401, "device_revoked")


def test_a_device_that_is_revoked_while_its_push_arrives_stores_nothing(
    installation: Installation, phone: Phone
) -> None:
    def revoke_then_read(*args: object) -> bytes:
        installation.change(
            lambda s: enrolment.revoke(
                s, s.get_one(Device, phone.device_id), actor="u", now=installation.clock.now()
            )
        )
        return b""

    class Slow:
        def __init__(self) -> None:
            self.pieces = [b'{"submissions":[1]}']

        def read(self, size: int = -1) -> bytes:
            return self.pieces.pop() if self.pieces else revoke_then_read()

    environ = {"wsgi.input": Slow(), "wsgi.input_terminated": True}
    headers = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
    reply = phone.ask("POST", "/v1/push", headers=headers, environ_overrides=environ)
    assert reply.json["code"] == "device_revoked"


def test_a_new_version_of_the_device_makes_its_tokens_invalid(installation: Installation, phone: Phone) -> None:
    installation.change(lambda s: setattr(s.get_one(Device, phone.device_id), "version", 2))
    assert phone.pull().json["code"] == "token_invalid"
    phone.keep(phone.refresh())
    assert phone.pull().status_code == 200


def test_a_phone_cannot_act_as_another_rep(installation: Installation) -> None:
    phone, other_phone = installation.phone("R1"), installation.phone("R2")
    headers = {"X-Rep-Id": "R2", "Satchel-Rep": "R2", "X-Forwarded-User": "R2", "Cookie": "rep=R2"}
    query = {"rep": "R2", "rep_id": "R2", "device": other_phone.device_id, "channel": "territory:SE"}
    page = phone.pull(headers=headers, query=query).json
    assert {change["channel"] for change in page["changes"]} == {"everyone", "territory:NW"}


def test_last_seen_is_noted_every_five_minutes_and_never_by_a_pull(
    installation: Installation, phone: Phone
) -> None:
    first = installation.get(Device, phone.device_id).last_seen_at
    installation.clock.advance(minutes=4)
    phone.push(1)
    assert installation.get(Device, phone.device_id).last_seen_at == first
    installation.clock.advance(minutes=2)
    phone.pull()
    assert installation.get(Device, phone.device_id).last_seen_at == first
    phone.push(1)
    assert installation.get(Device, phone.device_id).last_seen_at == installation.clock.now()
