"""The flat-file connector: an ERP that drops CSV snapshots into a folder and picks documents up from one.

The layout of the folder, the columns of every file, manifests and acknowledgements are described for an
integrator in docs/connectors/flatfile.md.
"""

from collections.abc import Mapping

from backend.connectors.flatfile.adapter import FlatFileConnector
from backend.connectors.flatfile.options import read_options


def connect(options: Mapping[str, str]) -> FlatFileConnector:
    """Return the connector set up with *options*; raises ValueError with a sentence for the operator."""
    return FlatFileConnector(read_options(options))
