"""Receipts over HTTP: tus 1.0 with its extensions, and connections that break at critical points."""

import hashlib
from typing import Any

import pytest

from backend.inbox.models import Submission
from sync_protocol.limits import LIMITS
from tests.unit.api.endpoints.receipt_upload import DIGEST, HALF, JPEG, b64, claim, create, patch, tus
from tests.unit.api.installation import Installation, Phone, writer


def test_options_lists_the_extensions_of_tus(phone: Phone) -> None:
    reply = phone.ask("OPTIONS", "/v1/receipts")
    assert reply.status_code == 204
    assert reply.headers["Tus-Version"] == "1.0.0"
    assert reply.headers["Tus-Extension"].split(",") == [
        "creation",
        "creation-with-upload",
        "checksum",
        "termination",
        "expiration",
    ]
    assert reply.headers["Tus-Max-Size"] == str(LIMITS.receipt_bytes)


def test_an_upload_is_resumed_at_its_offset(phone: Phone) -> None:
    creation = create(phone)
    assert creation.status_code == 201
    assert "Content-Type" not in creation.headers
    place = creation.headers["Location"]
    assert patch(phone, place, 0, JPEG[:HALF]).headers["Upload-Offset"] == str(HALF)
    status = tus(phone, "HEAD", place)
    assert (status.headers["Upload-Offset"], status.headers["Upload-Length"]) == (str(HALF), str(len(JPEG)))
    assert status.headers["Cache-Control"] == "no-store"
    assert status.headers["Upload-Expires"].endswith("GMT")
    wrong = patch(phone, place, 0, JPEG)
    assert (wrong.status_code, wrong.json["code"], wrong.headers["Upload-Offset"]) == (
        409,
        "offset_mismatch",
        str(HALF),
    )
    assert patch(phone, place, HALF, JPEG[HALF:]).status_code == 204


def test_a_claim_that_waits_for_its_receipt_is_queued_when_that_is_checked(
    installation: Installation, phone: Phone
) -> None:
    assert phone.push(claim()).json["results"][0]["state"] == "received"
    cursor = phone.pull().json["cursor"]
    place = create(phone).headers["Location"]
    patch(phone, place, 0, JPEG)
    page = phone.pull(cursor).json
    record = page["changes"][0]["put"][0][1]
    assert (record["state"], record["missing"]) == ("received", [])
    assert record["reason"] == "Waiting until its receipts are checked"
    assert installation.check_receipts() == 1
    with installation.sessions() as session:
        assert session.query(Submission).one().state == "queued"
    record = phone.pull(page["cursor"]).json["changes"][0]["put"][0][1]
    assert (record["state"], record["missing"], record["reason"]) == ("queued", [], None)


def test_a_claim_with_a_receipt_that_cannot_be_used_is_rejected_at_its_field(
    installation: Installation, phone: Phone
) -> None:
    hostile = b"\xff\xd8\xff" + b"<script>alert(1)</script>" * 30
    document = claim(hostile)
    phone.push(document)
    cursor = phone.pull().json["cursor"]
    patch(phone, create(phone, hostile).headers["Location"], 0, hostile)
    assert installation.check_receipts() == 1
    [[_, record]] = phone.pull(cursor).json["changes"][0]["put"]
    assert (record["state"], record["missing"]) == ("rejected", [])
    [error] = record["errors"]
    assert (error["code"], error["field"]) == ("receipt_refused", "lines[0].receipts[0]")
    assert "photograph the receipt again" in error["message"]
    again = create(phone, hostile)
    assert (again.status_code, again.json["code"]) == (415, "receipt_type")
    assert "damaged" in again.json["detail"]
    copy = {**claim(hostile), "id": "01KBR9Z8Q5T0000000000000AD"}
    [result] = phone.push(copy).json["results"]
    assert (result["status"], result["errors"][0]["code"]) == ("refused", "receipt_refused")


def test_an_upload_may_be_created_with_its_first_bytes(phone: Phone) -> None:
    metadata = f"sha256 {b64(DIGEST)}"
    headers = {"Upload_Length": len(JPEG), "Upload_Metadata": metadata}
    reply = tus(phone, "POST", data=JPEG, Content_Type="application/offset+octet-stream", **headers)
    assert (reply.status_code, reply.headers["Upload-Offset"]) == (201, str(len(JPEG)))


def test_a_receipt_that_the_server_has_is_complete_at_creation(phone: Phone) -> None:
    patch(phone, create(phone).headers["Location"], 0, JPEG)
    second_creation = create(phone)
    assert (second_creation.status_code, second_creation.headers["Upload-Offset"]) == (201, str(len(JPEG)))


