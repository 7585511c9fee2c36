"""What tests do with the sample ERP: hand a document over, read its order, run its command."""

from typing import Any

from click.testing import CliRunner, Result

from backend.cli.sample_erp import sample_erp
from backend.connectors.flatfile.adapter import FlatFileConnector
from backend.erp.records import Acknowledgement, Document
from backend.erp.testing import read_all
from backend.sample_erp import run
from tests.unit.connectors.flatfile.flatfile_fixture import (
    FlatFileFixture,
)


def answer(
    files: FlatFileFixture, connector: FlatFileConnector, submitted: Document, **options: Any
) -> Acknowledgement:
    """Hand *submitted* over, let the ERP do one round, and return its answer."""
    connector.create(submitted)
    run(files.folder, once=True, **options)
    [acknowledgement] = [late for late in connector.acknowledgements() if late.key == submitted.id]
    return acknowledgement


def in_the_erp(connector: FlatFileConnector, submitted: Document) -> dict[str, Any]:
    """Return the ERP's order that carries the key of *submitted*."""
    records, _ = read_all(connector, "orders")
    [order] = [record for record in records.values() if record["submission_id"] == submitted.id]
    return dict(order)


def satchel(files: FlatFileFixture, *arguments: str) -> Result:
    return CliRunner().invoke(sample_erp, ["--folder", str(files.folder), *arguments])
