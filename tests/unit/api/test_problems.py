"""Problems: one form everywhere, without anything that must stay inside the server."""

import logging
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from backend.api.endpoints import limits
from sync_protocol.problem import ProblemSchema
from tests.unit.api.installation import Installation, Phone


def assert_problem(reply: Any, status: int, code: str) -> None:
    assert (reply.status_code, reply.json["code"], reply.json["status"]) == (status, code, status)
    assert reply.content_type == "application/problem+json"
    assert reply.headers["Satchel-Error"] == code
    assert reply.json["type"] == f"urn:satchel:error:{code}"
    assert reply.json["request_id"] == reply.headers["X-Request-Id"]
    assert ProblemSchema().validate(reply.json) == {}


def test_unknown_paths_and_methods_are_problems(installation: Installation) -> None:
    assert_problem(installation.client.get("/v1/nowhere"), 404, "not_found")
    reply = installation.client.delete("/v1/limits")
    assert_problem(reply, 405, "method_not_allowed")
    assert set(reply.headers["Allow"].split(", ")) == {"GET", "HEAD"}


def test_a_missing_or_odd_authorization_is_a_problem(installation: Installation) -> None:
    for value in (None, "", "Bearer", "Bearer ", "Basic abc", "Token x"):
        headers = {} if value is None else {"Authorization": value}
        reply = installation.client.get("/v1/pull", headers=headers)
        assert_problem(reply, 401, "token_missing")
        assert reply.headers["WWW-Authenticate"].startswith("Bearer ")
    assert_problem(
        installation.client.get("/v1/pull", headers={"Authorization": "Bearer é"}), 401, "token_invalid"
    )


def test_an_expired_token_is_told_from_an_invalid_one(installation: Installation, phone: Phone) -> None:
    installation.clock.advance(minutes=17)
    assert_problem(phone.pull(), 401, "token_expired")
    phone.access_token = "x.y.z"
    assert_problem(phone.pull(), 401, "token_invalid")


def test_an_unexpected_failure_reveals_only_its_request_id(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(limits, "get_services", fail)
    reply = installation.client.get("/v1/limits")
    assert_problem(reply, 500, "internal")
    assert "secret" not in reply.text
    assert "Traceback" not in reply.text
    assert "a secret of the inside" in caplog.text


def test_an_unreachable_database_is_reported_as_unavailable(
    installation: Installation, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("SELECT secret", {}, Exception("could not connect to 10.0.0.7"))

    monkeypatch.setattr("backend.identity.principals.check", fail)
    reply = phone.pull()
    assert_problem(reply, 503, "unavailable")
    assert int(reply.headers["Retry-After"]) > 0
    assert "secret" not in reply.text
    assert "10.0.0.7" not in reply.text


def test_every_answer_carries_the_security_headers(installation: Installation, phone: Phone) -> None:
    for reply in (
        installation.client.get("/v1/nowhere"),
        installation.client.get("/livez"),
        phone.pull(),
        phone.push(),
    ):
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
        assert "Strict-Transport-Security" not in reply.headers
        assert "Set-Cookie" not in reply.headers
    assert installation.client.get("/livez", base_url="https://x").headers["Strict-Transport-Security"]


def test_a_valid_request_id_is_kept_and_an_invalid_one_replaced(installation: Installation) -> None:
    assert (
        installation.client.get("/livez", headers={"X-Request-Id": "abcdef-123456"}).headers["X-Request-Id"]
        == "abcdef-123456"
    )
    for request_id in ("short", "x" * 65, 'forged" level="error', "a b c d e f g"):
        assert (
            installation.client.get("/livez", headers={"X-Request-Id": request_id}).headers["X-Request-Id"]
            != request_id
        )


def test_the_log_has_a_line_a_request_and_no_secrets(
    installation: Installation, phone: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    cursor = phone.pull().json["cursor"]
    phone.pull(cursor)
    phone.refresh()
    phone.pull("garbage")
    lines = [record for record in caplog.records if record.name == "satchel.request"]
    assert [(line.path, line.status) for line in lines] == [
        ("/v1/pull", 200),
        ("/v1/pull", 200),
        ("/v1/token", 200),
        ("/v1/pull", 400),
    ]
    assert (lines[0].rep, lines[0].device) == ("R1", phone.device_id)
    everything = caplog.text + repr([vars(record) for record in caplog.records])
    for secret in (phone.access_token, phone.refresh_token, cursor):
        assert secret not in everything


def test_guessing_enrolment_codes_is_rate_limited_and_valid_phones_are_not(
    installation: Installation, phone: Phone
) -> None:
    def guess() -> Any:
        body = {"code": "AAAAA-AAAAA-AAAAA", "public_key": phone.public_key, "device_name": "x"}
        return installation.client.post("/v1/enrol", json=body, headers=phone.proven("/v1/enrol"))

    replies = [guess() for _ in range(21)]
    assert_problem(replies[0], 400, "enrolment_code_invalid")
    assert_problem(replies[-1], 429, "rate_limited")
    assert phone.refresh().status_code == 200
    assert [phone.refresh().status_code for _ in range(40)] == [200] * 40
