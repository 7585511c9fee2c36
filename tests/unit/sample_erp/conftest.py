"""The sample ERP with a small company, and a connector to it."""

from tests.unit.connectors.flatfile.conftest import files, flatfile, small_company  # noqa: F401 - fixtures
