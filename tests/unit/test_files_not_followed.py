"""What takes the place of a file, such as a link or a pipe, is neither read nor written through."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.files import create_file, open_file, read_file, require_folder, write_atomically


def link(path: Path) -> None:
    path.symlink_to(path.parent / "key")


def dangling(path: Path) -> None:
    path.symlink_to(path.parent / "new")


def pipe(path: Path) -> None:
    os.mkfifo(path)


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        working_folder = Path.cwd()
        os.chdir(path.parent)  # the name of a socket may have at most 107 bytes
        server.bind(path.name)
        os.chdir(working_folder)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def folder(path: Path) -> None:
    path.mkdir()


PLANTED = (link, dangling, pipe, listening, device, folder)


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_only_a_regular_file_is_opened(tmp_path: Path, plant: Callable[[Path], None]) -> None:
    (tmp_path / "key").write_text("secret")
    plant(tmp_path / "file")
    with pytest.raises(OSError) as refused:
        open_file(tmp_path / "file")
    assert refused.value.filename == str(tmp_path / "file")


def test_a_file_in_a_folder_that_is_a_link_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "file").write_text("secret")
    (tmp_path / "folder").symlink_to(tmp_path / "keys")
    with pytest.raises(OSError):
        read_file(tmp_path / "folder" / "file")
    with pytest.raises(OSError, match="must be a folder"):
        require_folder(tmp_path / "folder")
    assert read_file(tmp_path / "keys" / "file") == b"secret"


@pytest.mark.parametrize("plant", [link, dangling, pipe, device], ids=lambda plant: plant.__name__)
def test_a_file_is_never_written_through_what_has_its_name(
    tmp_path: Path, plant: Callable[[Path], None]
) -> None:
    (tmp_path / "key").write_text("secret")
    for name in ("file", "file.tmp"):
        plant(tmp_path / name)
        write_atomically(tmp_path / "file", [b"order"])
        assert (tmp_path / "file").read_bytes() == b"order" and not (tmp_path / "file").is_symlink()
        (tmp_path / "file").unlink()
    assert (tmp_path / "key").read_text() == "secret" and not (tmp_path / "new").exists()


def test_a_hard_link_to_another_file_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("secret")
    os.link(tmp_path / "key", tmp_path / "file")
    with create_file(tmp_path / "file") as file:
        file.write(b"order")
    assert (tmp_path / "key").read_text() == "secret"
