"""Receipts for the office: the copy, and the original for finance, both as downloads that nothing runs."""

import hashlib
from urllib.parse import quote

import pytest

from backend.identity import audit
from tests.unit.api.endpoints.receipt_upload import create, patch
from tests.unit.api.installation import Installation, Phone
from tests.unit.hostile_names import HOSTILE_NAMES
from tests.unit.office.people import issue
from tests.unit.receipts.pictures import photograph, with_metadata

PHOTO = with_metadata()
NAME = hashlib.sha256(PHOTO).hexdigest()
ROLES = ("auditor", "finance", "it")


@pytest.fixture
def tokens(installation: Installation) -> dict[str, str]:
    now = installation.clock.now()
    return {
        role: installation.change(lambda session, role=role: issue(session, role, role, now=now))
        for role in ROLES
    }


def get(installation: Installation, path: str, token: str):
    return installation.client.get(
        f"/v1/office/receipts/{path}", headers={"Authorization": f"Bearer {token}"}, buffered=True
    )


@pytest.fixture
def stored(installation: Installation, phone: Phone) -> None:
    assert patch(phone, create(phone, PHOTO).headers["Location"], 0, PHOTO).status_code == 204


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("role", ROLES)
def test_the_copy_is_a_download_without_metadata(
    installation: Installation, tokens: dict[str, str], role: str
) -> None:
    waiting = get(installation, NAME, tokens[role])
    assert (waiting.status_code, waiting.json["code"]) == (422, "not_for_this")
    installation.check_receipts()
    reply = get(installation, NAME, tokens[role])
    assert reply.status_code == 200 and reply.data.startswith(b"\xff\xd8\xff") and b"SECRET" not in reply.data
    assert reply.headers["Content-Type"] == "image/jpeg"
    assert reply.headers["Content-Disposition"] == f'attachment; filename="{NAME[:12]}.jpg"'
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert int(reply.headers["Content-Length"]) == len(reply.data)


@pytest.mark.usefixtures("stored")
def test_only_finance_gets_the_original_and_each_download_is_audited(
    installation: Installation, tokens: dict[str, str]
) -> None:
    for role in ("auditor", "it"):
        assert get(installation, f"{NAME}/original", tokens[role]).json["code"] == "role_missing"
    reply = get(installation, f"{NAME}/original", tokens["finance"])
    assert (reply.status_code, reply.data) == (200, PHOTO)
    assert reply.headers["Content-Type"] == "application/octet-stream"
    assert reply.headers["Content-Disposition"] == f'attachment; filename="{NAME[:12]}-original.bin"'
    assert reply.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    with installation.sessions() as session:
        [entry] = audit.entries(session, subject=NAME)
    assert (entry.actor, entry.action) == ("user:finance", "receipt.original")


def test_a_refused_receipt_is_not_shown(
    installation: Installation, phone: Phone, tokens: dict[str, str]
) -> None:
    broken = photograph()[:100]
    patch(phone, create(phone, broken).headers["Location"], 0, broken)
    installation.check_receipts()
    reply = get(installation, hashlib.sha256(broken).hexdigest(), tokens["finance"])
    assert (reply.status_code, reply.json["code"]) == (422, "not_for_this")


@pytest.mark.parametrize(
    "name", [name for name in HOSTILE_NAMES.values() if isinstance(name, str) and "\udc80" not in name and name]
)
@pytest.mark.parametrize("ending", ["", "/original"])
def test_a_hostile_name_is_not_found(
    installation: Installation, tokens: dict[str, str], name: str, ending: str
) -> None:
    reply = get(installation, quote(name, safe="") + ending, tokens["finance"])
    assert reply.status_code in (404, 405) or reply.status_code == 308


def test_a_device_gets_no_receipt(phone: Phone) -> None:
    for path in (NAME, f"{NAME}/original"):
        assert phone.ask("GET", f"/v1/office/receipts/{path}").status_code == 403
