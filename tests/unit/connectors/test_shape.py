"""Connectors have one shape, and what they know about kinds they know from the catalogue."""

import re
from pathlib import Path

import pytest

import backend.connectors
from backend.connectors.flatfile import mapper as flatfile
from backend.connectors.tryton import mapper as tryton
from sync_protocol.catalogue import COLLECTIONS, KINDS
from sync_protocol.collection import SATCHEL

ROOT = Path(backend.connectors.__file__).parent
BACKEND = ROOT.parent
CONNECTORS = sorted(path.name for path in ROOT.iterdir() if (path / "__init__.py").exists())
SHAPE = ("adapter.py", "mapper.py", "mapping", "options.py", "health.py", "errors.py", "README.md")
KIND = re.compile(r"""["'](?:order|expense_claim|forecast)["']""")
ALLOWED = {
    "cli/device/tables.py": "the heading of a column",
    "connectors/tryton/forecasts.py": "a field of Tryton's",
    "connectors/tryton/orders.py": "what a person calls it, in a sentence",
    "inbox/models.py": "the condition of a partial index, which the database compares as text",
    "migrations/versions/0018_lean_indexes.py": "the same condition, as it was then",
    "migrations/versions/0026_lists_of_the_console.py": "the condition of a partial index, as it was then",
    "office/roles.py": "the table of roles: who reads and acts on which kind",
}
"""Files in which the word is not the name of a kind, or which a form per kind needs."""


@pytest.mark.parametrize("connector", CONNECTORS)
def test_a_connector_has_the_files_of_a_connector(connector: str) -> None:
    assert [name for name in SHAPE if not (ROOT / connector / name).exists()] == []


@pytest.mark.parametrize("mapper", [flatfile, tryton], ids=["flatfile", "tryton"])
def test_a_connector_maps_every_collection_and_kind(mapper: object) -> None:
    reads, writes = mapper.READS, mapper.WRITES
    assert set(reads) == {name for name, each in COLLECTIONS.items() if each.authority != SATCHEL}
    assert set(writes) == {kind.name for kind in KINDS.values() if kind.has_own_document}


def test_no_kind_is_named_outside_the_catalogue() -> None:
    """A new kind is its declaration and a row in each mapper; everything else reads the declaration."""
    naming = {
        str(path.relative_to(BACKEND)): KIND.findall(path.read_text())
        for path in BACKEND.rglob("*.py")
        if KIND.search(path.read_text()) and "erp/testing" not in str(path) and "sample_erp" not in str(path)
    }
    assert naming.keys() == ALLOWED.keys()
