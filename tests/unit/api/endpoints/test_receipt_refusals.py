"""Requests for receipts that break the rules of tus or a limit: an error code, and nothing stored."""

import base64
import hashlib
import io
from typing import Any

import pytest
from gunicorn.http.errors import InvalidChunkSize

from sync_protocol.limits import LIMITS
from tests.unit.api.endpoints.receipt_upload import DIGEST, JPEG, b64, create, patch, tus
from tests.unit.api.installation import Installation, Phone


@pytest.mark.parametrize("version", ["", "0.2.2", "1.0.1"])
def test_another_version_of_tus_is_refused(phone: Phone, version: str) -> None:
    for method, path in (("POST", "/v1/receipts"), ("HEAD", "/v1/receipts/x"), ("PATCH", "/v1/receipts/x")):
        reply = tus(phone, method, path, Tus_Resumable=version)
        assert (reply.status_code, reply.headers["Tus-Version"]) == (412, "1.0.0")


@pytest.mark.parametrize("length", ["", "-1", "0", "1.5", "abc", "1e3", "²", "+5", " ", "9" * 40])
def test_an_invalid_upload_length_is_refused(phone: Phone, length: str) -> None:
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
def test_invalid_upload_metadata_is_refused(phone: Phone, metadata: str) -> None:
    reply = create(phone, Upload_Metadata=metadata)
    assert (reply.status_code, reply.json["errors"][0]["field"]) == (422, "Upload-Metadata")


@pytest.mark.parametrize("offset", ["", "-1", "x", "1.0", "٣"])
def test_an_invalid_upload_offset_is_refused(phone: Phone, offset: str) -> None:
    place = create(phone).headers["Location"]
    assert patch(phone, place, offset, JPEG).status_code == 422


@pytest.mark.parametrize(
    "id",
    ["../../satchel.sqlite", "..%2f..%2fkeys%2fsigning.pem", "%2e%2e", "x\0y", "a" * 5000, "é", "' OR 1=1"],
)
def test_an_upload_id_with_a_path_finds_nothing(installation: Installation, phone: Phone, id: str) -> None:
    for method in ("HEAD", "PATCH", "DELETE"):
        reply = (
            patch(phone, f"/v1/receipts/{id}", 0, JPEG)
            if method == "PATCH"
            else tus(phone, method, f"/v1/receipts/{id}")
        )
        assert reply.status_code in (404, 405)
    assert (installation.settings.folder / "keys" / "signing.pem").exists()


def test_a_file_name_with_a_path_does_not_stop_an_upload(phone: Phone) -> None:
    metadata = f"sha256 {b64(DIGEST)},filename {b64('../../etc/passwd')}"
    place = create(phone, Upload_Metadata=metadata).headers["Location"]
    assert patch(phone, place, 0, JPEG).status_code == 204


def test_an_upload_chunk_over_the_limit_is_refused_with_and_without_a_length(phone: Phone) -> None:
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


def test_bytes_before_an_invalid_http_chunk_are_kept(phone: Phone) -> None:
    class Broken(io.BytesIO):
        """The input stream of gunicorn for a body whose second chunk has a malformed size."""

        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            if not data:
                raise InvalidChunkSize(b"zz")
            return data

    def send(**extra_headers: str) -> Any:
        headers = {
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": "0",
            "Content-Type": "application/offset+octet-stream",
            **extra_headers,
        }
        chunked = {"wsgi.input": Broken(JPEG[:1000]), "wsgi.input_terminated": True}
        return phone.ask("PATCH", place, headers=headers, environ_overrides=chunked)

    place = create(phone).headers["Location"]
    checksum = f"sha256 {b64(hashlib.sha256(JPEG).digest())}"
    assert send(**{"Upload-Checksum": checksum}).json["code"] == "body_damaged"
    assert (send().status_code, tus(phone, "HEAD", place).headers["Upload-Offset"]) == (204, "1000")
