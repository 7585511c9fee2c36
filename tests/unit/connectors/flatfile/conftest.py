"""A small sample company, founded once and copied for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.connectors.flatfile.adapter import FlatFileConnector
from backend.connectors.flatfile.sample import assortment, clientele, history, run
from tests.unit.connectors.flatfile.flatfile_fixture import FlatFileFixture


@pytest.fixture(scope="session")
def small_company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the sample ERP was founded with fewer goods, customers and orders, and has dropped."""
    folder = tmp_path_factory.mktemp("sample") / "erp"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assortment, "PRODUCTS_NUMBER", 60)
        patch.setattr(assortment, "PARTS_NUMBER", 20)
        patch.setattr(assortment, "GIVEAWAYS_NUMBER", 5)
        patch.setattr(clientele, "CUSTOMERS_NUMBER", 45)
        patch.setattr(history, "ORDERS_NUMBER", 70)
        run(folder, once=True)
    return folder


@pytest.fixture
def files(small_company: Path, tmp_path: Path) -> FlatFileFixture:
    """The sample ERP with a folder of its own."""
    return FlatFileFixture(small_company, tmp_path / "erp")


@pytest.fixture
def flatfile(files: FlatFileFixture) -> Iterator[FlatFileConnector]:
    """A connector to the sample ERP."""
    connector = files.connect()
    yield connector
    connector.close()
