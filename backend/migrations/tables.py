"""Every table. A package of the backend keeps its tables in `models.py`, which registers them on import."""

import importlib
from pathlib import Path

import backend


def import_tables() -> None:
    """Import every `backend.<package>.models`, so that the metadata is whole."""
    for path in sorted(Path(backend.__file__).parent.glob("*/models.py")):
        importlib.import_module(f"backend.{path.parent.name}.models")
