"""A restore, as an operator goes through it: check, reconcile, resume."""

import datetime as dt
from pathlib import Path

from sqlalchemy import select, update

from backend.clock import SystemClock
from backend.database.core import Sessions
from backend.feed import positions
from backend.feed.models import FeedRow, FeedSegment, FeedStream
from backend.identity.models import AuditEntry
from backend.inbox.models import Submission
from backend.sync.push import push
from sync_protocol.checksum import row_hash, signed
from tests.conftest import MONDAY
from tests.unit.cli.conftest import Satchel
from tests.unit.sync.company import customer, master_data, order_body, reps, say, submission

ACCEPTED = "01KBR9Z8Q5T0000000000000AA"
NEW = "01KBR9Z8Q5T0000000000000AB"


def sample_erp(tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / "erp"
    for name in ("from-erp", "to-erp", "acks", "archive"):
        (folder / name).mkdir(parents=True)
    return {"SATCHEL_ERP_FOLDER": str(folder)}


def epoch(sessions: Sessions) -> str:
    with sessions() as session:
        return positions.head(session).epoch


def test_a_restore_check_begins_an_epoch_checks_sums_and_holds_sending(
    installed: Sessions, satchel: Satchel, tmp_path: Path
) -> None:
    say(installed, customer("C1", "NW"), customer("C2", "NW"), customer("C3", "SE"))
    before = epoch(installed)
    result = satchel("feed", "restore-check")
    assert result.exit_code == 0, result.output
    assert epoch(installed) != before
    assert "All hashes and checksums are correct" in result.output
    assert "Sending has been on hold since" in result.output
    assert "satchel delivery reconcile" in result.output
    with installed() as session:
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "epoch.begun"))
    assert entry.actor.startswith("user:") and entry.detail == {"cause": "restore"}
    assert "reconcile" in satchel("doctor").output

    reconciled = satchel("delivery", "reconcile", **sample_erp(tmp_path))
    assert reconciled.exit_code == 0, reconciled.output
    assert "Sending to the ERP resumes" in reconciled.output
    assert "reconcile" not in satchel("doctor").output
    assert "Sending is not on hold" in satchel("delivery", "reconcile", **sample_erp_again(tmp_path)).output


def sample_erp_again(tmp_path: Path) -> dict[str, str]:
    return {"SATCHEL_ERP_FOLDER": str(tmp_path / "erp")}


def test_a_returning_phone_does_not_change_the_age_of_the_backup(
    installed: Sessions, satchel: Satchel, tmp_path: Path
) -> None:
    reps(installed)
    master_data(installed)
    pushed(installed, ACCEPTED, dt.datetime(2026, 1, 2, tzinfo=dt.UTC))
    with installed() as session, session.begin():
        session.execute(update(Submission).values(state="accepted", erp_id="7"))
    assert satchel("feed", "restore-check").exit_code == 0
    pushed(installed, NEW, SystemClock().now() + dt.timedelta(seconds=1))
    reconciled = satchel("delivery", "reconcile", "--dry-run", **sample_erp(tmp_path))
    assert "open, or settled since 2026-01-01 00:00 UTC" in reconciled.output


def pushed(sessions: Sessions, id: str, now: dt.datetime) -> None:
    with sessions() as session, session.begin():
        documents = [submission(id, order_body())]
        push(session, rep_id="R1", device_id="D1", submissions=documents, now=now)


def test_a_restore_check_repairs_and_reports_checksum_hash_and_head(
    installed: Sessions, satchel: Satchel
) -> None:
    say(installed, customer("C1", "NW"), customer("C2", "SE"))
    with installed() as session, session.begin():
        of = FeedStream.channel == "territory:NW"
        right = session.execute(select(FeedStream.rows, FeedStream.sum).where(of)).one()
        session.execute(update(FeedStream).where(of).values(rows=7, sum=5))
        session.execute(update(FeedRow).where(FeedRow.key == "C2").values(hash=1, position=4_000))
    result = satchel("feed", "restore-check")
    assert "territory:NW customers: recorded: 7 rows" in result.output
    assert (
        "territory:SE customers: 1 rows had a wrong hash; a row was above the head; repaired" in result.output
    )
    assert "2 streams were repaired" in result.output
    with installed() as session:
        assert session.execute(select(FeedStream.rows, FeedStream.sum).where(of)).one() == right
        row = session.scalars(select(FeedRow).where(FeedRow.key == "C2")).one()
        assert row.hash == signed(row_hash("customers", "C2", str(row.body)))
        assert positions.head(session).position > 4_000
    assert "All hashes and checksums are correct" in satchel("feed", "restore-check").output


def test_a_restore_check_withdraws_segments_of_the_lost_history(
    installed: Sessions, satchel: Satchel, tmp_path: Path
) -> None:
    head = say(installed, customer("C1", "NW"))
    names = {"kept": "a" * 64, "file lost": "b" * 64, "above the head": "c" * 64}
    for name in (names["kept"], names["above the head"]):
        path = tmp_path / "instance" / "segments" / name[:2] / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x")
    with installed() as session, session.begin():
        for n, (collection, position, name) in enumerate(
            [("customers", head, "kept"), ("orders", head, "file lost"), ("products", 900, "above the head")]
        ):
            session.add(
                FeedSegment(
                    channel="territory:NW", collection=collection, position=position, key_from=str(n),
                    sha256=names[name], bytes=1, rows=1, built_at=MONDAY, retired_at=None,
                )
            )  # fmt: skip
    result = satchel("feed", "restore-check")
    assert result.exit_code == 0, result.output
    with installed() as session:
        assert session.scalars(select(FeedSegment.sha256)).all() == [names["kept"]]
    assert result.output.count("are withdrawn") == 2
