"""What starting a command costs: the CPU of `satchel --help` and `satchel doctor` in processes of their own."""

import os
import subprocess
import sys
from functools import partial

from tests.bench.lab import ROOT
from tests.bench.parts.turns import Figures, by_turns
from tests.bench.systems.satchel import SatchelSystem

COMMANDS = {
    "python": ["-c", "pass"],
    "help": ["-m", "backend.cli", "--help"],
    "doctor": ["-m", "backend.cli", "doctor"],
}
"""Python alone is measured too: it is a part of each of the others."""


def commands(satchel: SatchelSystem, repeats: int) -> dict[str, Figures]:
    """Return the CPU seconds of each command on a filled installation, whose server does not run.

    It gets the sample company's ERP, because `doctor` asks an ERP too.
    """
    satchel.environ["SATCHEL_ERP_FOLDER"] = str(satchel.settings.folder / "erp")
    satchel.run("sample-erp", "--once")
    return by_turns(repeats, {name: partial(_cpu, satchel, name) for name in COMMANDS})


def _cpu(satchel: SatchelSystem, name: str, n: int) -> Figures:
    command = [sys.executable, *COMMANDS[name]]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, env=satchel.environ, cwd=ROOT, stdout=pipe, stderr=subprocess.STDOUT
    ) as child:
        assert child.stdout is not None
        printed = child.stdout.read().decode()
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"satchel {name} ended with {child.returncode}: {printed[-2000:]}")
    return {"cpu": used.ru_utime + used.ru_stime}
