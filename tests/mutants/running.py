"""Runs mutants: a copy of the tree, the changed sources, the test that must fail.

Each test runs in a fork of this process, which has loaded the libraries and none of our modules: starting
Python and pytest for each test would take most of the time.
"""

import importlib
import os
import re
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from tests.mutants.copies import copied_tree, write
from tests.mutants.making import Made, made
from tests.mutants.symbol import ROOT

OURS = ("backend", "sync_protocol", "tests", "wsgi")
LIBRARIES = (
    "pytest", "hypothesis.stateful", "sqlalchemy.orm", "sqlalchemy.dialects.postgresql", "psycopg", "flask",
    "flask_sqlalchemy", "marshmallow", "alembic.command", "cryptography.hazmat.primitives.asymmetric.ed25519",
    "httpx", "click", "jwt", "redis", "rq", "ulid", "rich.console",
)  # fmt: skip
SECONDS = 120
"""Time limit of a test, after which it counts as failed: some mistakes lead to an endless loop."""
FAILED, PASSED, BROKEN = 1, 0, 70
"""pytest's exit codes for failed and passed tests, and ours for a run that went wrong."""
_NOT_THE_MISTAKE = re.compile(r"NameError|UnboundLocalError|ImportError|AttributeError: (module|partially)")
"""Errors of an edit that no longer fits the source: a test that ends with one has not found the mistake."""


@dataclass(frozen=True)
class MutantResult:
    """The result of one mutant. *why* is the first error of the test, or what went wrong."""

    made: Made
    killed: bool
    why: str
    seconds: float


def run(parts: Sequence[str]) -> Iterator[MutantResult]:
    """Yield the result of each mutant with one of *parts* in its name (none: all).

    A mutant is killed if its test fails with it, and passes without.
    """
    mutants = made(parts)
    for name in LIBRARIES:
        importlib.import_module(name)
    with copied_tree() as root:
        for mutant in mutants:
            started = time.monotonic()
            untouched = {file: (root / file).read_text() for file in mutant.sources}
            write(root, mutant.sources)
            code, output = play(root, mutant)
            write(root, untouched)
            killed, why = code == FAILED, reason(output)
            if not killed:
                why = f"pytest ended with {code}: {output[-300:]}"
            elif _NOT_THE_MISTAKE.match(why):
                killed, why = False, f"the edit does not fit the source: {why}"
            else:
                code, output = play(root, mutant)
                if code != PASSED:
                    killed, why = False, f"it fails without the mutant too: {reason(output)}"
            yield MutantResult(mutant, killed, why, time.monotonic() - started)


def play(root: Path, mutant: Made) -> tuple[int, str]:
    """Run the mutant's test in *root*; return pytest's exit code and output."""
    with TemporaryFile() as output:
        sys.stdout.flush()
        child = os.fork()
        if not child:
            code = BROKEN
            try:
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
                code = _pytest(root, mutant)
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        output.seek(0)
        return os.waitstatus_to_exitcode(status), output.read().decode(errors="replace")


def _pytest(root: Path, mutant: Made) -> int:
    """Run the test with the modules of *root*, in a process that has loaded none of ours from there."""
    os.chdir(root)
    for name in list(sys.modules):
        if name.split(".")[0] in OURS:
            del sys.modules[name]
    sys.path[:] = [str(root), *(path for path in sys.path if path not in ("", str(ROOT)))]
    # What Python compiles would be taken for the source of a mutant made within the same second.
    sys.dont_write_bytecode = True
    pytest = importlib.import_module("pytest")
    options = ["-q", "-x", "-p", "no:cacheprovider", "--tb=short", "--full", f"--timeout={SECONDS}"]
    # Hypothesis has been loaded before pytest could rewrite its asserts.
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    return int(pytest.main([*options, mutant.test, *(["-k", mutant.only] if mutant.only else [])]))


def reason(output: str) -> str:
    """Return the first error in pytest's output, in one line."""
    error = re.search(r"^E\s+(.*)$", output, re.MULTILINE)
    return error.group(1)[:160] if error else output.strip()[-160:]
