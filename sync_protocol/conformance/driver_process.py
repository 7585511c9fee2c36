"""Control a device's driver: a process that reads one JSON object per line and answers each with one."""

import contextlib
import json
import os
import select
import signal
import subprocess  # nosec B404 # argument lists of our own
import time
from collections.abc import Sequence
from typing import IO, Any, Protocol, cast

from sync_protocol.conformance.rule import RuleViolation

Json = dict[str, Any]
"""A command or an answer; docs/conformance.md lists the keys of each."""


class Driver(Protocol):
    """A device that accepts commands."""

    def send(self, command: Json) -> Json:
        """Return the answer to *command*; raises `RuleViolation` if there is none."""
        ...

    def kill(self) -> None:
        """End it without warning, as an empty battery would."""
        ...


class Drivers(Protocol):
    """A source of drivers."""

    def main(self) -> Driver:
        """Return the current driver, a new one after a kill."""
        ...

    def another(self) -> Driver:
        """Start one more; the caller kills it."""
        ...


class DriverProcesses:
    """Drivers started with *command*. One serves many rules, because starting one may take seconds."""

    def __init__(self, command: Sequence[str], seconds: float) -> None:
        self._command, self._seconds = command, seconds
        self._main: DriverProcess | None = None

    def main(self) -> "DriverProcess":
        """Return the current driver, a new one after a kill."""
        if self._main is None or not self._main.alive:
            if self._main is not None:
                self._main.close_pipes()
            self._main = self.another()
        return self._main

    def another(self) -> "DriverProcess":
        """Start one more."""
        return DriverProcess(self._command, self._seconds)

    def close(self) -> None:
        """End the current driver."""
        if self._main is not None:
            self._main.kill()


class DriverProcess:
    """A driver started with *command*; each answer must come within *seconds*."""

    def __init__(self, command: Sequence[str], seconds: float) -> None:
        self._seconds = seconds
        self._process = subprocess.Popen(  # nosec B603 # an argument list of our own
            list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        # With PIPE there are both.
        self._stdin = cast("IO[bytes]", self._process.stdin)
        self._stdout = cast("IO[bytes]", self._process.stdout)
        self._buffer = b""

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def send(self, command: Json) -> Json:
        """Return the answer to *command*; raises `RuleViolation` for a late or invalid one."""
        name = command.get("do")
        try:
            self._stdin.write(json.dumps(command).encode() + b"\n")
            self._stdin.flush()
        except OSError:
            raise RuleViolation(
                f"the driver has exited: it ended with {self._process.poll()} before `{name}`"
            ) from None
        line = self._read_line(str(name))
        try:
            answer = json.loads(line)
        except ValueError:
            raise RuleViolation(
                f"the driver answered `{name}` with {line[:200]!r}, which is not JSON"
            ) from None
        if not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool):
            raise RuleViolation(f"the driver answered `{name}` with {answer!r}, which has no `ok`")
        return answer

    def _read_line(self, name: str) -> bytes:
        deadline = time.monotonic() + self._seconds
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([self._stdout], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                self.kill()
                raise RuleViolation(f"no answer to `{name}` within {self._seconds:.0f} s")
            chunk = os.read(self._stdout.fileno(), 65536)
            if not chunk:
                raise RuleViolation(
                    f"the driver ended with {self._process.wait()} instead of answering `{name}`"
                )
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def kill(self) -> None:
        """Kill the process and everything that it started (SIGKILL)."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self.close_pipes()

    def close_pipes(self) -> None:
        """Close our ends of the pipes to a process that has ended."""
        for stream in (self._stdin, self._stdout):
            with contextlib.suppress(OSError):
                stream.close()
