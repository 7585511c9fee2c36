"""An operator: runs `satchel …` against a prepared database of either kind."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

from backend.cli.context import console
from backend.cli.main import main
from backend.database.core import Sessions, engine_options, prepare
from backend.migrations.upgrade import upgrade
from tests.unit.cli.place import FOLDER, Place
from tests.unit.connectors.flatfile.conftest import small_company as small_company

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
    monkeypatch.chdir(tmp_path)  # a command may write to a file whose name an argument gives

    def run(*words: str, **settings: str) -> Result:
        environ = {
            "SATCHEL_FOLDER": str(tmp_path / "instance"),
            "SATCHEL_DATABASE_URL": empty_database_url,
            **settings,
        }
        return CliRunner().invoke(main, list(words), env=environ)

    return run


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Settings for a folder that does not exist yet, and an empty folder of the ERP."""
    monkeypatch.setattr(console, "width", 400)
    monkeypatch.chdir(tmp_path)  # a command may write to a file whose name an argument gives
    (tmp_path / "erp").mkdir()
    environ = {FOLDER: str(tmp_path / "instance"), "SATCHEL_ERP_FOLDER": str(tmp_path / "erp")}
    return Place(tmp_path, environ)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that `satchel init` has set up."""
    folder = tmp_path_factory.mktemp("template") / "instance"
    result = CliRunner().invoke(main, ["init", "--sample"], env={FOLDER: str(folder)})
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def set_up(place: Place, template: Path) -> Place:
    """A folder that is set up."""
    shutil.copytree(template, place.folder / "instance")
    return place
