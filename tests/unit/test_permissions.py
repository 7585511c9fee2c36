"""What an installation and a device write is readable by its owner only, whatever the umask."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from backend import files
from backend.app import create_app
from backend.cli.init import set_up
from backend.database.core import engine_options, prepare
from backend.permissions import create_folder, exposed
from backend.receipts.files import store, write_at
from backend.settings import Settings, read_settings
from backend.sync.segments.store_factory import make_store
from sync_protocol.device.device import Device


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """Let every file be readable by all, unless the program says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings({"SATCHEL_FOLDER": str(tmp_path / "instance")})


def open_to_others(folder: Path) -> list[str]:
    paths = [folder, *folder.rglob("*")]
    return [str(path.relative_to(folder)) for path in paths if path.lstat().st_mode & 0o077]


def fill(settings: Settings) -> None:
    """Let an installation write each kind of file, with a connection open so that WAL and -shm exist."""
    set_up(settings)
    create_app(settings)
    make_store(settings).put("ab" * 32, b"segment")
    write_at(settings.folder / "uploads" / "U1", 0, b"receipt")
    store(settings.folder / "uploads" / "U1", settings.folder / "receipts" / "ab" / ("ab" * 32))


def test_every_file_of_an_installation_is_private(settings: Settings) -> None:
    fill(settings)
    engine = create_engine(settings.database_url, **engine_options(settings.database_url))
    prepare(engine)
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE scratch (x INTEGER)"))
        connection.commit()
        assert {"satchel.sqlite-wal", "satchel.sqlite-shm", "keys", "segments", "receipts"} <= {
            path.name for path in settings.folder.iterdir()
        }
        assert open_to_others(settings.folder) == []
    engine.dispose()
    assert exposed(settings) == []


def test_files_of_an_older_version_are_closed_at_the_start(settings: Settings) -> None:
    fill(settings)
    for path in (settings.folder, *settings.folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert settings.folder in {each.path for each in exposed(settings)}
    create_folder(settings)
    assert exposed(settings) == []
    assert settings.folder.stat().st_mode & 0o777 == 0o700
    assert (settings.folder / "satchel.sqlite").stat().st_mode & 0o777 == 0o600


def test_a_link_in_the_folder_is_not_followed(settings: Settings, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("of somebody else")
    outside.chmod(0o644)
    settings.folder.mkdir()
    (settings.folder / "link").symlink_to(outside)
    create_folder(settings)
    assert outside.stat().st_mode & 0o777 == 0o644


def test_nginx_may_read_segments_by_its_group_and_nothing_else(settings: Settings) -> None:
    settings = replace(settings, segment_accel="/internal/segments")
    fill(settings)
    create_folder(settings)
    segments = settings.folder / "segments"
    modes = [path.stat().st_mode & 0o777 for path in (segments, segments / "ab", segments / "ab" / ("ab" * 32))]
    assert modes == [0o750, 0o750, 0o640]
    settings.folder.chmod(0o710)
    assert exposed(settings) == []
    assert {path for path in open_to_others(settings.folder) if not path.startswith("segments")} == {"."}


def test_a_file_for_the_erp_has_the_permissions_of_the_share(tmp_path: Path) -> None:
    os.umask(0o077)
    share = tmp_path / "share"
    share.mkdir()
    for mode, expected in ((0o755, 0o644), (0o770, 0o660), (0o2770, 0o660), (0o700, 0o600)):
        share.chmod(mode)
        files.write_atomically(share / "ORDER.csv", [b"x"], mode=files.mode_in(share))
        assert (share / "ORDER.csv").stat().st_mode & 0o777 == expected
        files.make_folder_like(share / f"month-{mode}")
        assert (share / f"month-{mode}").stat().st_mode & 0o777 == mode & 0o777


def test_every_file_of_a_device_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "device"
    with Device(folder):
        assert (folder / "satchel.sqlite3-wal").exists()
        assert open_to_others(folder) == []
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    Device(folder).close()
    assert open_to_others(folder) == []


def test_a_folder_with_other_files_keeps_its_permissions(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    Device(tmp_path).close()
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "satchel.sqlite3").stat().st_mode & 0o777 == 0o600


def test_a_database_of_another_folder_is_closed_too(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "elsewhere.sqlite"
    closing(sqlite3.connect(path)).__enter__().execute("CREATE TABLE x (y)")
    path.chmod(0o644)
    settings = replace(settings, database_url=f"sqlite:///{path}")
    create_folder(settings)
    assert path.stat().st_mode & 0o777 == 0o600
