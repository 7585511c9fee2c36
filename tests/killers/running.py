"""Runs killers: a copy of the tree, one patch, the test that must fail.

Each run is a fork of this process, which has the libraries loaded and nothing of ours: starting Python and
pytest anew would take most of the time.
"""

import importlib
import os
import re
import shutil
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

from tests.killers.killer import ROOT, Killer
from tests.killers.patching import apply

COPIED = ("backend", "sync_protocol", "tests", "docs", "wsgi.py", "pyproject.toml", "README.md", "Makefile")
OURS = ("backend", "sync_protocol", "tests", "wsgi")
LIBRARIES = (
    "pytest", "hypothesis.stateful", "sqlalchemy.orm", "sqlalchemy.dialects.postgresql", "psycopg", "flask",
    "flask_sqlalchemy", "marshmallow", "alembic.command", "cryptography.hazmat.primitives.asymmetric.ed25519",
    "httpx", "click", "jwt", "redis", "rq", "ulid", "rich.console",
)  # fmt: skip
SECONDS = 120
"""Of one test, after which it counts as failed: some mistakes lead round and round."""
FAILED, PASSED, BROKEN = 1, 0, 70
"""pytest's exit codes for tests that failed, and that passed; anything else is a run that went wrong."""


@dataclass(frozen=True)
class Verdict:
    """What became of one killer. *why* is the first error of the test, or what went wrong."""

    killer: Killer
    killed: bool
    why: str
    seconds: float


@contextmanager
def tree() -> Iterator[Path]:
    """A copy of what the tests need, gone afterwards."""
    with TemporaryDirectory(prefix="killers-") as name:
        root = Path(name)
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
        for part in COPIED:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, root / part, ignore=ignored)
            elif source.exists():
                shutil.copyfile(source, root / part)
        yield root


def run(killers: Sequence[Killer]) -> Iterator[Verdict]:
    """Yield the verdict on each of *killers*: its test fails under the patch, and passes without."""
    for name in LIBRARIES:
        importlib.import_module(name)
    with tree() as root:
        for killer in killers:
            began = time.monotonic()
            untouched = {file: (root / file).read_text() for file, _, _ in killer.patches}
            apply(root, killer.patches)
            code, output = play(root, killer)
            for file, text in untouched.items():
                (root / file).write_text(text)
            why = reason(output) if code == FAILED else f"pytest ended with {code}: {output[-300:]}"
            if code == FAILED:
                code, output = play(root, killer)
                why = why if code == PASSED else f"it fails without the patch too: {reason(output)}"
                code = FAILED if code == PASSED else PASSED
            yield Verdict(killer, code == FAILED, why, time.monotonic() - began)


def play(root: Path, killer: Killer) -> tuple[int, str]:
    """Run the killer's test in *root*; return pytest's exit code and what it said."""
    with TemporaryFile() as output:
        sys.stdout.flush()
        child = os.fork()
        if not child:
            code = BROKEN
            try:
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
                code = _pytest(root, killer)
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        output.seek(0)
        return os.waitstatus_to_exitcode(status), output.read().decode(errors="replace")


def _pytest(root: Path, killer: Killer) -> int:
    """Run the test with the modules of *root*, in a process that has loaded none of ours from there."""
    os.chdir(root)
    for name in list(sys.modules):
        if name.split(".")[0] in OURS:
            del sys.modules[name]
    sys.path[:] = [str(root), *(path for path in sys.path if path not in ("", str(ROOT)))]
    # What Python compiles would be taken for the source of a patch made within the same second.
    sys.dont_write_bytecode = True
    pytest = importlib.import_module("pytest")
    options = ["-q", "-x", "-p", "no:cacheprovider", "--tb=short", "--full", f"--timeout={SECONDS}"]
    # Hypothesis has been loaded before pytest could rewrite its asserts.
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    return int(pytest.main([*options, killer.test, *(["-k", killer.only] if killer.only else [])]))


def reason(output: str) -> str:
    """Return the first error in pytest's output, in one line."""
    found = re.search(r"^E\s+(.*)$", output, re.MULTILINE)
    return found.group(1)[:160] if found else output.strip()[-160:]
