"""The integrator's page says what the code does: every file and every column."""

import csv
import io
import re
from pathlib import Path

import pytest

from backend.connectors.flatfile import connect
from backend.connectors.flatfile.files import ALL_FILES, COLLECTION_FILES
from backend.connectors.flatfile.render import CLAIM_COLUMNS, FORECAST_COLUMNS, ORDER_COLUMNS
from tests.unit.connectors.flatfile.handwritten_exports import csv_text, put_export

PAGE = (Path(__file__).parents[4] / "docs" / "connectors" / "flatfile.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """Return the text under *title* up to the next one."""
    return re.split(r"\n#{2,3} ", PAGE.partition(f"\n### {title}\n")[2])[0]


@pytest.mark.parametrize("name", ALL_FILES)
def test_the_table_of_a_file_names_its_columns(name: str) -> None:
    rows = re.findall(r"^\| \**(\w+)\** \|", section(name), re.MULTILINE)
    assert tuple(row for row in rows if row != "column") == ALL_FILES[name].columns


def test_the_page_names_the_files_of_each_collection() -> None:
    for collection, files in COLLECTION_FILES.items():
        assert f"| {collection} | {', '.join(file.name for file in files)} |" in PAGE


@pytest.mark.parametrize(
    ("title", "columns"),
    [
        ("ORDER_\\<key\\>.csv", ORDER_COLUMNS),
        ("EXPENSE_CLAIM_\\<key\\>.csv", CLAIM_COLUMNS),
        ("FORECAST_\\<warehouse\\>_\\<month\\>_\\<number\\>_\\<digest\\>.csv", FORECAST_COLUMNS),
    ],
)
def test_the_page_names_the_columns_of_a_document_in_their_order(title: str, columns: tuple[str, ...]) -> None:
    first = section(title).partition("\n\nEach row")[0].partition("```")[0].partition("\n\n`receipts` names")[0]
    named = [word for word in re.findall(r"`([a-z_]+)`", first) if word in columns]
    assert named == [*(["line_no"] if "before `line_no`" in first else []), *columns]


@pytest.mark.parametrize("name", ALL_FILES)
def test_a_column_is_bold_exactly_where_an_empty_cell_is_refused(
    small_company: Path, tmp_path: Path, name: str
) -> None:
    collection = next(key for key, files in COLLECTION_FILES.items() if ALL_FILES[name] in files)
    [drop] = (small_company / "from_erp").iterdir()
    content = {
        file.name: (drop / file.name).read_text(encoding="utf-8") for file in COLLECTION_FILES[collection]
    }
    refused = set()
    for number, column in enumerate(ALL_FILES[name].columns):
        rows = list(csv.DictReader(io.StringIO(content[name])))
        rows[0][column] = ""
        put_export(tmp_path, f"20261123T0900{number:02d}Z", {**content, name: csv_text(name, *rows)})
        connector = connect({"folder": str(tmp_path), "collections": collection})
        if connector.read(collection, None, 10_000).bad:
            refused.add(column)
        connector.close()
    assert refused == set(re.findall(r"^\| \*\*(\w+)\*\* \|", section(name), re.MULTILINE))
