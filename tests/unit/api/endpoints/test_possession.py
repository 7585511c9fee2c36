"""Proofs at the two addresses that issue tokens: what a captured request is worth, and what a phone is told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.api import possession
from backend.clock import ManualClock
from backend.identity import enrolment as codes
from backend.identity.models import Device, UsedProof
from backend.settings import read_settings
from tests.unit.api.installation import Installation, Phone, install, sign_proof

DAY = 86_400


def post(installation: Installation, path: str, body: Any, headers: Any = None, **more: Any) -> Any:
    return installation.client.post(path, json=body, headers=headers, **more)


def enrolment(phone: Phone, code: str) -> dict[str, Any]:
    return {"code": code, "public_key": phone.public_key, "device_name": "Pixel"}


@pytest.mark.parametrize("path", ["/v1/enrol", "/v1/token"])
def test_a_captured_request_is_worth_nothing(installation: Installation, path: str) -> None:
    phone = Phone(installation)
    body: Any = enrolment(phone, installation.code())
    if path == "/v1/token":
        phone.enrol(installation.code())
        body = {"refresh_token": phone.refresh_token}
    captured = phone.proven(path)
    assert post(installation, path, body, captured).status_code in (200, 201)
    again = post(installation, path, body, captured)
    assert (again.status_code, again.json["code"]) == (400, "invalid_dpop_proof")
    installation.clock.advance(seconds=300)
    later = post(installation, path, body, captured)
    assert (later.status_code, later.json["code"]) == (400, "use_dpop_nonce")


def test_an_enrolment_proves_possession_of_the_key(installation: Installation) -> None:
    phone, code = Phone(installation), installation.code()
    for headers in ({}, Phone(installation).proven("/v1/enrol"), phone.proven("/v1/token")):
        reply = post(installation, "/v1/enrol", enrolment(phone, code), headers)
        assert (reply.status_code, reply.json["code"]) == (400, "invalid_dpop_proof")
        assert reply.headers["DPoP-Nonce"]
    assert phone.enrol(code).status_code == 201


def test_a_phone_without_a_nonce_or_with_a_wrong_clock_is_told_the_time(
    installation: Installation, phone: Phone
) -> None:
    for wrong in ({"nonce": None}, {"iat": 0}, {"iat": 2**40}):
        reply = phone.refresh(proof=phone.proof("/v1/token", **wrong))
        assert (reply.status_code, reply.json["code"]) == (400, "use_dpop_nonce")
        nonce = reply.headers["DPoP-Nonce"]
        assert int(nonce.partition(".")[0]) == int(installation.clock.now().timestamp())
    proof = phone.proof("/v1/token", nonce=nonce, iat=int(nonce.partition(".")[0]))
    assert phone.refresh(proof=proof).status_code == 200


def test_two_proofs_in_one_request_are_refused(installation: Installation, phone: Phone) -> None:
    headers = [("DPoP", phone.proof("/v1/token")), ("DPoP", phone.proof("/v1/token"))]
    reply = post(installation, "/v1/token", {"refresh_token": phone.refresh_token}, headers)
    assert reply.json["code"] == "invalid_dpop_proof"


def test_a_request_without_a_valid_code_or_token_writes_nothing(installation: Installation) -> None:
    phone = Phone(installation)
    for _ in range(5):
        assert phone.enrol("AAAAA-AAAAA-AAAAA").status_code == 400
        assert phone.refresh("sr2.D.1.1." + "A" * 43).status_code == 401
    with installation.sessions() as session:
        assert session.query(UsedProof).count() == 0


def test_a_phone_that_signs_without_end_waits(phone: Phone) -> None:
    statuses = [phone.refresh().status_code for _ in range(60)]
    assert statuses == [200] * 59 + [429], "the enrolment was the first"
    phone.installation.clock.advance(seconds=360)
    assert phone.refresh().status_code == 200


def test_the_thief_of_a_phones_key_and_the_phone_lose_their_access_and_the_outbox_stays_open(
    installation: Installation, phone: Phone
) -> None:
    first = phone.refresh_token
    phone.keep(phone.refresh())
    phone.keep(phone.refresh())
    installation.clock.advance(seconds=1)
    assert phone.refresh(first).json["code"] == "refresh_invalid"
    assert phone.pull().json["code"] == "token_invalid"
    assert phone.refresh().json["code"] == "refresh_invalid"
    before, code = phone.device_id, again(installation, phone)
    renewed = Phone(installation)
    assert renewed.enrol(code).status_code == 201
    assert renewed.device_id == before and renewed.pull().status_code == 200
    assert phone.refresh().json["code"] == "refresh_invalid", "the old key is no longer the device's"


def again(installation: Installation, phone: Phone) -> str:
    """Return a code with which *phone* enrols again."""
    with installation.sessions() as session, session.begin():
        return codes.create(session, "R1", installation.clock.now(), renews=phone.device_id)


@pytest.mark.parametrize(("days", "reason"), [(30, "not used for 30 days"), (90, "enrolled 90 days ago")])
def test_a_phone_is_told_why_it_must_enrol_again_and_keeps_its_id(
    installation: Installation, phone: Phone, days: int, reason: str
) -> None:
    for _ in range(days // 30 - 1):
        installation.clock.advance(days=29)
        phone.keep(phone.refresh())
    installation.clock.advance(seconds=days * DAY - (days // 30 - 1) * 29 * DAY)
    reply = phone.refresh()
    assert reply.json["code"] == "refresh_invalid"
    assert reason in reply.json["detail"] or days == 90
    renewed = Phone(installation)
    assert renewed.enrol(again(installation, phone)).status_code == 201
    assert renewed.device_id == phone.device_id
    assert installation.get(Device, phone.device_id).refresh_family == 2


def test_the_days_left_are_in_the_reply(installation: Installation, phone: Phone) -> None:
    assert phone.refresh().json["refresh_expires_in"] == 30 * DAY
    for _ in range(3):
        installation.clock.advance(days=25)
        phone.keep(phone.refresh())
    assert phone.refresh().json["refresh_expires_in"] == 15 * DAY


@pytest.fixture
def behind_a_proxy(tmp_path: Path, clock: ManualClock) -> Iterator[Installation]:
    environ = {
        "SATCHEL_FOLDER": str(tmp_path / "instance"),
        "SATCHEL_PUBLIC_URL": "https://satchel.example/api",
        "SATCHEL_OTHER_URLS": "https://m.example, http://10.0.0.5:8080",
        "SATCHEL_UNENCRYPTED_HOSTS": "10.0.0.5",
        "SATCHEL_PROXIES": "1",
    }
    with install(read_settings(environ), clock) as installation:
        yield installation


@pytest.mark.parametrize(
    ("htu", "accepted"),
    [
        ("https://satchel.example/api/v1/token", True),
        ("https://m.example/v1/token", True),
        ("http://10.0.0.5:8080/v1/token", True),
        ("http://127.0.0.1:8000/v1/token", True),
        ("https://satchel.example/v1/token", False),
        ("https://evil.example/v1/token", False),
        ("http://m.example/v1/token", False),
    ],
)
def test_a_proof_names_an_address_of_the_settings_whatever_the_headers_say(
    behind_a_proxy: Installation, htu: str, accepted: bool
) -> None:
    phone = behind_a_proxy.phone()
    headers = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        **phone.proven("/v1/token", htu=htu),
    }
    reply = post(behind_a_proxy, "/v1/token", {"refresh_token": phone.refresh_token}, headers)
    assert reply.status_code == (200 if accepted else 400)
    if not accepted:
        assert "https://satchel.example/api/v1/token" in reply.json["detail"]
    assert possession.addresses(behind_a_proxy.settings)[0] == "https://satchel.example/api"


def test_a_proof_by_another_key_than_it_names_is_refused(phone: Phone) -> None:
    payload = {"jti": "1", "htm": "POST", "htu": phone.installation.satchel.issuer + "/v1/token", "iat": 1}
    forged = sign_proof(payload, Ed25519PrivateKey.generate(), jwk=phone.public_key)
    assert phone.refresh(proof=forged).json["code"] == "invalid_dpop_proof"
