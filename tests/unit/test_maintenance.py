"""Maintenance: one job that fails does not stop the others, and a database that is away stops the round."""

from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.identity import audit, key_rotation, keys
from backend.identity.key_ring import Lifetimes
from backend.identity.models import UsedProof
from backend.maintenance import PURGE_SECONDS, Maintenance, every
from backend.settings import Settings
from tests.unit.delivery.recording_erp import RecordingErp

pytestmark = pytest.mark.both_dialects


@pytest.fixture
def maintenance(sessions: Sessions, settings: Settings, clock: ManualClock, tmp_path: Path) -> Maintenance:
    """The maintenance of a worker whose ERP has left a damaged acknowledgement."""
    erp = RecordingErp(tmp_path / "erp")
    (erp.folder / "acknowledgements").mkdir()
    (erp.folder / "acknowledgements" / "a1").write_text("not JSON")
    return Maintenance(settings, sessions, erp, clock)


def test_a_job_that_fails_does_not_stop_the_others(maintenance: Maintenance) -> None:
    done: list[str] = []

    def fail() -> None:
        raise ValueError("a bug")

    maintenance.jobs = (fail, *maintenance.jobs, lambda: done.append("last"))
    with pytest.raises(ValueError, match="a bug"):
        maintenance.run_once()
    assert done == ["last"]


def test_a_database_that_is_away_ends_the_round_at_once(maintenance: Maintenance) -> None:
    done: list[str] = []

    def fail() -> None:
        raise OperationalError("SELECT 1", {}, Exception("the server has closed the connection"))

    maintenance.jobs = (fail, lambda: done.append("last"))
    with pytest.raises(OperationalError):
        maintenance.run_once()
    assert done == []


def test_a_periodic_job_runs_when_it_is_due_and_again_after_a_failure(clock: ManualClock) -> None:
    runs: list[bool] = []
    fails = True

    def job() -> None:
        runs.append(True)
        if fails:
            raise ValueError

    periodic = every(PURGE_SECONDS, clock, job)
    with pytest.raises(ValueError):
        periodic()
    fails = False
    periodic()
    periodic()
    assert len(runs) == 2
    clock.advance(seconds=PURGE_SECONDS)
    periodic()
    assert len(runs) == 3
    # The operator sets the clock back by a month: the job does not wait for a month.
    clock.advance(days=-30)
    periodic()
    assert len(runs) == 4


def test_old_keys_are_replaced_and_expired_proofs_forgotten(
    maintenance: Maintenance, sessions: Sessions, clock: ManualClock
) -> None:
    folder = maintenance.settings.folder
    key_rotation.ring_of(folder, Lifetimes())
    with sessions() as session, session.begin():
        session.add(UsedProof(thumbprint="t", id_hash="h", expires_at=clock.now()))
    maintenance.rotate_keys()
    assert len(keys.read_all(folder)) == 2, "the keys are new"
    clock.advance(days=120)
    for _ in range(2):
        maintenance.rotate_keys()
        assert len(keys.read_all(folder)) == 4
    clock.advance(days=60)
    maintenance.rotate_keys()
    assert len(keys.read_all(folder)) == 3, "families of before the rotation still need the refresh secret"
    with sessions() as session:
        assert session.query(UsedProof).count() == 0
        assert [entry.action for entry in audit.entries(session)] == ["key.published"] * 2
