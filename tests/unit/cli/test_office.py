"""`satchel office …`: accounts and their secrets, roles, deputies and sessions."""

import pytest

from backend.office.accounts import PREFIX
from tests.unit.cli.place import Place


@pytest.fixture
def office(place: Place) -> Place:
    assert place.run("init").exit_code == 0
    return place


def test_an_account_gets_its_secret_once(office: Place) -> None:
    password = office.run("office add", "anna", "--role", "order_desk", "--role", "it").output.strip()
    assert len(password) == 29 and password.isascii()
    assert office.run("office add", "bridge", "--role", "it", "--token").output.startswith(PREFIX)
    assert office.run("office token", "anna").output.startswith(PREFIX)
    again = office.run("office password", "anna", "--without-second-factor").output.strip()
    assert again != password
    listed = office.run("office list").output
    assert "it, order_desk" in listed and "password, an initial one, token" in " ".join(listed.split())
    assert password not in listed and again not in listed


@pytest.mark.parametrize("command", ["office token", "office password", "office sign-out", "office revoke"])
def test_a_command_about_nobody_is_refused(office: Place, command: str) -> None:
    refused = office.run(command, "nobody")
    assert (refused.exit_code, "no active account nobody" in refused.output) == (2, True)


def test_a_deputy_has_a_period(office: Place) -> None:
    for name in ("anna", "bert"):
        office.run("office add", name, "--role", "finance")
    done = office.run("office deputy", "anna", "bert", "--since", "2026-12-01", "--until", "2026-12-24")
    assert (done.exit_code, "until 2026-12-24" in done.output) == (0, True)
    for wrong in (
        ("anna", "bert", "--since", "2026-12-24", "--until", "2026-12-01"),
        ("anna", "anna", "--until", "2099-12-01"),
        ("anna", "nobody", "--until", "2099-12-01"),
    ):
        assert office.run("office deputy", *wrong).exit_code == 2
    assert "Nobody is signed in" in office.run("office sessions").output
    assert "0 sessions" in office.run("office sign-out", "anna").output


def test_an_action_as_an_account_has_its_roles(office: Place) -> None:
    office.run("office add", "store", "--role", "warehouse")
    refused = office.run("parked reserve", "01KB0000000000000000000001", "--as", "store")
    assert refused.exit_code == 2
