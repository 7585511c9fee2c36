"""A copy of the source tree, in which the product may be changed."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutants.symbol import ROOT

COPIED = ("backend", "sync_protocol", "tests", "docs", "wsgi.py", "pyproject.toml", "README.md", "Makefile")


@contextmanager
def copied_tree() -> Iterator[Path]:
    """Yield the root of a copy of what the tests need; it is deleted afterwards."""
    with TemporaryDirectory(prefix="mutants-") as name:
        root = Path(name)
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
        for part in COPIED:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, root / part, ignore=ignored)
            elif source.exists():
                shutil.copyfile(source, root / part)
        yield root


def write(root: Path, sources: dict[str, str]) -> None:
    """Write *sources*, by their path below *root*."""
    for file, text in sources.items():
        (root / file).write_text(text)
