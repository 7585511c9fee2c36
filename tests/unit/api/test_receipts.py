"""Receipts over HTTP: tus 1.0 with its extensions, and connections that break at critical points."""

import base64
import hashlib
import io
from typing import Any

import pytest
from gunicorn.http.errors import InvalidChunkSize

from backend.inbox.models import Submission
from sync_protocol.limits import LIMITS
from tests.unit.api.installation import Installation, Phone, writer
from tests.unit.sync.company import submission

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40
DIGEST = hashlib.sha256(JPEG).hexdigest()
HALF = len(JPEG) // 2
CLAIM = "01KBR9Z8Q5T0000000000000AC"


def b64(data: str | bytes) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def tus(phone: Phone, method: str, path: str = "/v1/receipts", data: bytes = b"", **headers: Any) -> Any:
    sent = {"Tus-Resumable": "1.0.0", **{name.replace("_", "-"): str(value) for name, value in headers.items()}}
    return phone.ask(method, path, data=data, headers={k: v for k, v in sent.items() if v != ""})


def create(phone: Phone, data: bytes = JPEG, **headers: Any) -> Any:
    metadata = f"sha256 {b64(hashlib.sha256(data).hexdigest())},filename {b64('lunch.jpg')}"
    return tus(phone, "POST", **{"Upload_Length": len(data), "Upload_Metadata": metadata, **headers})


def patch(phone: Phone, path: str, offset: Any, data: bytes, **headers: Any) -> Any:
    defaults = {"Content_Type": "application/offset+octet-stream", "Upload_Offset": offset}
    return tus(phone, "PATCH", path, data, **{**defaults, **headers})


def claim() -> dict[str, Any]:
    body = {
        "purpose": "Lunch with Ana",
        "customer_id": "C1",
        "currency": "EUR",
        "lines": [
            {
                "line_no": 1,
                "date": "2026-11-20",
                "category_id": "meals",
                "description": "Lunch",
                "amount": "42.00",
                "receipts": [f"sha256:{DIGEST}"],
            }
        ],
    }
    return submission(CLAIM, body, "expense_claim", needs=[f"sha256:{DIGEST}"])


def test_the_server_says_what_it_can_do(phone: Phone) -> None:
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


def test_an_upload_is_resumed_where_it_stood(phone: Phone) -> None:
    begun = create(phone)
    assert begun.status_code == 201
    assert "Content-Type" not in begun.headers
    place = begun.headers["Location"]
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


def test_a_claim_that_waits_for_its_receipt_is_queued_when_it_arrives(here: Installation, phone: Phone) -> None:
    assert phone.push(claim()).json["results"][0]["state"] == "received"
    cursor = phone.pull().json["cursor"]
    place = create(phone).headers["Location"]
    patch(phone, place, 0, JPEG)
    with here.sessions() as session:
        assert session.query(Submission).one().state == "queued"
    page = phone.pull(cursor).json
    assert page["changes"][0]["put"][0][1]["state"] == "queued"
    assert page["changes"][0]["put"][0][1]["missing"] == []


def test_the_first_bytes_may_come_with_the_creation(phone: Phone) -> None:
    metadata = f"sha256 {b64(DIGEST)}"
    headers = {"Upload_Length": len(JPEG), "Upload_Metadata": metadata}
    reply = tus(phone, "POST", data=JPEG, Content_Type="application/offset+octet-stream", **headers)
    assert (reply.status_code, reply.headers["Upload-Offset"]) == (201, str(len(JPEG)))


def test_a_receipt_that_was_sent_before_is_complete_at_once(phone: Phone) -> None:
    patch(phone, create(phone).headers["Location"], 0, JPEG)
    again = create(phone)
    assert (again.status_code, again.headers["Upload-Offset"]) == (201, str(len(JPEG)))


def test_nobody_learns_what_others_have(here: Installation, phone: Phone) -> None:
    place = create(phone).headers["Location"]
    patch(phone, place, 0, JPEG)
    other = here.phone("R2")
    assert create(other).headers["Upload-Offset"] == "0"
    for reply in (tus(other, "HEAD", place), patch(other, place, 0, JPEG), tus(other, "DELETE", place)):
        assert (reply.status_code, reply.headers["Satchel-Error"]) == (404, "not_found")


