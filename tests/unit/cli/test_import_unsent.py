"""`satchel import-unsent`: the documents of a wiped phone reach the office, once."""

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend.clock import SystemClock
from backend.database.core import Sessions
from backend.identity.models import Rep
from backend.inbox.models import Submission
from tests.unit.cli.conftest import Satchel
from tests.unit.sync.company import submission

PHOTO = b"\xff\xd8\xff\xe0" + b"receipt" * 100
DIGEST = hashlib.sha256(PHOTO).hexdigest()
ID = "01KBR9Z8Q5T0000000000000AC"


def claim() -> dict[str, Any]:
    line = {
        "line_no": 1,
        "date": f"{SystemClock().now():%Y-%m-%d}",
        "category_id": "meals",
        "description": "Lunch",
        "amount": "42.00",
        "receipts": [f"sha256:{DIGEST}"],
    }
    body = {"purpose": "Lunch", "customer_id": "C1", "currency": "EUR", "lines": [line]}
    return submission(ID, body, "expense_claim", needs=[f"sha256:{DIGEST}"])


@pytest.fixture
def rep(installed: Sessions) -> str:
    with installed() as session, session.begin():
        session.add(Rep(id="R1", name="Ana", role="sales", active=False))
    return "R1"


def export(tmp_path: Path, documents: Any, rep: str = "R1", **receipts: bytes) -> Path:
    path = tmp_path / "unsent.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("documents.json", json.dumps(documents))
        archive.writestr("about.json", json.dumps({"rep": rep, "device": "D1"}))
        for name, data in receipts.items():
            archive.writestr(f"receipts/{name}", data)
    return path


def stored(installed: Sessions) -> list[Submission]:
    with installed() as session:
        return list(session.scalars(select(Submission)))


def test_unsent_documents_and_receipts_are_imported_once(
    tmp_path: Path, installed: Sessions, rep: str, satchel: Satchel
) -> None:
    """The claim cites records that this database does not have, so it is refused; it is kept all the same."""
    path = export(tmp_path, [claim()], **{DIGEST: PHOTO})
    first = satchel("import-unsent", str(path))
    assert first.exit_code == 0, first.output
    assert "Rep R1: 1 documents (1 refused), 1 receipts." in first.output
    assert "there is no such customer" in first.output or "customer_id" in first.output
    second_result = satchel("import-unsent", str(path))
    assert "1 documents (1 duplicate), 1 receipts." in second_result.output
    assert list((tmp_path / "instance" / "uploads").glob("*")) == []
    [row] = stored(installed)
    assert (row.id, row.rep, row.device) == (ID, "R1", "D1")
    assert (tmp_path / "instance" / "receipts" / DIGEST[:2] / DIGEST).read_bytes() == PHOTO


def test_a_receipt_is_stored_by_its_content_and_never_by_its_name(
    tmp_path: Path, rep: str, satchel: Satchel
) -> None:
    path = export(tmp_path, [], **{"../../../keys": PHOTO})
    assert "1 receipts" in satchel("import-unsent", str(path)).output
    assert [file.name for file in (tmp_path / "instance" / "receipts").rglob("*") if file.is_file()] == [DIGEST]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not a zip file", "is not a zip file that can be read"),
        ({"documents.json": "[]"}, "has no about.json"),
        ({"documents.json": "[]", "about.json": "{"}, "about.json is not JSON"),
        ({"documents.json": "{}", "about.json": '{"rep": "R1"}'}, "is not a list"),
        ({"documents.json": "[]", "about.json": '{"rep": null}'}, "does not say whose documents"),
        ({"documents.json": "[]", "about.json": '{"rep": "R9"}'}, "rep R9, who does not exist"),
    ],
)
def test_a_file_that_is_no_export_is_refused_with_one_sentence(
    tmp_path: Path, rep: str, installed: Sessions, satchel: Satchel, content: Any, message: str
) -> None:
    path = tmp_path / "unsent.zip"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in content.items():
                archive.writestr(name, text)
    result = satchel("import-unsent", str(path))
    assert result.exit_code != 0 and message in result.output
    assert stored(installed) == []


def test_a_damaged_receipt_stops_the_import_before_anything_is_stored(
    tmp_path: Path, rep: str, installed: Sessions, satchel: Satchel
) -> None:
    path = export(tmp_path, [claim()], **{DIGEST: PHOTO})
    content = path.read_bytes()
    at = content.index(PHOTO[:40])
    path.write_bytes(content[:at] + b"damaged" + content[at + 7 :])
    result = satchel("import-unsent", str(path))
    assert result.exit_code != 0 and "Bad CRC-32" in result.output
    assert stored(installed) == []


def test_the_documents_of_another_rep_are_refused(tmp_path: Path, rep: str, satchel: Satchel) -> None:
    result = satchel("import-unsent", "--rep", "R2", str(export(tmp_path, [claim()])))
    assert result.exit_code != 0 and "of rep R1, not of R2" in result.output


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("name", ["about.json", "documents.json", "receipts/a"])
def test_a_packing_that_unpacks_as_a_whole_is_refused_before_it_is_unpacked(
    tmp_path: Path, rep: str, satchel: Satchel, packing: int, name: str
) -> None:
    # 600 bytes of bzip2 become a gigabyte in memory, however few bytes are read.
    contents = {"about.json": json.dumps({"rep": rep}), "documents.json": "[]", "receipts/a": "x"}
    path = tmp_path / "unsent.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for each, text in contents.items():
            archive.writestr(each, text, packing if each == name else zipfile.ZIP_DEFLATED)
    damaged = path.read_bytes().replace(b"BZh9", b"BZh0")
    path.write_bytes(damaged)
    result = satchel("import-unsent", str(path))
    assert (result.exit_code, result.output) == (2, f"Error: {name} is packed as no device packs it\n")


@pytest.mark.parametrize("hostile", ["R1\0", "\ud800", "R9\nSatchel is broken; call 555", "\x1b]0;x\x07"])
def test_the_name_of_a_rep_in_an_export_reaches_neither_database_nor_terminal(
    tmp_path: Path, installed: Sessions, satchel: Satchel, hostile: str
) -> None:
    result = satchel("import-unsent", str(export(tmp_path, [], rep=hostile)))
    assert result.exit_code == 2
    assert result.output.endswith("unsent.zip does not say whose documents it holds\n")


def test_the_device_in_an_export_is_an_id_or_is_not_kept(
    tmp_path: Path, installed: Sessions, rep: str, satchel: Satchel
) -> None:
    path = export(tmp_path, [claim()])
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("documents.json", json.dumps([claim()]))
        archive.writestr("about.json", json.dumps({"rep": rep, "device": "D1\0" * 50}))
    assert satchel("import-unsent", str(path)).exit_code == 0
    assert [document.device for document in stored(installed)] == ["import"]
