"""A new kind touches its file of the catalogue and one mapper entry per connector: nothing else names kinds."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_protocol.catalogue import COLLECTIONS, KINDS
from tests.architecture.test_contracts import ROOT, committed

DECLARED = (
    "sync_protocol/catalogue/",
    "backend/migrations/",
    "backend/office/roles.py",  # which department reads which kind
)
NO_KINDS = {
    ("backend/delivery/park_reasons.py", "change_request"): "the class of a park reason",
    ("backend/sample_erp/documents.py", "order"): "a counter in the database of the sample ERP",
    ("backend/sample_erp/documents.py", "expense_claim"): "a counter in the database of the sample ERP",
    ("backend/sample_erp/order_history.py", "order"): "a counter in the database of the sample ERP",
    ("backend/connectors/tryton/orders.py", "order"): "how a sentence calls Tryton's document",
    ("backend/connectors/tryton/forecasts.py", "forecast"): "a field of Tryton",
    ("backend/cli/device/tables.py", "order"): "the heading of a column",
    ("backend/cli/sample_erp.py", "order"): "the argument of a command",
    ("backend/inbox/models.py", "kind = 'forecast'"): "the condition of an index, which its migration repeats",
}
"""(file, text) that is not the name of a kind, and what it is."""
IN_SQL = re.compile(r"\bkind\s*(=|IN)\s*\(?'", re.IGNORECASE)


def literals(path: Path) -> Iterator[str]:
    """Yield each text in *path* that is the name of a kind, or SQL that compares a kind with a text."""
    for node in ast.walk(ast.parse(path.read_text())):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and (text in KINDS or IN_SQL.search(text)):
            yield text


def named_kinds() -> set[tuple[str, str]]:
    return {
        (name, text)
        for path in committed("backend/*.py", "sync_protocol/*.py")
        if not (name := str(path.relative_to(ROOT))).startswith(DECLARED)
        for text in literals(path)
    }


def test_no_kind_is_named_outside_the_catalogue() -> None:
    assert named_kinds() - NO_KINDS.keys() == set()


def test_every_exception_is_needed() -> None:
    assert NO_KINDS.keys() - named_kinds() == set()


def test_sql_that_names_a_kind_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "example.py"
    path.write_text("db.rows(\"SELECT id FROM document WHERE kind = 'visit'\")")
    assert list(literals(path))


@pytest.mark.parametrize("collection", COLLECTIONS.values(), ids=lambda collection: collection.name)
def test_the_columns_of_a_collection_are_fields_of_its_records(collection: object) -> None:
    assert set(collection.columns) <= set(collection.schema().fields)
