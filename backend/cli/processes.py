"""The processes of a node (web, worker, sample ERP), and the parent that supervises them.

Apart from `serve`, because a supervisor of its own restarts the worker's doorbell process: that one must come
back whenever Redis does, but a part that ends here ends the node, so that systemd or the container runtime sees
it.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click

STOP_SECONDS = 20
"""How long the parts together may take to end after SIGTERM."""
PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that the kernel sends this process when its parent ends."""


@dataclass(frozen=True)
class Part:
    """A running part and the command line that started it."""

    command_line: str
    process: subprocess.Popen[bytes]


def command(arguments: list[str]) -> list[str]:
    """Return the command line of `satchel` with *arguments*, run by this Python interpreter."""
    return [sys.executable, "-m", "backend.cli", *arguments]


@contextmanager
def running(parts: list[list[str]], environ: Mapping[str, str]) -> Iterator[list[Part]]:
    """Start *parts* (arguments of `satchel`), and stop them when the block ends for any reason."""
    started: list[Part] = []
    try:
        for arguments in parts:
            process = subprocess.Popen(
                command(arguments), env=dict(environ), start_new_session=True, preexec_fn=_die_with_parent
            )
            started.append(Part(" ".join(["satchel", *arguments]), process))
        yield started
    finally:
        _stop(started)


def supervise(parts: list[Part]) -> None:
    """Wait for SIGTERM or SIGINT; raise `ClickException` if a part ends before that."""
    stopping: list[int] = []

    def stop(number: int, frame: Any) -> None:
        stopping.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    while not stopping:
        for part in parts:
            if part.process.poll() is not None:
                raise click.ClickException(f"`{part.command_line}` ended with status {part.process.returncode}")
        time.sleep(0.2)


def _die_with_parent() -> None:
    """Let the kernel end this child when its parent ends for any reason, SIGKILL included.

    A web server that outlived its parent would keep using the SQLite database beside the next node.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() == 1:
            os._exit(1)


def _stop(parts: list[Part]) -> None:
    for part in parts:
        if part.process.poll() is None:
            part.process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for part in parts:
        try:
            part.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            part.process.kill()
            part.process.wait()