def test_an_upload_does_not_reveal_receipts_of_other_reps(installation: Installation, phone: Phone) -> None:
    place = create(phone).headers["Location"]
    patch(phone, place, 0, JPEG)
    other = installation.phone("R2")
    assert create(other).headers["Upload-Offset"] == "0"
    for reply in (tus(other, "HEAD", place), patch(other, place, 0, JPEG), tus(other, "DELETE", place)):
        assert (reply.status_code, reply.headers["Satchel-Error"]) == (404, "not_found")


@pytest.mark.parametrize("server", ["one that says so", "one that gives less"])
def test_a_cut_chunk_is_kept_unless_it_has_a_checksum(phone: Phone, server: str) -> None:
    place = create(phone).headers["Location"]

    def send_cut(start: int, end: int, **extra_headers: str) -> Any:
        headers = {
            "Tus-Resumable": "1.0.0",
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": str(start),
            **extra_headers,
        }
        announced = {"CONTENT_LENGTH": str(len(JPEG) - start), "wsgi.input_terminated": "less" in server}
        return phone.ask("PATCH", place, data=JPEG[start:end], headers=headers, environ_overrides=announced)

    send_cut(0, 1000)
    assert tus(phone, "HEAD", place).headers["Upload-Offset"] == "1000"
    checksum = f"sha1 {b64(hashlib.sha1(JPEG[1000:], usedforsecurity=False).digest())}"
    assert send_cut(1000, 2000, **{"Upload-Checksum": checksum}).json["code"] == "body_damaged"
    assert tus(phone, "HEAD", place).headers["Upload-Offset"] == "1000"


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_chunk_with_a_wrong_checksum_is_refused(phone: Phone, algorithm: str) -> None:
    place = create(phone).headers["Location"]
    checksum = f"{algorithm} {b64(hashlib.new(algorithm, JPEG).digest())}"
    reply = patch(phone, place, 0, JPEG[:-1] + b"x", Upload_Checksum=checksum)
    assert (reply.status_code, reply.json["code"]) == (460, "digest_mismatch")
    assert tus(phone, "HEAD", place).headers["Upload-Offset"] == "0"
    assert patch(phone, place, 0, JPEG, Upload_Checksum=checksum).status_code == 204


def test_bytes_of_another_digest_or_type_are_refused_and_discarded(phone: Phone) -> None:
    place = create(phone).headers["Location"]
    reply = patch(phone, place, 0, JPEG[:-1] + b"x")
    assert (reply.status_code, reply.json["code"]) == (460, "digest_mismatch")
    assert tus(phone, "HEAD", place).status_code == 404
    place = create(phone, b"<html>" * 20).headers["Location"]
    reply = patch(phone, place, 0, b"<html>" * 20)
    assert (reply.status_code, reply.json["code"]) == (415, "receipt_type")


def test_an_upload_can_be_deleted(phone: Phone) -> None:
    place = create(phone).headers["Location"]
    patch(phone, place, 0, JPEG[:HALF])
    assert tus(phone, "DELETE", place).status_code == 204
    assert tus(phone, "HEAD", place).status_code == 404


def test_head_answers_during_a_concurrent_write(installation: Installation, phone: Phone) -> None:
    place = create(phone).headers["Location"]
    with writer(installation):
        assert tus(phone, "HEAD", place).status_code == 200


@pytest.mark.parametrize("meant", ["PATCH", "patch"])
def test_a_chunk_may_be_posted_with_a_method_override(phone: Phone, meant: str) -> None:
    """The protocol demands it for clients whose proxies let only GET and POST through."""
    path = create(phone).headers["Location"]
    headers = {"Content_Type": "application/offset+octet-stream", "Upload_Offset": 0}
    reply = tus(phone, "POST", path, JPEG, **headers, **{"X-HTTP-Method-Override": meant})
    assert (reply.status_code, reply.headers["Upload-Offset"]) == (204, str(len(JPEG)))
    status = tus(phone, "POST", path, **{"X-HTTP-Method-Override": "HEAD"})
    assert (status.status_code, status.headers["Upload-Offset"]) == (200, str(len(JPEG)))


def test_a_method_override_works_at_receipts_alone(phone: Phone) -> None:
    assert phone.ask("GET", "/v1/pull", headers={"X-HTTP-Method-Override": "DELETE"}).status_code == 200
    assert tus(phone, "POST", **{"X-HTTP-Method-Override": "BREW"}).status_code == 405
