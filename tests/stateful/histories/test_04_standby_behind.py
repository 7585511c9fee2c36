"""History 4: a standby that is behind says "complete" (rule 8: `seen`)."""

from typing import Any

import pytest

from backend.database.core import Sessions
from backend.sync import page
from backend.sync.pull import NotYet
from sync_protocol.cursor import Cursor
from tests.stateful.histories.checks import differences, server_view
from tests.stateful.histories.conftest import CopyDatabase
from tests.stateful.histories.devices import content
from tests.stateful.histories.mutants import do_not_compare
from tests.unit.sync.company import customer, reps, say
from tests.unit.sync.replica import Replica

pytestmark = pytest.mark.both_dialects

LEAST = 4 * 1024


def scenario(primary: Sessions, copy_database: CopyDatabase) -> tuple[list[str], list[str]]:
    """The primary's page is cut below the rewritten k0; the standby has nothing above the cut.

    Returns the damage when the standby has answered, and what is left once the primary has.
    """
    say(primary, customer("K0", "NW"))
    say(primary, customer("K1", "NW", notes="x" * 4000), customer("K2", "NW", notes="x" * 4000))
    standby = copy_database(primary)
    say(primary, customer("K0", "NW", name="Rewritten"))
    replica = Replica(primary, "R1", limit_bytes=LEAST)
    first = replica.step()
    second = replica.step()
    assert not first["complete"] and not second["complete"], "the pages must be cut below the rewritten K0"
    replica.sessions = standby
    found = _answer(replica)
    replica.sessions = primary
    replica.sync()
    return found, differences(server_view(primary, "R1"), content(replica))


def _answer(replica: Replica) -> list[str]:
    try:
        said = replica.step()
    except NotYet:
        return []
    if not said["complete"]:
        return []
    return differences(server_view(replica.sessions, "R1"), content(replica))


@pytest.fixture(autouse=True)
def two_reps(sessions: Sessions) -> None:
    reps(sessions)


def test_a_standby_that_is_behind_says_not_yet(sessions: Sessions, copy_database: CopyDatabase) -> None:
    assert scenario(sessions, copy_database) == ([], [])


def test_without_seen_the_standby_calls_a_replica_complete_that_lacks_a_record(
    sessions: Sessions, copy_database: CopyDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgetful(epoch: str, seen: int = 0, marks: Any = None) -> Cursor:
        return Cursor(epoch, 0, marks or {})

    monkeypatch.setattr(page, "Cursor", forgetful)
    do_not_compare(monkeypatch)
    found, _ = scenario(sessions, copy_database)
    assert found == ["customers K0 is missing"]
