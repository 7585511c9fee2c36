"""Speaks to a device's driver: a process that takes one JSON object a line and answers each with one."""

import contextlib
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from typing import Any, Protocol

from sync_protocol.conformance.verdict import RuleViolation

Json = dict[str, Any]


class Driver(Protocol):
    """A device that can be told what to do."""

    def tell(self, command: Json) -> Json:
        """Return the answer to *command*; raises `Broken` if there is none."""
        ...

    def kill(self) -> None:
        """End it as an empty battery would."""
        ...


class Drivers(Protocol):
    """Where drivers come from."""

    def main(self) -> Driver:
        """Return the driver that is at hand; a new one after a kill."""
        ...

    def another(self) -> Driver:
        """Start one more, whose user kills it."""
        ...


class Processes:
    """Drivers started with *command*. One serves rule after rule, for starting one may take seconds."""

    def __init__(self, command: Sequence[str], seconds: float) -> None:
        self._command, self._seconds = command, seconds
        self._main: Process | None = None

    def main(self) -> "Process":
        """Return the driver that is at hand."""
        if self._main is None or not self._main.alive:
            self._main = self.another()
        return self._main

    def another(self) -> "Process":
        """Start one more."""
        return Process(self._command, self._seconds)

    def close(self) -> None:
        """End the driver that is at hand."""
        if self._main is not None:
            self._main.kill()


class Process:
    """A driver started with *command*. Each answer must come within *seconds*."""

    def __init__(self, command: Sequence[str], seconds: float) -> None:
        self._seconds = seconds
        self._process = subprocess.Popen(
            list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        self._left = b""

    @property
    def alive(self) -> bool:
        """Whether it can be told anything."""
        return self._process.poll() is None

    def tell(self, command: Json) -> Json:
        """Return the answer to *command*; raises `Broken` if there is none in time or it is no JSON object."""
        said = command.get("do")
        try:
            assert self._process.stdin is not None  # noqa: S101 - for the type checker
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise RuleViolation(
                f"the driver is gone: it ended with {self._process.poll()} before `{said}`"
            ) from None
        line = self._line(str(said))
        try:
            answer = json.loads(line)
        except ValueError:
            raise RuleViolation(
                f"the driver answered `{said}` with {line[:200]!r}, which is not JSON"
            ) from None
        if not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool):
            raise RuleViolation(f"the driver answered `{said}` with {answer!r}, which has no `ok`")
        return answer

    def _line(self, said: str) -> bytes:
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        deadline = time.monotonic() + self._seconds
        while b"\n" not in self._left:
            ready, _, _ = select.select([self._process.stdout], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                self.kill()
                raise RuleViolation(f"no answer to `{said}` within {self._seconds:.0f} s")
            piece = os.read(self._process.stdout.fileno(), 65536)
            if not piece:
                raise RuleViolation(
                    f"the driver ended with {self._process.wait()} instead of answering `{said}`"
                )
            self._left += piece
        line, _, self._left = self._left.partition(b"\n")
        return line

    def kill(self) -> None:
        """End the process and what it started, without a word."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
