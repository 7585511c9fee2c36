"""`satchel keys …` and `satchel rep code --device`: rotation, revocation, and a device that enrols again."""

from sqlalchemy import select

from backend.clock import SystemClock
from backend.database.core import Sessions
from backend.identity import audit
from backend.identity.models import Device, EnrolmentCode, Rep
from tests.unit.cli.conftest import Satchel

DEVICE = "01KB0000000000000000000001"


def listed(satchel: Satchel) -> list[str]:
    return [
        line for line in satchel("keys", "list").output.splitlines() if "signing" in line or "refresh" in line
    ]


def test_keys_are_listed_and_rotated(installed: Sessions, satchel: Satchel) -> None:
    assert ["in use" in line for line in listed(satchel)] == [True, True]
    result = satchel("keys", "rotate")
    assert result.exit_code == 0 and result.output.count("is used from") == 2
    assert sum("published" in line for line in listed(satchel)) == 2
    assert satchel("keys", "rotate", "signing").output.count("is used from") == 1
    with installed() as session:
        assert {entry.action for entry in audit.entries(session)} == {"key.published"}


def test_a_leaked_key_is_revoked(installed: Sessions, satchel: Satchel) -> None:
    for kind, confirm in (("signing", ()), ("refresh", ("--yes",))):
        (id,) = [line.split("│")[2].strip() for line in listed(satchel) if kind in line]
        result = satchel("keys", "revoke", id, *confirm)
        assert result.exit_code == 0 and "is revoked" in result.output, result.output
        assert not any(id in line for line in listed(satchel))
    assert len(listed(satchel)) == 2
    refused = satchel("keys", "revoke", "-unknown")
    assert refused.exit_code != 0 and "there is no key -unknown" in refused.output


def test_a_code_for_a_device_that_enrols_again(installed: Sessions, satchel: Satchel) -> None:
    now = SystemClock().now()
    with installed() as session, session.begin():
        session.add_all(Rep(id=id, name="Ana", role="sales", active=True) for id in ("R1", "R2"))
        session.flush()
        times = {"enrolled_at": now, "family_began_at": now, "refreshed_at": now, "reuse_noticed_at": now}
        session.add(Device(id=DEVICE, rep="R1", name="Pixel", public_key={}, **times))
    assert "must enrol again" in " ".join(satchel("rep", "devices").output.split())
    assert satchel("rep", "code", "R1", "--device", DEVICE).exit_code == 0
    with installed() as session:
        assert session.scalars(select(EnrolmentCode.renews)).all() == [DEVICE]
    refused = satchel("rep", "code", "R2", "--device", DEVICE)
    assert refused.exit_code == 2 and f"has no device '{DEVICE}'" in refused.output
    assert "there is no device D999" in satchel("rep", "code", "R1", "--device", "D999").output
    assert satchel("rep", "revoke", DEVICE).exit_code == 0
    assert "is revoked" in satchel("rep", "code", "R1", "--device", DEVICE).output
