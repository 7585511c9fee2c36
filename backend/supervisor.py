"""The one supervisor of child processes: the parts of a node, and the worker's doorbell process.

Its policy:

- A child without which the others can work (`RESTART`: the doorbell) is started again whenever it ends, with
  growing pauses.
- If any other child ends (`END_ALL`: web, worker, sample ERP), all end, so that systemd or the container
  runtime sees the failure and starts everything again.
- A child ends when its parent ends, even by SIGKILL: it watches its parent (`end_with_parent`). A web server
  that outlived its parent would keep using the SQLite database beside the next node.
- A child gets SIGTERM, and after some seconds SIGKILL. It leads a process group, which is killed with it.
"""

import contextlib
import logging
import os
import signal
import subprocess  # nosec B404 # argument lists of our own
import threading
import time
from collections.abc import Mapping, Sequence
from enum import Enum
from types import TracebackType
from typing import Self

from backend.retry import Backoff

log = logging.getLogger(__name__)

STOP_SECONDS = 30.0
"""How long the children together may take to end after SIGTERM, such as to finish a document that is sent."""
ORPHAN_SECONDS = 0.5
"""Between two looks of a child at its parent."""
LONGEST_PAUSE = 30.0
"""Seconds before a child is started again; for a child that ran for longer, the pauses start from the first."""
PAUSES = Backoff(base=1.0, cap=LONGEST_PAUSE)


class Policy(Enum):
    """What follows when a child ends."""

    RESTART = "start it again"
    END_ALL = "end all"


class ChildEnded(RuntimeError):
    """A child ended without which the others must not run; the message names it and its status."""


class Child:
    """A child process; *command* is started with the environment *environ*."""

    def __init__(self, name: str, command: Sequence[str], environ: Mapping[str, str], policy: Policy) -> None:
        self.name, self.policy = name, policy
        self._command, self._environ = list(command), dict(environ)
        self._process: subprocess.Popen[bytes] | None = None
        self._failures = 0
        self._started_at = self._not_before = 0.0

    def start(self) -> None:
        """Start the process."""
        self._process = subprocess.Popen(  # nosec B603 # an argument list of our own
            self._command, env=self._environ, stdin=subprocess.DEVNULL, start_new_session=True
        )
        self._started_at = time.monotonic()

    def look(self) -> None:
        """Follow the policy if the process has ended; never blocks. Raises `ChildEnded`."""
        now = time.monotonic()
        if self._process is not None and self._process.poll() is not None:
            status, self._process = self._process.returncode, None
            if self.policy is Policy.END_ALL:
                raise ChildEnded(f"`{self.name}` ended with status {status}")
            self._failures = 0 if now - self._started_at > LONGEST_PAUSE else self._failures + 1
            pause = PAUSES.ceiling(self._failures)
            log.warning("%s ended with status %s, and starts again in %.0f s", self.name, status, pause)
            self._not_before = now + pause
        if self._process is None and now >= self._not_before:
            self.start()

    def terminate(self) -> None:
        """Ask the process to end."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def wait(self, seconds: float) -> None:
        """Wait until the process has ended, and kill its group after *seconds*."""
        if self._process is None:
            return
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None


class Supervisor:
    """Starts *children* when its block begins, and stops them when it ends for any reason."""

    def __init__(self, children: Sequence[Child]) -> None:
        self._children = children

    def __enter__(self) -> Self:
        try:
            for child in self._children:
                child.start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def look(self) -> None:
        """Follow the policy for each child that has ended. Call it several times per second."""
        for child in self._children:
            child.look()

    def _stop(self) -> None:
        for child in self._children:
            child.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for child in self._children:
            child.wait(max(0.1, deadline - time.monotonic()))


def end_with_parent(parent: int) -> None:
    """End this process, in order, as soon as the process *parent*, which started it, has ended.

    A process whose parent ends gets another one, on every system; a pipe from the parent would be inherited by
    its other children, and Linux's own signal depends on the thread that started the child.
    """
    threading.Thread(target=_watch_parent, args=(parent,), name="parent", daemon=True).start()


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(ORPHAN_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
