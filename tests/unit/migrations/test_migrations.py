"""The migrations lead to exactly the tables that the code declares, and bring rows along."""

import datetime as dt
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, func, inspect, select, text
from sqlalchemy.orm import Session

from backend.database.core import Model, engine_options, prepare
from backend.delivery.models import Alert, ErpDataLoss, Reconciliation
from backend.feed import epochs, integrity, positions
from backend.feed.models import FeedHead, FeedMismatch, FeedStream, PositionTime
from backend.migrations.revision import current, newest
from backend.migrations.upgrade import _config, upgrade
from sync_protocol.canonical import canonical
from sync_protocol.channel import NOWHERE

pytestmark = pytest.mark.both_dialects


def test_the_migrations_create_the_tables_of_the_models(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url, **engine_options(empty_database_url))
    prepare(engine)
    assert upgrade(engine) == (None, newest())
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Model.metadata) == []
        assert current(connection) == newest()
        assert connection.execute(select(FeedHead.position)).scalar_one() == 0
    engine.dispose()


def test_upgrading_again_changes_nothing(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url, **engine_options(empty_database_url))
    prepare(engine)
    upgrade(engine)
    with engine.connect() as connection:
        epoch = connection.execute(select(FeedHead.epoch)).scalar_one()
    assert upgrade(engine) == (newest(), newest())
    with engine.connect() as connection:
        assert connection.execute(select(FeedHead.epoch)).scalar_one() == epoch
    engine.dispose()


def of_revision_1(engine: Engine) -> None:
    """Give the database the tables of revision 0001, with live rows and tombstones in more than one chunk."""
    odd = ['"', "\\", "\x7f", "\u00e9", "\u20ac", "\U0001f600", "\u2028", "a b"]
    keys = odd + [f"C{n:05}" for n in range(1_500)]
    rows = [
        {"channel": channel, "collection": "customers", "key": key + channel, "position": n, "body": body}
        for n, (channel, key, body) in enumerate(
            (
                (channel, key, None if n % 7 == 3 else canonical({"id": key, "name": key * 2}).decode())
                for channel in ("territory:NW", "territory:\u00dc", NOWHERE)
                for n, key in enumerate(keys)
            ),
            1,
        )
    ]
    with engine.connect() as connection:
        command.upgrade(_config(connection), "0001")
        connection.execute(
            text("INSERT INTO feed_head (id, epoch, lineage, position) VALUES (1, 'E1', :l, :p)"),
            {"l": lineage(connection), "p": len(rows)},
        )
        connection.execute(
            text(
                "INSERT INTO feed (channel, collection, key, position, body)"
                " VALUES (:channel, :collection, :key, :position, :body)"
            ),
            rows,
        )
        connection.execute(
            text(
                "INSERT INTO feed_stream (channel, collection, head, floor)"
                " SELECT channel, collection, max(position), 0 FROM feed GROUP BY channel, collection"
            )
        )
        connection.commit()


def lineage(connection: Any) -> str:
    with Session(connection) as session:
        return positions._lineage(session)


def test_rows_of_revision_1_have_their_hashes_and_sums_afterwards(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url, **engine_options(empty_database_url))
    prepare(engine)
    of_revision_1(engine)
    assert upgrade(engine) == ("0001", newest())
    with Session(engine) as session, session.begin():
        assert session.scalar(select(func.sum(FeedStream.rows))) == 3 * (1_508 - 215)
        streams = integrity.streams(session)
        assert len(streams) == 3
        for stream in streams:
            proof = integrity.rebuild(session, stream)
            assert proof.is_intact and proof.actual.count == 1_508 - 215
        # It is the history that it was, and nothing is held.
        assert positions.head(session).epoch == "E1"
        assert epochs.unreconciled(session) is None
    engine.dispose()


def test_documents_of_revision_3_keep_their_values_under_the_new_names(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url, **engine_options(empty_database_url))
    prepare(engine)
    with engine.connect() as connection:
        command.upgrade(_config(connection), "0003")
        connection.execute(
            text(
                "INSERT INTO erp_hold (connector, since, vanished, sent_from)"
                " VALUES ('flatfile', '2026-11-23 09:00:00', 4, '2026-11-22 09:00:00')"
            )
        )
        connection.execute(text("INSERT INTO feed_moment (position, at) VALUES (7, '2026-11-23 09:00:00')"))
        connection.execute(
            text(
                "INSERT INTO feed_mismatch (device, position, channel, collection, rep, app_version, at, stale,"
                " missing, surplus, began_again)"
                " VALUES ('D1', 7, 'everyone', 'units', 'R1', '1', '2026-11-23 09:00:00', 1, 0, 0, :yes)"
            ),
            {"yes": True},
        )
        connection.commit()
    assert upgrade(engine) == ("0003", newest())
    with Session(engine) as session:
        assert session.scalars(select(ErpDataLoss.missing)).all() == [4]
        assert session.scalars(select(PositionTime.position)).all() == [7]
        assert session.scalars(select(FeedMismatch.resynced)).all() == [True]
    engine.dispose()


def test_stored_values_of_revision_4_get_their_standard_words(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url, **engine_options(empty_database_url))
    prepare(engine)
    at = "2026-11-23 09:00:00"
    counts = '{"sent":3,"found":2,"missing":0,"unclear":1}'
    with engine.connect() as connection:
        command.upgrade(_config(connection), "0004")
        connection.execute(
            text(
                "INSERT INTO reconciliation (id, connector, cause, began_at, ended_at, since, counts, lines,"
                " missing_documents) VALUES (1, 'flatfile', 'command', :at, :at, :at, :counts, '[]', '[]')"
            ),
            {"at": at, "counts": counts},
        )
        insert_submission(connection, "S1", at)
        alert = text(
            "INSERT INTO alert (id, submission_id, since, after_seconds, notifier, state, tries, due_at)"
            " VALUES (:id, 'S1', :at, :id, 'email', :state, 1, :at)"
        )
        connection.execute(
            alert, [{"id": 1, "at": at, "state": "unclear"}, {"id": 2, "at": at, "state": "sent"}]
        )
        connection.commit()
    assert upgrade(engine) == ("0004", newest())
    with Session(engine) as session:
        stored = session.scalars(select(Reconciliation.counts)).all()
        assert stored == [{"sent": 3, "found": 2, "missing": 0, "unchecked": 1}]
        assert session.scalars(select(Alert.state).order_by(Alert.id)).all() == ["unknown", "sent"]
    engine.dispose()


def insert_submission(connection: Any, id: str, at: str) -> None:
    """Insert a row into `submission` as revision 0004 declares it, with a value for every required column."""
    required = [
        column
        for column in inspect(connection).get_columns("submission")
        if not column["nullable"] and column["default"] is None and column["name"] != "id"
    ]
    values: dict[str, Any] = {"id": id}
    for column in required:
        kind = column["type"].python_type
        values[column["name"]] = at if kind is dt.datetime else False if kind is bool else kind(0)
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO submission ({names}) VALUES ({marks})"), values)