@pytest.mark.parametrize("server", ["one that says so", "one that gives less"])
def test_a_piece_that_breaks_off_still_counts_unless_it_was_summed_up(phone: Phone, server: str) -> None:
    place = create(phone).headers["Location"]

    def send_cut(start: int, end: int, **more: str) -> Any:
        headers = {
            "Tus-Resumable": "1.0.0",
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": str(start),
            **more,
        }
        announced = {"CONTENT_LENGTH": str(len(JPEG) - start), "wsgi.input_terminated": "less" in server}
        return phone.ask("PATCH", place, data=JPEG[start:end], headers=headers, environ_overrides=announced)

    send_cut(0, 1000)
    assert tus(phone, "HEAD", place).headers["Upload-Offset"] == "1000"
    checksum = f"sha1 {b64(hashlib.sha1(JPEG[1000:], usedforsecurity=False).digest())}"
    assert send_cut(1000, 2000, **{"Upload-Checksum": checksum}).json["code"] == "body_damaged"
    assert tus(phone, "HEAD", place).headers["Upload-Offset"] == "1000"


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_checksum_guards_a_piece(phone: Phone, algorithm: str) -> None:
    place = create(phone).headers["Location"]
    good = f"{algorithm} {b64(hashlib.new(algorithm, JPEG).digest())}"
    reply = patch(phone, place, 0, JPEG[:-1] + b"x", Upload_Checksum=good)
    assert (reply.status_code, reply.json["code"]) == (460, "digest_mismatch")
    assert tus(phone, "HEAD", place).headers["Upload-Offset"] == "0"
    assert patch(phone, place, 0, JPEG, Upload_Checksum=good).status_code == 204


def test_bytes_of_another_digest_or_type_are_refused_and_discarded(phone: Phone) -> None:
    place = create(phone).headers["Location"]
    reply = patch(phone, place, 0, JPEG[:-1] + b"x")
    assert (reply.status_code, reply.json["code"]) == (460, "digest_mismatch")
    assert tus(phone, "HEAD", place).status_code == 404
    place = create(phone, b"<html>" * 20).headers["Location"]
    reply = patch(phone, place, 0, b"<html>" * 20)
    assert (reply.status_code, reply.json["code"]) == (415, "receipt_type")


def test_an_upload_can_be_given_up(phone: Phone) -> None:
    place = create(phone).headers["Location"]
    patch(phone, place, 0, JPEG[:HALF])
    assert tus(phone, "DELETE", place).status_code == 204
    assert tus(phone, "HEAD", place).status_code == 404


def test_a_head_is_never_refused_because_somebody_writes(here: Installation, phone: Phone) -> None:
    place = create(phone).headers["Location"]
    with writer(here):
        assert tus(phone, "HEAD", place).status_code == 200


@pytest.mark.parametrize("version", ["", "0.2.2", "1.0.1"])
def test_another_version_of_tus_is_refused(phone: Phone, version: str) -> None:
    for method, path in (("POST", "/v1/receipts"), ("HEAD", "/v1/receipts/x"), ("PATCH", "/v1/receipts/x")):
        reply = tus(phone, method, path, Tus_Resumable=version)
        assert (reply.status_code, reply.headers["Tus-Version"]) == (412, "1.0.0")


@pytest.mark.parametrize("length", ["", "-1", "0", "1.5", "abc", "1e3", "²", "+5", " ", "9" * 40])
def test_a_length_that_is_none_is_refused(phone: Phone, length: str) -> None:
    reply = create(phone, Upload_Length=length)
    assert (reply.status_code, reply.json["errors"][0]["field"]) == (422, "Upload-Length")


def test_a_receipt_over_the_limit_is_refused_before_it_is_sent(phone: Phone) -> None:
    reply = create(phone, Upload_Length=LIMITS.receipt_bytes + 1)
    assert (reply.status_code, reply.json["code"]) == (413, "body_too_large")
    assert reply.headers["Tus-Max-Size"] == str(LIMITS.receipt_bytes)


