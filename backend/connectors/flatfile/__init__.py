"""The flat-file connector: an ERP exports CSV files into a shared folder and picks up documents from it.

docs/connectors/flatfile.md describes the folder, the columns of every file, manifests and acknowledgements.
"""

from collections.abc import Mapping

from backend.connectors.flatfile.adapter import FlatFileConnector
from backend.connectors.flatfile.options import read_options


def connect(options: Mapping[str, str]) -> FlatFileConnector:
    """Return the connector configured with *options*. Raises ValueError with a sentence for the operator."""
    return FlatFileConnector(read_options(options))
