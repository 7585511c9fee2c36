"""Pulls on a real streaming standby: paused, gone, in conflict with replay, promoted."""

import json
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from backend.cli.doctor.finding import ERROR, OK, WARNING
from backend.cli.doctor.replica import examine_replica
from backend.clock import ManualClock
from backend.feed import positions
from backend.feed.models import FeedHead
from backend.settings import SettingError, read_settings
from backend.sync import grants, subscriptions
from backend.sync.read_replica import ReadReplica
from tests.conftest import MONDAY
from tests.databases import prepared
from tests.services.standby import pause, promote, resume
from tests.unit.api.installation import Installation, Phone
from tests.unit.api.replica_pair import Pair, Served, here, own, served, shared
from tests.unit.sync.company import customer, order_body, say, submission

__all__ = ["here", "own", "served", "shared"]

ID = "01KAQ5P3E8Q2V4B6N8M0D2F4H6"


def pull(phone: Phone, cursor: str | None = None) -> dict[str, Any]:
    reply = phone.pull(cursor, query={"schema": 2})
    assert reply.status_code == 200, reply.text
    return dict(reply.json)


def keys(page: dict[str, Any], collection: str) -> set[str]:
    puts = [c["put"] for c in page["changes"] if c["collection"] == collection]
    return {record["id"] for put in puts for _, record in put}


def push(phone: Phone) -> None:
    reply = phone.push(submission(ID, order_body()))
    assert reply.json["results"][0]["status"] == "received"


def test_a_replica_that_is_level_serves_pages_and_verification(
    here: Installation, shared: Pair, served: Served
) -> None:
    phone = here.phone()
    shared.catch_up()
    page = pull(phone)
    assert page["complete"] and served.take() == ["replica"]
    say(here.sessions, customer("NEW", "NW"))
    shared.catch_up()
    assert keys(pull(phone, page["cursor"]), "customers") == {"NEW"}
    asked = {"cursor": page["cursor"], "schema": 2, "sums": []}
    assert phone.ask("POST", "/v1/verify", json=asked).status_code == 200
    assert served.take() == ["replica", "replica"]


def test_a_phone_sees_its_own_submission_although_the_replica_does_not_replay(
    here: Installation, shared: Pair, served: Served
) -> None:
    phone, other = here.phone(), here.phone("R2")
    cursor, others = pull(phone)["cursor"], pull(other)["cursor"]
    shared.catch_up()
    pause(shared.standby)
    try:
        push(phone)
        served.take()
        assert keys(pull(phone, cursor), "submissions") == {ID}
        assert served.take() == ["primary"]
        # It does not affect the reads of another rep.
        say(here.sessions, customer("LATER", "SE"))
        assert pull(other)["complete"]
        assert served.take() == ["replica"]
        # But "no changes" from a replica that is behind does not count.
        assert keys(pull(other, others), "customers") == {"LATER"}
        assert served.take() == ["primary"]
    finally:
        resume(shared.standby)
    shared.catch_up()
    assert keys(pull(phone, cursor), "submissions") == {ID}
    assert served.take() == ["replica"]


def test_a_sync_shows_what_it_has_just_pushed(here: Installation, shared: Pair, served: Served) -> None:
    phone = here.phone()
    cursor = pull(phone)["cursor"]
    pause(shared.standby)
    try:
        asked = {"cursor": cursor, "schema": 2, "submissions": [submission(ID, order_body())]}
        reply = phone.ask("POST", "/v1/sync", json=asked).json
    finally:
        resume(shared.standby)
    assert keys(reply["page"], "submissions") == {ID}


