"""`satchel rep …` about phones: codes are listed and withdrawn, devices renamed, revoked and wiped."""

import datetime as dt

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from backend.database.core import Sessions
from backend.identity import audit, enrolment, reps, wipes
from backend.identity.models import Device, EnrolmentCode, RoleCollection
from tests.unit.api.installation import b64
from tests.unit.cli.conftest import Satchel


@pytest.fixture(autouse=True)
def rep(installed: Sessions) -> None:
    with installed() as session, session.begin():
        session.add(RoleCollection(role="sales", collection="customers"))
        reps.save(session, "R1", "Ana", None)


def enrol(installed: Sessions, code: str) -> str:
    key = {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": b64(Ed25519PrivateKey.generate().public_key().public_bytes_raw()),
    }
    with installed() as session, session.begin():
        device = enrolment.redeem(
            session,
            code=code,
            public_key=key,
            device_name="Pixel",
            app_version=None,
            now=dt.datetime.now(dt.UTC),
        )
        return device.id


def actions(installed: Sessions) -> list[str]:
    with installed() as session:
        return [entry.action for entry in audit.entries(session)]


@pytest.mark.parametrize(
    ("words", "settings", "minutes"),
    [((), {}, 10), (("--minutes", "60"), {}, 60), ((), {"SATCHEL_ENROLMENT_MINUTES": "5"}, 5)],
)
def test_a_code_lives_ten_minutes_unless_somebody_says_otherwise(
    installed: Sessions, satchel: Satchel, words: tuple[str, ...], settings: dict[str, str], minutes: int
) -> None:
    assert satchel("rep", "code", "R1", *words, **settings).exit_code == 0
    with installed() as session:
        code = session.scalars(select(EnrolmentCode)).one()
    assert code.expires_at - code.created_at == dt.timedelta(minutes=minutes)
    assert code.created_by.startswith("user:")


def test_a_code_is_listed_and_withdrawn(installed: Sessions, satchel: Satchel) -> None:
    code, other = (satchel("rep", "code", "R1").output.strip() for _ in range(2))
    listed = satchel("rep", "codes", "R1").output
    assert code not in listed and code.replace("-", "") not in listed, "a code is shown once"
    with installed() as session:
        reference = next(
            each.code_hash[:12]
            for each in session.scalars(select(EnrolmentCode))
            if each.code_hash == enrolment.enrolment_codes.hash_of(code)
        )
    assert reference in listed
    assert satchel("rep", "withdraw", reference).exit_code == 0
    assert reference not in satchel("rep", "codes").output
    with pytest.raises(enrolment.CodeInvalid):
        enrol(installed, code)
    again = satchel("rep", "withdraw", reference)
    assert again.exit_code == 2 and "satchel rep codes" in again.output
    assert satchel("rep", "withdraw", other.lower()).exit_code == 0, "the code itself names it too"
    assert actions(installed)[:2] == ["enrolment.withdraw", "enrolment.withdraw"]
    assert "No code can be used" in satchel("rep", "codes").output


def test_a_code_that_was_used_is_not_listed_and_not_withdrawn(installed: Sessions, satchel: Satchel) -> None:
    code = satchel("rep", "code", "R1").output.strip()
    enrol(installed, code)
    assert "No code can be used" in satchel("rep", "codes").output
    assert satchel("rep", "withdraw", code).exit_code == 2


def test_a_device_is_renamed_revoked_and_seen_to_be_wiped(installed: Sessions, satchel: Satchel) -> None:
    id = enrol(installed, satchel("rep", "code", "R1").output.strip())
    assert satchel("rep", "rename", id[-6:], "Ana's blue phone").exit_code == 0
    assert "Ana's blue phone" in satchel("rep", "devices").output
    refused = satchel("rep", "rename", id, "x\ny")
    assert refused.exit_code == 2 and "must be 1 to 120 printable characters" in refused.output
    assert satchel("rep", "revoke", id).exit_code == 0
    assert "wipe requested 20" in satchel("rep", "devices").output
    assert "1 revoked devices have not confirmed" in satchel("doctor").output
    with installed() as session, session.begin():
        order = wipes.order(id, [b"secret"])
        wipes.confirm(session, order, [b"secret"], exported=2, now=dt.datetime.now(dt.UTC))
    shown = satchel("rep", "devices", "R1").output
    assert "confirmed 20" in shown and "exported 2 unsent" in shown
    assert actions(installed)[:3] == ["device.wiped", "device.revoked", "device.rename"]


def test_deactivating_revokes_every_device_and_says_how_many(installed: Sessions, satchel: Satchel) -> None:
    for _ in range(2):
        enrol(installed, satchel("rep", "code", "R1").output.strip())
    unused = satchel("rep", "code", "R1").output.strip()
    assert "2 phones wipe themselves" in satchel("rep", "deactivate", "R1").output
    with installed() as session:
        assert all(device.revoked_at for device in session.scalars(select(Device)))
    assert satchel("rep", "activate", "R1").exit_code == 0
    with pytest.raises(enrolment.CodeInvalid):
        enrol(installed, unused)


def test_doctor_names_rows_from_before_the_rules(installed: Sessions, satchel: Satchel) -> None:
    with installed() as session, session.begin():
        session.get_one(reps.Rep, "R1").name = "A\nna"
    report = satchel("doctor")
    assert report.exit_code == 1 and "the name 'A\\nna' must be" in report.output
