"""A device is named by its id, or by the beginning or the end of it, as documents are."""

from pathlib import Path

import pytest

from backend.cli.context import transaction
from backend.clock import SystemClock
from backend.identity.models import Device
from backend.settings import Settings, read_settings
from tests.unit.cli.place import FOLDER, Place, assert_refused

FIRST, SECOND = "01KB0000000000000000000001", "01KB0000000000000000000ABC"


@pytest.fixture
def settings(set_up: Place) -> Settings:
    """Settings of an installation with two devices."""
    settings = read_settings({FOLDER: str(Path(set_up.environ[FOLDER]))})
    with transaction(settings) as session:
        for id in (FIRST, SECOND):
            times = dict.fromkeys(("enrolled_at", "family_began_at", "refreshed_at"), SystemClock().now())
            session.add(Device(id=id, rep="R1", name=id, public_key={}, version=1, **times))
    return settings


def revoked(settings: Settings) -> list[str]:
    with transaction(settings) as session:
        return [id for id in (FIRST, SECOND) if (row := session.get(Device, id)) and row.revoked_at]


@pytest.mark.parametrize("text", [SECOND, SECOND.lower(), "0ABC", "0abc"])
def test_a_device_is_revoked_by_a_part_of_its_id(set_up: Place, settings: Settings, text: str) -> None:
    result = set_up.run("rep revoke", text)
    assert (result.exit_code, result.output) == (0, f"Device {SECOND} is revoked\n")
    assert revoked(settings) == [SECOND]
    assert set_up.run("rep revoke", text).output == f"Device {SECOND} was revoked already\n"


@pytest.mark.parametrize(
    ("text", "words"), [("01KB", [FIRST, SECOND]), ("ABC", ["no device"]), ("", ["no device"])]
)
def test_a_part_of_none_or_of_several_ids_is_refused(
    set_up: Place, settings: Settings, text: str, words: list[str]
) -> None:
    assert_refused(set_up.run("rep revoke", text), *words)
    assert revoked(settings) == []
