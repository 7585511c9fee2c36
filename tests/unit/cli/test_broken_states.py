"""Every command in every broken state: no traceback, status 2, one or two sentences that say what to do."""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sync_protocol.device.device import Device
from tests.unit.cli.commands import ARGUMENTS, WITH_DATABASE, all_commands
from tests.unit.cli.place import FOLDER, Place, assert_refused


def test_the_table_has_every_command() -> None:
    assert sorted(all_commands()) == sorted(ARGUMENTS)


@pytest.mark.parametrize("name", WITH_DATABASE)
def test_without_init(place: Place, name: str) -> None:
    assert_refused(place.run(name), "run `satchel init`")
    assert not (place.folder / "instance").exists(), "a command that cannot run leaves nothing behind"


@pytest.mark.parametrize("name", (*WITH_DATABASE, "init"))
def test_without_a_database_server(place: Place, name: str) -> None:
    place.environ["SATCHEL_DATABASE_URL"] = "postgresql+psycopg://satchel@127.0.0.1:1/satchel"
    assert_refused(place.run(name), "the database cannot be used", "SATCHEL_DATABASE_URL")


@pytest.mark.parametrize("name", ("init", "serve"))
def test_with_a_folder_that_cannot_be_written(place: Place, name: str) -> None:
    file = place.folder / "file"
    file.write_text("not a folder")
    place.environ[FOLDER] = str(file / "instance")
    arguments = ["--sample"] if name == "serve" else []
    assert_refused(place.run(name, *arguments), str(file))


@pytest.mark.parametrize("name", (*WITH_DATABASE, "certificate"))
def test_in_a_folder_that_cannot_be_used(place: Place, name: str) -> None:
    """As root every folder can be written; a file instead of a folder cannot."""
    file = place.folder / "file"
    file.write_text("not a folder")
    place.environ[FOLDER] = str(file / "instance")
    assert_refused(place.run(name), str(file))


@pytest.mark.parametrize("name", (*WITH_DATABASE, "init"))
def test_with_the_schema_of_a_newer_program(set_up: Place, name: str) -> None:
    file = set_up.folder / "instance" / "satchel.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    assert_refused(set_up.run(name), "9999", "install the")


@pytest.mark.parametrize("name", WITH_DATABASE)
def test_with_the_schema_of_an_older_program(set_up: Place, name: str) -> None:
    file = set_up.folder / "instance" / "satchel.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
        connection.commit()
    assert_refused(set_up.run(name), "revision 0001", "run `satchel init`")


@pytest.mark.parametrize("name", (*WITH_DATABASE, "init"))
def test_with_a_file_that_is_no_database(set_up: Place, name: str) -> None:
    (set_up.folder / "instance" / "satchel.sqlite").write_bytes(b"no database" * 1000)
    assert_refused(set_up.run(name), "the database cannot be used")


@pytest.mark.parametrize(
    "setting",
    [
        {"SATCHEL_PORT": "lots"},
        {"SATCHEL_PROT": "8000"},
        {"SATCHEL_DATABASE_URL": "postgresql://localhost/satchel"},
        {"SATCHEL_DATABASE_URL": "satchel"},
        {"SATCHEL_DATABASE_URL": "postgresql+psycopg://localhost"},
    ],
    ids=["wrong value", "unknown name", "other driver", "no URL", "no database"],
)
@pytest.mark.parametrize("name", (*WITH_DATABASE, "init"))
def test_with_a_wrong_setting(place: Place, name: str, setting: dict[str, str]) -> None:
    place.environ.update(setting)
    assert_refused(place.run(name), *setting)


@pytest.mark.parametrize("state", ["none", "no server", "newer", "no database", "wrong setting", "no folder"])
def test_doctor_reports_every_state_and_ends_with_status_1(set_up: Place, state: str) -> None:
    file = set_up.folder / "instance" / "satchel.sqlite"
    match state:
        case "none":
            shutil.rmtree(set_up.folder / "instance")
        case "no server":
            set_up.environ["SATCHEL_DATABASE_URL"] = "postgresql+psycopg://satchel@127.0.0.1:1/satchel"
        case "newer":
            with closing(sqlite3.connect(file)) as connection:
                connection.execute("UPDATE alembic_version SET version_num = '9999'")
                connection.commit()
        case "no database":
            file.write_bytes(b"no database" * 1000)
        case "wrong setting":
            set_up.environ["SATCHEL_PORT"] = "lots"
        case "no folder":
            set_up.environ[FOLDER] = str(file / "instance")
    result = set_up.run("doctor")
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code == 1
    assert "error" in result.stdout and "Traceback" not in result.output


@pytest.mark.parametrize("name", [name for name in ARGUMENTS if name != "serve"])
def test_a_fresh_installation_shows_no_traceback(set_up: Place, name: str) -> None:
    result = set_up.run(name)
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code in (0, 1, 2)
    assert "Traceback" not in result.output
    if result.exit_code == 2:
        assert_refused(result)


DEVICE = [name for name in ARGUMENTS if name.startswith("device ") and name != "device driver"]


def _no_folder(folder: Path) -> None:
    folder.write_text("not a folder")


def _no_database(folder: Path) -> None:
    folder.mkdir()
    (folder / "satchel.sqlite3").write_bytes(b"no database" * 1000)


def _newer_app(folder: Path) -> None:
    Device(folder).close()
    with closing(sqlite3.connect(folder / "satchel.sqlite3")) as connection:
        connection.execute("PRAGMA user_version = 9999")


@pytest.mark.parametrize("broken", [_no_folder, _no_database, _newer_app])
@pytest.mark.parametrize("name", DEVICE)
def test_a_device_whose_data_cannot_be_used(place: Place, name: str, broken: Callable[[Path], None]) -> None:
    broken(place.folder / "device")
    assert_refused(place.run(name), str(place.folder / "device"))


@pytest.mark.parametrize("name", [name for name in ARGUMENTS if name.startswith("sample-erp")])
def test_a_sample_erp_whose_folder_cannot_be_used(place: Place, name: str) -> None:
    file = place.folder / "file"
    file.write_text("not a folder")
    place.environ["SATCHEL_ERP_FOLDER"] = str(file / "erp")
    assert_refused(place.run(name), str(file))


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("arguments", [[], ["--only", "web"], ["--sample"]])
def test_a_port_in_use(set_up: Place, arguments: list[str], busy_port: int) -> None:
    set_up.environ["SATCHEL_PORT"] = str(busy_port)
    instance = set_up.folder / "instance"
    before = sorted(instance.rglob("*"))
    assert_refused(set_up.run("serve", *arguments), f"port {busy_port}", "SATCHEL_PORT")
    assert sorted(instance.rglob("*")) == before


def test_a_damaged_key_is_named_before_the_web_server_starts(set_up: Place) -> None:
    (set_up.folder / "instance" / "keys").mkdir()
    (set_up.folder / "instance" / "keys" / "signing.pem").write_text("no key")
    with socket.create_server(("127.0.0.1", 0)) as server:
        set_up.environ["SATCHEL_PORT"] = str(server.getsockname()[1])
    assert_refused(set_up.run("serve", "--only", "web"), "signing.pem", "Ed25519")


def test_a_process_of_its_own_ends_with_status_2(place: Place) -> None:
    """The other tests run commands within pytest; this one as an operator does."""
    command = [sys.executable, "-m", "backend.cli", "rep", "list"]
    done = subprocess.run(
        command, env={**os.environ, **place.environ}, capture_output=True, text=True, check=False, timeout=600
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"Error: there is no database in {place.environ[FOLDER]} yet; run `satchel init`\n"
