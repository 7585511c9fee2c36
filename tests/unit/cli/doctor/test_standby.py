"""`satchel doctor` says how far the standby is behind, and what is wrong with it."""

from backend.cli.doctor.finding import ERROR, OK, WARNING
from backend.cli.doctor.standby import examine_standby
from backend.feed import positions
from tests.services.standby import pause, resume
from tests.unit.api.installation import Installation
from tests.unit.api.standby_pair import Pair, installation, own, patient, served, shared
from tests.unit.sync.company import customer, say

__all__ = ["installation", "own", "patient", "served", "shared"]


def test_doctor_reports_the_state_of_the_standby(installation: Installation, shared: Pair) -> None:
    def findings() -> list[tuple[str, str]]:
        with installation.sessions() as session:
            primary = positions.head(session)
        return [
            (each.status, each.message) for each in examine_standby(installation.settings.standby_url, primary)
        ]

    shared.catch_up()
    ((status, words),) = findings()
    assert status == OK and "level with the primary" in words
    pause(shared.standby)
    try:
        say(installation.sessions, customer("NEW", "NW"))
        ((status, words),) = findings()
        assert status == WARNING and "positions behind; replay: paused" in words
        installation.change(positions.new_epoch)
        ((status, words),) = findings()
        assert status == ERROR and "another epoch" in words
    finally:
        resume(shared.standby)
    nowhere = positions.Head("", 0)
    (primary,) = examine_standby(installation.settings.database_url, nowhere)
    assert (primary.status, primary.message) == (ERROR, "it is not a standby")
    (missing,) = examine_standby(shared.standby.url("nowhere"), nowhere)
    assert missing.status == WARNING and "nowhere" in missing.message
