"""Tryton, over JSON-RPC: reads what reps need, creates what they captured. See README.md beside this file."""

from collections.abc import Mapping

from backend.connectors.tryton.adapter import TrytonConnector
from backend.connectors.tryton.options import read_options


def connect(options: Mapping[str, str]) -> TrytonConnector:
    """Return the connector for *options* (see `options.OPTIONS`); nothing is sent yet.

    Raises ValueError, with a sentence for the operator, for the first option that is wrong or unknown.
    """
    return TrytonConnector(read_options(options))
