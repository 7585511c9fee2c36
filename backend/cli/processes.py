"""The parts of a node, each a process of its own, and the parent that watches over them."""

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
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Part:
    """A running part and what it was started with."""

    words: str
    process: subprocess.Popen[bytes]


def command(arguments: list[str]) -> list[str]:
    """Return the command line of `satchel` with *arguments*, under this very interpreter."""
    return [sys.executable, "-m", "backend.cli", *arguments]


@contextmanager
def running(parts: list[list[str]], environ: Mapping[str, str]) -> Iterator[list[Part]]:
    """Start *parts* (arguments of `satchel`) and stop them at the end, whatever ended it."""
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
    """Wait for SIGTERM or SIGINT; raise if a part ends by itself."""
    stopping: list[int] = []

    def stop(number: int, frame: Any) -> None:
        stopping.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    while not stopping:
        for part in parts:
            if part.process.poll() is not None:
                raise click.ClickException(f"`{part.words}` ended with {part.process.returncode}")
        time.sleep(0.2)


def _die_with_parent() -> None:
    """Ask the kernel to end this child with its parent, however that ends.

    A web server that outlived a killed parent would go on using the embedded database beside the next node.
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
