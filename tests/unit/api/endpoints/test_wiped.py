"""`/v1/wiped`: only a device that got the order confirms its wipe, once, and none for another."""

import datetime as dt

import pytest
from werkzeug.test import TestResponse

from backend.identity import audit, devices, enrolment, key_rotation
from backend.identity.devices import DeviceState
from backend.identity.models import Device
from tests.unit.api.installation import Installation, Phone


def revoke(installation: Installation, phone: Phone) -> None:
    now = installation.clock.now()
    installation.change(
        lambda s: enrolment.revoke(s, s.get_one(Device, phone.device_id), actor="user:x", now=now)
    )


def ordered(installation: Installation, phone: Phone) -> str:
    revoke(installation, phone)
    return phone.pull().json["wipe_order"]


def confirm(installation: Installation, order: object, exported: object = 0) -> TestResponse:
    body = {"wipe_order": order, "exported": exported}
    return installation.client.post("/v1/wiped", json=body)


def state(installation: Installation, phone: Phone) -> tuple[DeviceState, dt.datetime | None]:
    with installation.sessions() as session:
        (listed,) = [each for each in devices.listed(session) if each.device.id == phone.device_id]
        return listed.state, listed.since


def test_a_wipe_is_requested_then_confirmed_with_both_times(installation: Installation, phone: Phone) -> None:
    assert state(installation, phone)[0] is DeviceState.ACTIVE
    requested = installation.clock.now()
    order = ordered(installation, phone)
    assert state(installation, phone) == (DeviceState.WIPE_REQUESTED, requested)
    installation.clock.advance(hours=3)
    assert confirm(installation, order, 2).status_code == 204
    assert state(installation, phone) == (DeviceState.WIPED, installation.clock.now())
    device = installation.get(Device, phone.device_id)
    assert (device.revoked_at, device.wipe_exported) == (requested, 2)
    with installation.sessions() as session:
        newest = audit.entries(session)[0]
    assert (newest.actor, newest.action, newest.detail) == (
        f"device:{device.id}",
        "device.wiped",
        {"exported": 2},
    )


def test_a_confirmation_sent_again_changes_nothing(installation: Installation, phone: Phone) -> None:
    order = ordered(installation, phone)
    confirm(installation, order, 2)
    confirmed = installation.clock.now()
    installation.clock.advance(days=3)
    assert confirm(installation, order, 0).status_code == 204
    device = installation.get(Device, phone.device_id)
    assert (device.wipe_confirmed_at, device.wipe_exported) == (confirmed, 2)


def test_nobody_confirms_without_the_order(installation: Installation, phone: Phone) -> None:
    order = ordered(installation, phone)
    other = installation.phone("R2")
    _, device, authenticator = order.split(".")
    for wrong in (
        "",
        "sw1..",
        order + "x",
        order[:-1] + ("A" if order[-1] != "A" else "B"),
        f"sw1.{other.device_id}.{authenticator}",
        f"sw2.{device}.{authenticator}",
        f"{order}\n",
        f"sw1.{device}.{'é' * 43}",
        phone.refresh_token,
        "\ud800",
    ):
        installation.forget_failures()
        reply = confirm(installation, wrong)
        assert (reply.status_code, reply.json["code"]) in (
            (400, "wipe_order_invalid"),
            (422, "envelope_invalid"),
        )
    assert state(installation, phone)[0] is DeviceState.WIPE_REQUESTED
    assert other.pull().status_code == 200, "nobody orders a wipe with a confirmation"


@pytest.mark.parametrize("exported", [-1, 1.5, True, "2", 2**31, None])
def test_a_count_that_cannot_be_right_is_refused(
    installation: Installation, phone: Phone, exported: object
) -> None:
    assert confirm(installation, ordered(installation, phone), exported).status_code == 422


def test_a_wipe_from_before_a_restored_backup_is_confirmed(installation: Installation, phone: Phone) -> None:
    order = ordered(installation, phone)

    def restore(session: object) -> None:
        device = session.get_one(Device, phone.device_id)
        device.revoked_at, device.version = None, 1

    installation.change(restore)
    assert confirm(installation, order).status_code == 204
    assert state(installation, phone)[0] is DeviceState.WIPED
    assert phone.pull().json["code"] == "device_revoked"


def test_an_order_stays_valid_after_a_rotation(installation: Installation, phone: Phone) -> None:
    order = ordered(installation, phone)
    key_rotation.rotate(installation.settings.folder, ["refresh"], installation.clock.now())
    installation.clock.advance(days=1)
    assert confirm(installation, order).status_code == 204


def test_guesses_are_slowed_down(installation: Installation) -> None:
    replies = [confirm(installation, "sw1.x").status_code for _ in range(40)]
    assert replies[0] == 400 and replies[-1] == 429
