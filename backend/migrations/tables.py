"""Registers all tables: a package of the backend defines its own in `models.py`; importing it registers them.

It is a separate file because processes that never run migrations need the tables too.
"""

import importlib
from pathlib import Path

import backend


def import_tables() -> None:
    """Import every `backend.<package>.models`, so that the metadata is complete."""
    for path in sorted(Path(backend.__file__).parent.glob("*/models.py")):
        importlib.import_module(f"backend.{path.parent.name}.models")
