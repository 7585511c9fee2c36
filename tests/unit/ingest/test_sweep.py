"""The sweep finds deletions, and deletes nothing that may exist."""

from dataclasses import replace

import pytest
from sqlalchemy import update

from backend.erp.errors import ErpError, ErrorClass
from backend.erp.rows import BadRow
from backend.feed.changes import publish
from backend.ingest.models import Watermark
from sync_protocol.change import Put
from tests.unit.ingest.conftest import Intake
from tests.unit.ingest.scripted_erp import unit

pytestmark = pytest.mark.both_dialects


@pytest.fixture
def ten(intake: Intake) -> Intake:
    """Ten units, read."""
    intake.erp.say("units", *(unit(f"u{n}") for n in range(10)))
    intake.read()
    return intake


def test_a_record_deleted_in_the_erp_is_deleted(ten: Intake) -> None:
    ten.erp.vanish("units", "u3", "u7")
    result = ten.sweep()
    assert (result.listed, result.missing, result.deleted) == (8, 2, 2)
    assert ten.keys() == [f"u{n}" for n in range(10) if n not in (3, 7)]
    assert ten.watermark().swept_at == ten.clock.now()


def test_a_record_newer_than_the_listing_is_kept(ten: Intake) -> None:
    """History 14."""

    def created_meanwhile(call: str) -> None:
        if call == "keys units":
            ten.erp.before_answer = lambda call: None
            exists = set(ten.erp.exists["units"])
            ten.erp.say("units", unit("new"), unit("u3", "renamed"))
            ten.read()
            ten.erp.exists["units"] = exists - {"u3"}

    ten.erp.vanish("units", "u3", "u5")
    ten.erp.before_answer = created_meanwhile
    assert ten.sweep().deleted == 1
    left = ten.keys()
    assert "new" in left and "u3" in left and "u5" not in left


def test_a_record_is_deleted_only_when_two_listings_lack_it(ten: Intake) -> None:
    flickers = iter([{"u1"}, set()])

    def listing(collection: str) -> set[str]:
        return ten.erp.exists["units"] - {"u2"} - next(flickers)

    ten.erp.keys = listing
    assert ten.sweep().deleted == 1
    left = ten.keys()
    assert "u1" in left and "u2" not in left


@pytest.mark.parametrize("left", [0, 5])
def test_a_listing_that_is_empty_or_has_shrunk_is_refused(ten: Intake, left: int) -> None:
    ten.erp.vanish("units", *(f"u{n}" for n in range(left, 10)))
    result = ten.sweep()
    assert result.deleted == 0 and len(ten.keys()) == 10
    failure = ten.watermark().sweep_failure
    assert failure == result.failure and failure is not None
    assert f"The ERP lists {left} units; {10 - left} of the 10 in the feed are missing there" in failure
    assert ten.watermark().swept_at is None
    ten.read()
    assert ten.watermark().sweep_failure == failure, "a reading that goes well does not hide it"


def test_a_listing_that_shrank_within_the_limit_is_accepted(ten: Intake) -> None:
    ten.erp.vanish("units", *(f"u{n}" for n in range(4)))
    assert ten.sweep().deleted == 4


def test_an_empty_listing_is_refused_at_any_limit(ten: Intake) -> None:
    ten.settings = replace(ten.settings, shrink_guard_percent=100)
    ten.erp.exists["units"] = set()
    assert ten.sweep().deleted == 0


def test_the_operator_can_accept_a_shrunken_listing(ten: Intake) -> None:
    ten.erp.exists["units"] = {"u1"}
    ten.sweep()
    assert ten.sweep(force=True).deleted == 9
    assert ten.watermark().sweep_failure is None


def test_an_erp_that_fails_while_listing_deletes_nothing(ten: Intake) -> None:
    ten.erp.error = ErpError(ErrorClass.TRANSIENT, "the ERP is closed for maintenance")
    result = ten.sweep()
    assert (result.deleted, result.failure) == (0, "the ERP is closed for maintenance")
    assert len(ten.keys()) == 10


def test_a_full_snapshot_is_swept_when_it_was_read(intake: Intake) -> None:
    intake.erp.snapshots = True
    intake.erp.say("units", *(unit(f"u{n}") for n in range(4)))
    intake.read()
    intake.erp.vanish("units", "u0")
    intake.erp.say("units", unit("u1", "renamed"))
    assert intake.read().deleted == 1
    assert intake.keys() == ["u1", "u2", "u3"]


def test_a_full_reading_replaces_a_missing_listing_of_keys(intake: Intake) -> None:
    intake.erp.snapshots, intake.erp.lists = True, frozenset()
    intake.erp.say("units", unit("a"), unit("b"), BadRow("c", "is broken", ""), unit("d"))
    intake.read()
    with intake.sessions() as session, session.begin():
        session.execute(update(Watermark).values(value=None))
        publish(session, [Put("units", "c", unit("c")), Put("units", "x", unit("x"))])
    assert intake.read().deleted == 1
    assert intake.keys() == ["a", "b", "c", "d"], "a row that cannot be read exists all the same"


def test_a_partly_read_snapshot_deletes_nothing(intake: Intake) -> None:
    intake.erp.snapshots, intake.erp.lists = True, frozenset()
    intake.erp.say("units", *(unit(f"u{n}") for n in range(4)))
    intake.read(stop=lambda: "read units" in intake.erp.calls)
    assert intake.read().deleted == 0
    assert len(intake.keys()) == 4


def test_a_listed_key_that_no_database_stores_is_ignored(ten: Intake) -> None:
    ten.erp.vanish("units", "u3")
    ten.erp.exists["units"] |= {"\ud800", "x\x00"}
    assert ten.sweep().deleted == 1
    assert ten.keys() == [f"u{n}" for n in range(10) if n != 3]


def test_an_invalid_record_exists_although_its_source_is_named_by_a_line(intake: Intake) -> None:
    """The sweep takes what was not read for deleted; a record that became invalid was read."""
    intake.erp.snapshots, intake.erp.lists, intake.erp.lines = True, frozenset(), True
    intake.erp.page = 20
    intake.erp.say("units", *(unit(f"u{n}") for n in range(10)))
    intake.read()
    intake.erp.log["units"] = [unit(f"u{n}", decimals=9 if n == 3 else 0) for n in range(10)]
    with intake.sessions() as session, session.begin():
        session.execute(update(Watermark).values(value=None))
    assert intake.read().deleted == 0
    assert len(intake.keys()) == 10 and [id for id, _ in intake.rejected()] == ["units.csv:3"]
