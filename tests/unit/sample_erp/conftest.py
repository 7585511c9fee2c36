"""The sample ERP with a small company, and a connector to it."""

from tests.unit.connectors.flatfile.conftest import files as files
from tests.unit.connectors.flatfile.conftest import flatfile as flatfile
from tests.unit.connectors.flatfile.conftest import small_company as small_company
