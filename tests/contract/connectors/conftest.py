"""The sample ERP, for its connector's test of the contract."""

from tests.unit.connectors.flatfile.conftest import files as files
from tests.unit.connectors.flatfile.conftest import small_company as small_company
