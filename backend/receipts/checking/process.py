"""Runs the confined process for one receipt, and checks its output, which may be as hostile as its input."""

import json
import os
import subprocess  # nosec B404 - argument lists of our own
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import backend
from backend.files import create_file, make_private_folder, open_file
from backend.receipts import files
from backend.receipts.checking.refusals import Refusal
from sync_protocol.receipt_types import SIGNATURE_BYTES, media_type

WALL_SECONDS = 60.0
"""How long one check may take by the clock; the process's own time is limited to half of that."""
MAX_REPORT_BYTES = 4096
COPY_TYPES = ("image/jpeg", "image/png", "application/pdf")


class CheckFailed(RuntimeError):
    """The process was killed, took too long or reported nothing of use: the receipt is neither good nor bad."""


@dataclass(frozen=True)
class CheckResult:
    """What the check found. Of a good receipt the copy has *media_type*, else *refusal* says what is wrong."""

    media_type: str | None
    refusal: Refusal | None
    walls: tuple[str, ...]
    """What confined the process; see `confinement`."""


def inspect(original: Path, kind: str, copy: Path, *, seconds: float = WALL_SECONDS) -> CheckResult:
    """Check the file *original* of media type *kind*, write its copy to *copy*; raises `CheckFailed`, OSError.

    The process gets three open files and no environment: no password, no key, no address.
    """
    make_private_folder(copy.parent)
    with (
        open_file(original) as source,
        create_file(copy) as target,
        tempfile.TemporaryFile() as report,
    ):
        command = [sys.executable, "-s", "-P", "-m", "backend.receipts.checking", kind]
        environment = {"PYTHONPATH": str(Path(backend.__file__).parent.parent), "LC_ALL": "C.UTF-8"}
        process = subprocess.Popen(  # nosec B603 # an argument list of our own
            command,
            stdin=source,
            stdout=target,
            stderr=report,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise CheckFailed(f"the check took longer than {seconds:.0f} seconds") from None
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        report.seek(0)
        result = _result_of(code, report.read(MAX_REPORT_BYTES + 1))
        target.flush()
        os.fsync(target.fileno())
    if result.media_type is not None and media_type(files.start_of(copy, SIGNATURE_BYTES)) != result.media_type:
        raise CheckFailed("the copy is not of the type that the report says")
    return result


def _result_of(code: int, report: bytes) -> CheckResult:
    if code != 0:
        last = report[-300:].decode("ascii", "replace").strip().rpartition("\n")[2]
        raise CheckFailed(f"the process ended with {code}: {last!a}")
    try:
        value = json.loads(report)
        walls = tuple(str(wall)[:20] for wall in value["walls"][:5])
        if value["result"] == "refused":
            return CheckResult(None, Refusal(value["refusal"]), walls)
        if value["result"] == "checked" and value["media_type"] in COPY_TYPES:
            return CheckResult(str(value["media_type"]), None, walls)
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise CheckFailed(f"the report is not understood: {report[:200]!a}")
