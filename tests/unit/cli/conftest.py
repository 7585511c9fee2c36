"""An operator: runs `satchel …` against a prepared database of either kind."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

from backend.cli.context import console
from backend.cli.main import main
from backend.db import Sessions, engine_options, prepare
from backend.migrations.upgrade import upgrade
from tests.unit.connectors.flatfile.conftest import small_company  # noqa: F401 - a fixture

Satchel = Callable[..., Result]


@pytest.fixture
def installed(empty_database_url: str) -> Iterator[Sessions]:
    """Sessions on a database that the migrations have set up."""
    engine = create_engine(empty_database_url, **engine_options(empty_database_url))
    prepare(engine)
    upgrade(engine)
    yield sessionmaker(engine, expire_on_commit=False)
    engine.dispose()


@pytest.fixture
def satchel(
    empty_database_url: str, installed: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Satchel:
    """A function that runs `satchel` with the words given, on a terminal so wide that no sentence breaks."""
    monkeypatch.setattr(console, "width", 400)

    def run(*words: str, **settings: str) -> Result:
        environ = {
            "SATCHEL_FOLDER": str(tmp_path / "instance"),
            "SATCHEL_DATABASE_URL": empty_database_url,
            **settings,
        }
        return CliRunner().invoke(main, list(words), env=environ)

    return run