def test_a_replica_that_has_not_reached_what_the_phone_has_seen_passes_on(
    here: Installation, shared: Pair, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = here.phone()
    shared.catch_up()
    pause(shared.standby)
    try:
        say(here.sessions, customer("NEW", "NW"))
        replica = here.satchel.replica
        monkeypatch.setattr(replica, "_unavailable_until", float("inf"))
        page = pull(phone)  # the primary's
        assert keys(page, "customers") >= {"NEW"}
        monkeypatch.setattr(replica, "_unavailable_until", 0.0)
        served.take()
        reply = phone.pull(page["cursor"], query={"schema": 2}, headers={"If-None-Match": 'W/"another"'})
        assert reply.status_code == 200 and reply.json["head"] >= page["head"]
        assert served.take() == ["primary"]
    finally:
        resume(shared.standby)


def test_a_revocation_holds_at_once_although_the_replica_does_not_know_of_it(
    here: Installation, shared: Pair, served: Served
) -> None:
    phone = here.phone()
    shared.catch_up()
    pause(shared.standby)
    try:
        here.change(lambda session: grants.unassign(session, "R1", "territory:NW", MONDAY))
        say(here.sessions, customer("C9", "SE"))
        page = pull(phone)
        assert served.take() == ["replica"]
        assert {change["channel"] for change in page["changes"]}.isdisjoint({"territory:NW"})
    finally:
        resume(shared.standby)


def test_a_replica_of_another_history_never_serves(here: Installation, shared: Pair, served: Served) -> None:
    phone = here.phone()
    shared.catch_up()
    pause(shared.standby)
    try:
        here.change(positions.new_epoch)
        page = pull(phone)
        assert served.take() == ["primary"]
        with here.sessions() as session:
            assert page["epoch"] == positions.head(session).epoch
    finally:
        resume(shared.standby)


def test_a_page_that_stands_in_the_way_of_replaying_is_read_on_the_primary(
    here: Installation, shared: Pair, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = here.phone()
    shared.catch_up()
    real, conflicts = subscriptions.for_rep, []

    def for_rep(session: Session, rep: str) -> Any:
        result = real(session, rep)
        if "postgresql" in str(session.get_bind().url) and not conflicts:  # type: ignore[union-attr]
            conflicts.append(1)
            raise OperationalError("SELECT", {}, _Conflict())
        return result

    monkeypatch.setattr(subscriptions, "for_rep", for_rep)
    assert pull(phone)["complete"]
    assert served.take() == ["primary"]
    pull(phone)
    assert served.take() == ["replica"], "a conflict is no reason to leave the replica alone"


class _Conflict(Exception):
    sqlstate = "40001"

    def __str__(self) -> str:
        return "canceling statement due to conflict with recovery"


def test_a_real_conflict_with_recovery_is_told_from_an_outage(here: Installation, shared: Pair) -> None:
    """A reader holds a snapshot on the standby; the primary removes what it may still see."""
    shared.standby.execute(sql.SQL("ALTER SYSTEM SET max_standby_streaming_delay = '50ms'"))
    shared.standby.execute(sql.SQL("SELECT pg_reload_conf()"))
    shared.catch_up()
    replica = here.satchel.replica
    assert replica is not None
    with here.sessions() as session:
        primary = positions.head(session)
    outcome: list[Any] = []

    def slowly(session: Session, head: Any) -> int:
        session.execute(text("SELECT count(*) FROM feed")).all()
        say(here.sessions, customer("C1", "NW", name="Rewritten"))
        say(here.sessions, customer("C1", "NW", name="Rewritten again"))
        engine = create_engine(here.settings.database_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("VACUUM (FREEZE, INDEX_CLEANUP ON) feed"))
            connection.execute(text("VACUUM FULL feed"))
        engine.dispose()
        outcome.append("asked")
        session.execute(text("SELECT pg_sleep(5)"))
        session.execute(text("SELECT count(*) FROM feed")).all()
        return 1

    assert replica.read(primary, 0, slowly) is None
    assert outcome == ["asked"]
    assert not replica.is_unavailable
    shared.standby.execute(sql.SQL("ALTER SYSTEM RESET max_standby_streaming_delay"))
    shared.standby.execute(sql.SQL("SELECT pg_reload_conf()"))


def test_a_replica_that_is_killed_is_left_alone_for_a_while(
    here: Installation, own: Pair, served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    phone = here.phone()
    own.catch_up()
    assert pull(phone)["complete"] and served.take() == ["replica"]
    own.standby.kill()
    for _ in range(3):
        assert pull(phone)["complete"]
    # It is tried once; after that nobody waits for it.
    assert served.take() == ["primary"]
    assert sum("the standby failed" in line for line in caplog.messages) == 1
    own.standby.start()
    here.satchel.replica._unavailable_until = 0.0  # type: ignore[union-attr]
    own.catch_up()
    assert pull(phone)["complete"] and served.take() == ["replica"]


def test_a_standby_that_was_promoted_and_wrote_serves_no_more(
    here: Installation, own: Pair, served: Served
) -> None:
    phone = here.phone()
    own.catch_up()
    promote(own.standby)
    replica_url = here.settings.replica_url
    astray = prepared(replica_url)
    say(astray, customer("ASTRAY", "NW"))
    with astray() as session:
        assert session.get_one(FeedHead, 1).epoch
    page = pull(phone)
    assert "ASTRAY" not in keys(page, "customers")
    assert served.take() == ["primary"]
    astray.kw["bind"].dispose()  # type: ignore[attr-defined]


def test_a_replica_without_our_tables_is_no_error(clock: ManualClock, shared: Pair, tmp_path: Path) -> None:
    empty = ReadReplica(shared.standby.url("postgres"))
    assert empty.read(positions.Head("e", 1), 0, lambda session, head: 1) is None
    empty.close()


def test_the_embedded_database_has_no_replica(tmp_path: Path) -> None:
    for database in ("", "sqlite:///x.sqlite"):
        with pytest.raises(SettingError, match="SATCHEL_REPLICA_URL"):
            read_settings(
                {
                    "SATCHEL_DATABASE_URL": database,
                    "SATCHEL_REPLICA_URL": "postgresql+psycopg://u@h/d",
                }
            )
    with pytest.raises(SettingError, match="SATCHEL_REPLICA_URL"):
        read_settings(
            {"SATCHEL_DATABASE_URL": "postgresql+psycopg://u@h/d", "SATCHEL_REPLICA_URL": "sqlite:///x"}
        )


def test_what_is_asked_is_the_same_on_both(here: Installation, shared: Pair, served: Served) -> None:
    phone = here.phone()
    shared.catch_up()
    there = phone.pull(query={"schema": 2})
    here.satchel.replica._unavailable_until = float("inf")  # type: ignore[union-attr]
    primary = phone.pull(query={"schema": 2})
    assert json.loads(there.data) == json.loads(primary.data)
    assert there.headers["ETag"] == primary.headers["ETag"]


def test_the_doctor_tells_how_the_replica_stands(here: Installation, shared: Pair) -> None:
    def findings() -> list[tuple[str, str]]:
        with here.sessions() as session:
            primary = positions.head(session)
        return [(each.verdict, each.message) for each in examine_replica(here.settings.replica_url, primary)]

    shared.catch_up()
    ((verdict, words),) = findings()
    assert verdict == OK and "level with the primary" in words
    pause(shared.standby)
    try:
        say(here.sessions, customer("NEW", "NW"))
        ((verdict, words),) = findings()
        assert verdict == WARNING and "positions behind; replay: paused" in words
        here.change(positions.new_epoch)
        ((verdict, words),) = findings()
        assert verdict == ERROR and "another epoch" in words
    finally:
        resume(shared.standby)
    nowhere = positions.Head("", 0)
    (primary,) = examine_replica(here.settings.database_url, nowhere)
    assert (primary.verdict, primary.message) == (ERROR, "it is not a standby")
    (missing,) = examine_replica(shared.standby.url("nowhere"), nowhere)
    assert missing.verdict == WARNING and "nowhere" in missing.message
