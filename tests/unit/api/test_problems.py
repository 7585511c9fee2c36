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


def test_what_is_not_there_and_what_cannot_be_done_are_problems(here: Installation) -> None:
    assert_problem(here.client.get("/v1/nowhere"), 404, "not_found")
    reply = here.client.delete("/v1/limits")
    assert_problem(reply, 405, "method_not_allowed")
    assert set(reply.headers["Allow"].split(", ")) == {"GET", "HEAD"}


def test_a_missing_or_odd_authorization_is_a_problem(here: Installation) -> None:
    for value in (None, "", "Bearer", "Bearer ", "Basic abc", "Token x"):
        headers = {} if value is None else {"Authorization": value}
        reply = here.client.get("/v1/pull", headers=headers)
        assert_problem(reply, 401, "token_missing")
        assert reply.headers["WWW-Authenticate"].startswith("Bearer ")
    assert_problem(here.client.get("/v1/pull", headers={"Authorization": "Bearer é"}), 401, "token_invalid")


def test_an_expired_token_is_told_from_an_invalid_one(here: Installation, phone: Phone) -> None:
    here.clock.advance(minutes=17)
    assert_problem(phone.pull(), 401, "token_expired")
    phone.access_token = "x.y.z"
    assert_problem(phone.pull(), 401, "token_invalid")


def test_an_unexpected_failure_says_nothing_but_its_request(
    here: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(limits, "get_services", fail)
    reply = here.client.get("/v1/limits")
    assert_problem(reply, 500, "internal")
    assert "secret" not in reply.text
    assert "Traceback" not in reply.text
    assert "a secret of the inside" in caplog.text


def test_a_database_that_does_not_answer_is_said_to_be_unavailable(
    here: Installation, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("SELECT secret", {}, Exception("could not connect to 10.0.0.7"))

    monkeypatch.setattr("backend.identity.principals.check", fail)
    reply = phone.pull()
    assert_problem(reply, 503, "unavailable")
    assert int(reply.headers["Retry-After"]) > 0
    assert "secret" not in reply.text
    assert "10.0.0.7" not in reply.text


def test_every_answer_carries_the_security_headers(here: Installation, phone: Phone) -> None:
    for reply in (here.client.get("/v1/nowhere"), here.client.get("/livez"), phone.pull(), phone.push()):
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
        assert "Strict-Transport-Security" not in reply.headers
        assert "Set-Cookie" not in reply.headers
    assert here.client.get("/livez", base_url="https://x").headers["Strict-Transport-Security"]


def test_a_good_request_id_is_kept_and_a_bad_one_replaced(here: Installation) -> None:
    assert (
        here.client.get("/livez", headers={"X-Request-Id": "abcdef-123456"}).headers["X-Request-Id"]
        == "abcdef-123456"
    )
    for bad in ("short", "x" * 65, 'forged" level="error', "a b c d e f g"):
        assert here.client.get("/livez", headers={"X-Request-Id": bad}).headers["X-Request-Id"] != bad


def test_the_log_has_a_line_a_request_and_no_secrets(
    here: Installation, phone: Phone, caplog: pytest.LogCaptureFixture
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


def test_guessing_codes_is_slowed_down_and_good_phones_are_not(here: Installation, phone: Phone) -> None:
    def guess() -> Any:
        body = {"code": "AAAAA-AAAAA-AAAAA", "public_key": phone.public_key, "device_name": "x"}
        return here.client.post("/v1/enrol", json=body)

    replies = [guess() for _ in range(21)]
    assert_problem(replies[0], 400, "enrolment_code_invalid")
    assert_problem(replies[-1], 429, "rate_limited")
    assert_problem(phone.refresh(), 429, "rate_limited")
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    body = {"refresh_token": phone.refresh_token, "proof": phone.proof(phone.refresh_token)}
    assert here.client.post("/v1/token", json=body, environ_base=elsewhere).status_code == 200
    here.clock.advance(seconds=int(replies[-1].headers["Retry-After"]))
    assert phone.refresh().status_code == 200
    assert [phone.refresh().status_code for _ in range(40)] == [200] * 40
