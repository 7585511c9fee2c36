"""Durable files: what is on disk after a write, a rename, and a failure between the two."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend import files
from sync_protocol.device.store.durable_file import durable_file


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("old")
    files.write_atomically(path, [b"ne", b"w"])
    assert path.read_bytes() == b"new"
    assert [each.name for each in tmp_path.iterdir()] == ["export.csv"]


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("old")

    def chunks() -> Iterator[bytes]:
        yield b"ne"
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        files.write_atomically(path, chunks())
    assert path.read_text() == "old"


def test_bytes_are_synced_before_the_rename_and_the_name_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (steps.append("sync"), fsync(handle))[1])
    monkeypatch.setattr(Path, "replace", lambda self, to: (steps.append("rename"), replace(self, to))[1])
    files.write_atomically(tmp_path / "a", [b"x"])
    assert steps == ["sync", "rename", "sync"]


def test_a_rename_across_folders_may_be_repeated(tmp_path: Path) -> None:
    source, target = tmp_path / "in" / "a", tmp_path / "out" / "a"
    source.parent.mkdir()
    target.parent.mkdir()
    source.write_text("x")
    files.rename_synced(source, target)
    files.rename_synced(source, target, missing_ok=True)
    assert target.read_text() == "x"
    with pytest.raises(FileNotFoundError):
        files.rename_synced(source, target)


def test_a_key_file_is_for_its_owner_only(tmp_path: Path) -> None:
    files.write_synced(tmp_path / "server", [b"key"], mode=0o600)
    with durable_file(tmp_path / "device", mode=0o600) as stream:
        stream.write(b"key")
    assert [path.stat().st_mode & 0o777 for path in sorted(tmp_path.iterdir())] == [0o600, 0o600]


def test_the_devices_file_appears_when_its_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    with durable_file(path) as stream:
        stream.write(b"x")
        assert not path.exists()
    assert path.read_bytes() == b"x"
    with pytest.raises(RuntimeError), durable_file(path) as stream:
        stream.write(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"x"
