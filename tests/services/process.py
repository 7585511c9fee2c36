"""One server process: its own process group, a log, bounded waits, and no orphans."""

import atexit
import contextlib
import itertools
import os
import signal
import socket
import subprocess
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

_running: "weakref.WeakSet[ServerProcess]" = weakref.WeakSet()

PORTS = range(11_000, 32_000)
"""Below those that Linux (from 32768) and macOS (from 49152) give to connections."""
_APART = 409
"""Ports between the first ones of two processes with adjacent ids; a prime, so that few ids begin alike."""
_ports = itertools.count(os.getpid() * _APART)


class ServiceFailed(RuntimeError):
    """A server did not start, or did not become ready in time; carries the end of its log."""


class ServerProcess:
    """Starts `command` and controls it until `stop` or `kill`.

    If our own process dies without saying goodbye (SIGKILL, a crashed interpreter), a tiny
    shell which reads a pipe from us sees the end of file and sends `last_signal` to the
    server. PR_SET_PDEATHSIG would be shorter, but fires when the *thread* that started the
    server ends, and exists on Linux only.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        identity: Mapping[str, Any] | None = None,
        last_signal: signal.Signals = signal.SIGKILL,
        whole_group: bool = True,
        folder: Path | None = None,
    ) -> None:
        """Start at once, in `folder` or where the log lies. `identity` holds Popen's arguments
        which say which user to run as.

        `whole_group` says whether signals go to the process group or to the process alone:
        PostgreSQL's postmaster passes signals on itself.
        """
        self.log = log
        self._whole_group = whole_group
        self._name = Path(command[0]).name
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=None if env is None else dict(env),
                start_new_session=True,
                **{"cwd": folder or log.parent, **(identity or {})},
            )
        target = -self.pid if whole_group else self.pid
        # a session of its own, or Ctrl-C would end the guard before it is needed
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", f"read _; kill -s {last_signal.name.removeprefix('SIG')} -- {target}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        _running.add(self)

    @property
    def pid(self) -> int:
        """Process id, which is the process group's id too."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def wait(self, seconds: float) -> bool:
        """Wait up to `seconds` for it to end without a signal; return whether it did."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        self._forget()
        return True

    def send(self, number: int) -> None:
        """Send a signal, to its whole group if it has one; do nothing if it has ended."""
        self._signal(number)

    def wait_ready(self, is_ready: Callable[[], bool], seconds: float) -> None:
        """Poll `is_ready` until it returns true; raises `ServiceFailed` with the end of the log."""
        deadline = time.monotonic() + seconds
        while not is_ready():
            if not self.alive:
                code = self._process.returncode
                self._forget()
                raise ServiceFailed(f"{self._name} ended with {code}.\n{tail(self.log)}")
            if time.monotonic() > deadline:
                self.kill()
                raise ServiceFailed(f"{self._name} not ready after {seconds} s.\n{tail(self.log)}")
            time.sleep(0.02)

    def stop(self, with_signal: int = signal.SIGTERM, seconds: float = 60) -> None:
        """Ask it to end, wait up to `seconds`, then kill it. Does nothing if it has ended."""
        self._signal(with_signal)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        self._forget()

    def kill(self) -> None:
        """Send SIGKILL and wait: the server cannot clean up."""
        self._signal(signal.SIGKILL)
        self._process.wait(60)
        self._forget()

    def _signal(self, number: int) -> None:
        # After it is reaped, its id may belong to another process.
        if self not in _running or (not self.alive and not self._whole_group):
            return
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if self._whole_group else os.kill)(self.pid, number)

    def _forget(self) -> None:
        """End the guard before the id of its target can belong to another process."""
        _running.discard(self)
        self._guard.kill()
        self._guard.wait()
        if self._guard.stdin:
            self._guard.stdin.close()


def tail(log: Path, lines: int = 30) -> str:
    """Return the last `lines` lines of a log, with its path, for error messages."""
    text = log.read_text(errors="replace").splitlines()[-lines:] if log.exists() else []
    return "\n".join([f"End of {log}:", *text])


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that is free, and that this process has not returned before.

    It is not one of the ports that the system gives to connections: one of those could be taken by a connection
    before the server listens, or while it is restarted. Test processes begin at different ports.
    """
    for _ in range(len(PORTS)):
        port = PORTS[next(_ports) % len(PORTS)]
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("", port))
            return port
    raise ServiceFailed(f"no port of {PORTS} is free")


@atexit.register
def _stop_all() -> None:
    for process in list(_running):
        process.stop()
