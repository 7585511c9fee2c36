"""Pulls on a real streaming standby: paused, gone, in conflict with replay, promoted."""

import json
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from backend.clock import ManualClock
from backend.feed import positions
from backend.feed.models import FeedHead
from backend.sync import grants, subscriptions
from backend.sync.standby import Standby
from tests.conftest import MONDAY
from tests.databases import engine_of, prepared
from tests.services.standby import pause, promote, resume
from tests.unit.api.installation import Installation, Phone
from tests.unit.api.standby_pair import Pair, Served, installation, own, patient, served, shared
from tests.unit.sync.company import customer, order_body, say, submission

__all__ = ["installation", "own", "patient", "served", "shared"]

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


def test_a_standby_that_is_level_serves_pages_and_verification(
    installation: Installation, shared: Pair, served: Served
) -> None:
    phone = installation.phone()
    shared.catch_up()
    page = pull(phone)
    assert page["complete"] and served.take() == ["standby"]
    say(installation.sessions, customer("NEW", "NW"))
    shared.catch_up()
    assert keys(pull(phone, page["cursor"]), "customers") == {"NEW"}
    verify_request = {"cursor": page["cursor"], "schema": 2, "sums": []}
    assert phone.ask("POST", "/v1/verify", json=verify_request).status_code == 200
    assert served.take() == ["standby", "standby"]


def test_a_phone_sees_its_own_submission_although_the_standby_does_not_replay(
    installation: Installation, shared: Pair, served: Served
) -> None:
    phone, other = installation.phone(), installation.phone("R2")
    cursor, others = pull(phone)["cursor"], pull(other)["cursor"]
    shared.catch_up()
    pause(shared.standby)
    try:
        push(phone)
        served.take()
        assert keys(pull(phone, cursor), "submissions") == {ID}
        assert served.take() == ["primary"]
        # It does not affect the reads of another rep.
        say(installation.sessions, customer("LATER", "SE"))
        assert pull(other)["complete"]
        assert served.take() == ["standby"]
        # But "no changes" from a standby that is behind does not count.
        assert keys(pull(other, others), "customers") == {"LATER"}
        assert served.take() == ["primary"]
    finally:
        resume(shared.standby)
    shared.catch_up()
    assert keys(pull(phone, cursor), "submissions") == {ID}
    assert served.take() == ["standby"]


def test_a_sync_shows_what_it_has_just_pushed(installation: Installation, shared: Pair, served: Served) -> None:
    phone = installation.phone()
    cursor = pull(phone)["cursor"]
    pause(shared.standby)
    try:
        request = {"cursor": cursor, "schema": 2, "submissions": [submission(ID, order_body())]}
        reply = phone.ask("POST", "/v1/sync", json=request).json
    finally:
        resume(shared.standby)
    assert keys(reply["page"], "submissions") == {ID}


