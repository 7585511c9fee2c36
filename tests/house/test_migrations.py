"""The migrations lead to exactly the tables that the code declares."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, select

from backend.db import Model, engine_options, prepare
from backend.feed.models import FeedHead
from backend.migrations.upgrade import current, newest, upgrade


def test_an_empty_database_is_brought_to_the_models(empty_database_url: str) -> None:
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
