"""Whoever can write to the share chooses names and plants links: nothing outside is read, moved or written."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.connectors.flatfile.acknowledgements import Mailbox
from backend.connectors.flatfile.exchange import archive, hand_over, handed_over, reachable
from backend.connectors.flatfile.layout import Layout, bounded_name
from backend.connectors.flatfile.manifest import ManifestFault, read_manifest
from backend.connectors.flatfile.options import read_options
from backend.erp.errors import ErpError
from sync_protocol.external_name import plain_name
from tests.unit.hostile_names import HOSTILE_NAMES

STEM = "EXPENSE_CLAIM_01KBR9Z8Q5T0000000000000AC"
TEXT_NAMES = {what: name for what, name in HOSTILE_NAMES.items() if isinstance(name, str)}
WRITABLE = {
    what: name
    for what, name in TEXT_NAMES.items()
    if name and name not in (".", "..") and not {"/", "\0"} & set(name) and len(name) < 256
}


@pytest.fixture
def layout(tmp_path: Path) -> Iterator[Layout]:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "signing.pem").write_text("secret")
    layout = Layout(tmp_path / "share")
    layout.make()
    yield layout
    assert (tmp_path / "keys" / "signing.pem").read_text() == "secret"
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == ["signing.pem"]


def manifest(path: Path, **more: Any) -> None:
    entry = {"rows": 1, "sha256": "0" * 64}
    value = {"generated_at": "2026-11-23T09:00:00Z", "files": {f"{STEM}.csv": entry}, **more}
    path.write_text(json.dumps(value))


@pytest.mark.parametrize("name", TEXT_NAMES.values(), ids=TEXT_NAMES)
def test_a_hostile_name_under_files_is_a_fault(layout: Layout, name: str) -> None:
    path = layout.from_erp / "manifest.json"
    manifest(path, files={name: {"rows": 1, "sha256": "0" * 64}})
    with pytest.raises(ManifestFault):
        read_manifest(path)


@pytest.mark.parametrize("name", TEXT_NAMES.values(), ids=TEXT_NAMES)
def test_a_hostile_name_under_receipts_moves_nothing(layout: Layout, name: str) -> None:
    manifest(layout.to_erp / f"{STEM}.manifest.json", receipts={name: "0" * 64})
    with pytest.raises(ErpError, match="was changed by somebody else"):
        handed_over(layout, STEM)
    archive(layout, STEM, layout.archive)


def test_another_documents_file_under_receipts_moves_nothing(layout: Layout) -> None:
    other = layout.to_erp / "ORDER_01KBR9Z8Q5T0000000000000AD.csv"
    other.write_text("an order")
    manifest(layout.to_erp / f"{STEM}.manifest.json", receipts={other.name: "0" * 64})
    archive(layout, STEM, layout.archive)
    assert other.exists()


@pytest.mark.parametrize("name", WRITABLE.values(), ids=WRITABLE)
def test_a_file_with_a_hostile_name_is_set_aside_under_a_plain_one(layout: Layout, name: str) -> None:
    raw = os.fsencode(name) if "\udc80" in name else name.encode()
    path = layout.acks / os.fsdecode(raw)
    path.write_text("x")
    os.utime(path, (0, 0))
    assert list(Mailbox(layout, read_options({"folder": str(layout.folder)})).acknowledgements()) == []
    moved = sorted(entry.name for entry in layout.rejected.iterdir())
    assert [plain_name(each) for each in moved] == moved
    assert len(moved) == (0 if name.startswith(".") else 2)


@pytest.mark.parametrize("name", WRITABLE.values(), ids=WRITABLE)
def test_a_bounded_name_is_plain(name: str) -> None:
    assert plain_name(bounded_name(name)) and bounded_name(name) != bounded_name(name + "x")


@pytest.mark.parametrize("which", ["to_erp", "acks", "archive", "rejected", "from_erp"])
def test_a_folder_of_the_share_that_is_a_link_stops_the_exchange(layout: Layout, which: str) -> None:
    folder: Path = getattr(layout, which)
    folder.rmdir()
    folder.symlink_to(layout.folder.parent / "keys")
    with pytest.raises(ErpError, match="must be a folder"), reachable(layout):
        pytest.fail("it was used")


@pytest.mark.parametrize("name", [f"{STEM}.csv.tmp", f"{STEM}.manifest.json.tmp", f"{STEM}.manifest.json"])
def test_a_planted_link_is_not_written_through(layout: Layout, name: str) -> None:
    (layout.to_erp / name).symlink_to(layout.folder.parent / "keys" / "signing.pem")
    hand_over(layout, STEM, b"a;b\n", 1, generated_at="2026-11-23T09:00:00Z")
    assert (layout.to_erp / f"{STEM}.csv").read_bytes() == b"a;b\n"


@pytest.mark.parametrize("name", [f"{STEM}.csv", f"ACK_{STEM}.csv", f"ACK_{STEM}.manifest.json"])
def test_a_planted_pipe_or_link_stops_one_document_and_nobody_waits(layout: Layout, name: str) -> None:
    folder = layout.acks if name.startswith("ACK") else layout.to_erp
    os.mkfifo(folder / name)
    mailbox = Mailbox(layout, read_options({"folder": str(layout.folder)}))
    assert list(mailbox.acknowledgements()) == []
    if folder == layout.to_erp:
        with pytest.raises(OSError, match="not a file"):
            hand_over(layout, STEM, b"a;b\n", 1, generated_at="2026-11-23T09:00:00Z")


def test_a_month_of_the_archive_that_is_a_link_gets_nothing(layout: Layout) -> None:
    manifest(layout.to_erp / f"{STEM}.manifest.json", receipts={})
    (layout.archive / "2026-11").symlink_to(layout.folder.parent / "keys")
    with pytest.raises(OSError, match="must be a folder"):
        archive(layout, STEM, layout.archive / "2026-11")