def test_a_standby_that_has_not_reached_what_the_phone_has_seen_passes_on(
    installation: Installation, shared: Pair, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = installation.phone()
    shared.catch_up()
    pause(shared.standby)
    try:
        say(installation.sessions, customer("NEW", "NW"))
        standby = installation.satchel.standby
        monkeypatch.setattr(standby, "_unavailable_until", float("inf"))
        page = pull(phone)  # the primary's
        assert keys(page, "customers") >= {"NEW"}
        monkeypatch.setattr(standby, "_unavailable_until", 0.0)
        served.take()
        reply = phone.pull(page["cursor"], query={"schema": 2}, headers={"If-None-Match": 'W/"another"'})
        assert reply.status_code == 200 and reply.json["head"] >= page["head"]
        assert served.take() == ["primary"]
    finally:
        resume(shared.standby)


def test_a_revocation_holds_at_once_although_the_standby_does_not_know_of_it(
    installation: Installation, shared: Pair, served: Served
) -> None:
    phone = installation.phone()
    shared.catch_up()
    pause(shared.standby)
    try:
        installation.change(lambda session: grants.unassign(session, "R1", "territory:NW", MONDAY))
        say(installation.sessions, customer("C9", "SE"))
        page = pull(phone)
        assert served.take() == ["standby"]
        assert {change["channel"] for change in page["changes"]}.isdisjoint({"territory:NW"})
    finally:
        resume(shared.standby)


def test_a_standby_of_another_history_never_serves(
    installation: Installation, shared: Pair, served: Served
) -> None:
    phone = installation.phone()
    shared.catch_up()
    pause(shared.standby)
    try:
        installation.change(positions.new_epoch)
        page = pull(phone)
        assert served.take() == ["primary"]
        with installation.sessions() as session:
            assert page["epoch"] == positions.head(session).epoch
    finally:
        resume(shared.standby)


def test_a_read_that_conflicts_with_replay_is_repeated_on_the_primary(
    installation: Installation, shared: Pair, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = installation.phone()
    shared.catch_up()
    real, conflicts = subscriptions.for_rep, []

    def for_rep(session: Session, rep: str) -> Any:
        result = real(session, rep)
        if "postgresql" in str(session.get_bind().url) and not conflicts:
            conflicts.append(1)
            raise OperationalError("SELECT", {}, _Conflict())
        return result

    monkeypatch.setattr(subscriptions, "for_rep", for_rep)
    assert pull(phone)["complete"]
    assert served.take() == ["primary"]
    pull(phone)
    assert served.take() == ["standby"], "a conflict is no reason to leave the standby alone"


class _Conflict(Exception):
    sqlstate = "40001"

    def __str__(self) -> str:
        return "canceling statement due to conflict with recovery"


def test_a_recovery_conflict_is_not_taken_for_an_outage(installation: Installation, shared: Pair) -> None:
    """A reader holds a snapshot on the standby; the primary removes what it may still see."""
    shared.standby.execute(sql.SQL("ALTER SYSTEM SET max_standby_streaming_delay = '50ms'"))
    shared.standby.execute(sql.SQL("SELECT pg_reload_conf()"))
    shared.catch_up()
    standby = installation.satchel.standby
    assert standby is not None
    with installation.sessions() as session:
        primary = positions.head(session)
    outcome: list[Any] = []

    def slowly(session: Session, head: Any) -> int:
        session.execute(text("SELECT count(*) FROM feed")).all()
        say(installation.sessions, customer("C1", "NW", name="Rewritten"))
        say(installation.sessions, customer("C1", "NW", name="Rewritten again"))
        engine = create_engine(installation.settings.database_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("VACUUM (FREEZE, INDEX_CLEANUP ON) feed"))
            connection.execute(text("VACUUM FULL feed"))
        engine.dispose()
        outcome.append("asked")
        session.execute(text("SELECT pg_sleep(300)"))
        session.execute(text("SELECT count(*) FROM feed")).all()
        return 1

    assert standby.read(primary, 0, slowly) is None
    assert outcome == ["asked"]
    assert not standby.is_unavailable
    shared.standby.execute(sql.SQL("ALTER SYSTEM RESET max_standby_streaming_delay"))
    shared.standby.execute(sql.SQL("SELECT pg_reload_conf()"))


def test_a_standby_that_is_killed_is_left_alone_for_a_while(
    installation: Installation, own: Pair, served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    phone = installation.phone()
    own.catch_up()
    assert pull(phone)["complete"] and served.take() == ["standby"]
    own.standby.kill()
    for _ in range(3):
        assert pull(phone)["complete"]
    # It is tried once; after that nobody waits for it.
    assert served.take() == ["primary"]
    assert sum("the standby failed" in line for line in caplog.messages) == 1
    own.standby.start()
    installation.satchel.standby._unavailable_until = 0.0
    own.catch_up()
    assert pull(phone)["complete"] and served.take() == ["standby"]


def test_a_promoted_standby_serves_no_more_reads(installation: Installation, own: Pair, served: Served) -> None:
    phone = installation.phone()
    own.catch_up()
    promote(own.standby)
    standby_url = installation.settings.standby_url
    astray = prepared(standby_url)
    say(astray, customer("ASTRAY", "NW"))
    with astray() as session:
        assert session.get_one(FeedHead, 1).epoch
    page = pull(phone)
    assert "ASTRAY" not in keys(page, "customers")
    assert served.take() == ["primary"]
    engine_of(astray).dispose()


def test_a_standby_without_our_tables_is_no_error(clock: ManualClock, shared: Pair, tmp_path: Path) -> None:
    empty = Standby(shared.standby.url("postgres"))
    assert empty.read(positions.Head("e", 1), 0, lambda session, head: 1) is None
    empty.close()


def test_replica_and_primary_give_equal_pages(installation: Installation, shared: Pair, served: Served) -> None:
    phone = installation.phone()
    shared.catch_up()
    there = phone.pull(query={"schema": 2})
    installation.satchel.standby._unavailable_until = float("inf")
    primary = phone.pull(query={"schema": 2})
    assert json.loads(there.data) == json.loads(primary.data)
    assert there.headers["ETag"] == primary.headers["ETag"]