@pytest.mark.parametrize(
    "metadata",
    [
        "",
        "sha256",
        "sha256 !!!",
        f"sha256 {base64.b64encode(b'ABC').decode()}",
        f"sha256 {base64.b64encode(b'../' * 21 + b'x').decode()}",
        f"sha256 {base64.b64encode(b'A' * 64).decode()}",
        "filename " + base64.b64encode(b"x").decode(),
        f"sha256 {base64.b64encode(DIGEST.encode()).decode()},filename /w==",
        "," * 1000,
    ],
    ids=lambda text: text[:20],
)
def test_garbage_in_the_metadata_is_refused(phone: Phone, metadata: str) -> None:
    reply = create(phone, Upload_Metadata=metadata)
    assert (reply.status_code, reply.json["errors"][0]["field"]) == (422, "Upload-Metadata")


@pytest.mark.parametrize("offset", ["", "-1", "x", "1.0", "٣"])
def test_an_offset_that_is_none_is_refused(phone: Phone, offset: str) -> None:
    place = create(phone).headers["Location"]
    assert patch(phone, place, offset, JPEG).status_code == 422


@pytest.mark.parametrize(
    "id",
    ["../../satchel.sqlite", "..%2f..%2fkeys%2fsigning.pem", "%2e%2e", "x\0y", "a" * 5000, "é", "' OR 1=1"],
)
def test_an_id_leads_nowhere_but_to_an_upload(here: Installation, phone: Phone, id: str) -> None:
    for method in ("HEAD", "PATCH", "DELETE"):
        reply = (
            patch(phone, f"/v1/receipts/{id}", 0, JPEG)
            if method == "PATCH"
            else tus(phone, method, f"/v1/receipts/{id}")
        )
        assert reply.status_code in (404, 405)
    assert (here.settings.folder / "keys" / "signing.pem").exists()


def test_a_name_with_a_path_is_only_a_name(phone: Phone) -> None:
    metadata = f"sha256 {b64(DIGEST)},filename {b64('../../etc/passwd')}"
    place = create(phone, Upload_Metadata=metadata).headers["Location"]
    assert patch(phone, place, 0, JPEG).status_code == 204


def test_a_piece_over_the_limit_is_refused_whether_it_says_so_or_not(phone: Phone) -> None:
    data = b"\xff\xd8\xff" + b"x" * LIMITS.receipt_chunk_bytes
    place = create(phone, data).headers["Location"]
    assert patch(phone, place, 0, data).json["code"] == "body_too_large"
    headers = {
        "Tus-Resumable": "1.0.0",
        "Content-Type": "application/offset+octet-stream",
        "Upload-Offset": "0",
        "Transfer-Encoding": "chunked",
    }
    chunked = {"wsgi.input_terminated": True}
    reply = phone.ask("PATCH", place, data=data, headers=headers, environ_overrides=chunked)
    assert reply.json["code"] == "body_too_large"
    assert patch(phone, place, 0, JPEG * 20, Content_Type="text/plain").status_code == 415
    assert patch(phone, place, 0, JPEG, Content_Encoding="gzip").status_code == 415
    small = create(phone).headers["Location"]
    assert patch(phone, small, 0, JPEG + b"x").json["code"] == "body_too_large"


def test_what_came_before_a_chunk_that_is_none_is_kept(phone: Phone) -> None:
    class Broken(io.BytesIO):
        """The input stream of gunicorn for a body whose second chunk has a malformed size."""

        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            if not data:
                raise InvalidChunkSize(b"zz")
            return data

    def send(**more: str) -> Any:
        headers = {
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": "0",
            "Content-Type": "application/offset+octet-stream",
            **more,
        }
        chunked = {"wsgi.input": Broken(JPEG[:1000]), "wsgi.input_terminated": True}
        return phone.ask("PATCH", place, headers=headers, environ_overrides=chunked)

    place = create(phone).headers["Location"]
    checksum = f"sha256 {b64(hashlib.sha256(JPEG).digest())}"
    assert send(**{"Upload-Checksum": checksum}).json["code"] == "body_damaged"
    assert (send().status_code, tus(phone, "HEAD", place).headers["Upload-Offset"]) == (204, "1000")
