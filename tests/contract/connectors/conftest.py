"""The sample ERP, for its connector's test of the contract."""

from tests.unit.connectors.flatfile.conftest import files, small_company  # noqa: F401 - fixtures
