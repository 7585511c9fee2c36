"""A private Redis on 127.0.0.1, writing every command to its append-only file."""

from pathlib import Path
from types import TracebackType
from typing import Self

import redis

from tests.services.binaries import redis_program
from tests.services.process import ServerProcess, free_port

READY_SECONDS = 180


class RedisServer:
    """Redis or Valkey in a folder of its own; `with` starts and stops it."""

    def __init__(self, folder: Path) -> None:
        """Make the server; `folder` holds the append-only file and the log."""
        self.folder = Path(folder).absolute()
        self.port = 0
        self._process: ServerProcess | None = None

    @property
    def url(self) -> str:
        """Its URL, database 0."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> Self:
        """Start and wait for PONG; a restart keeps port and data."""
        if self._process and self._process.alive:
            return self
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        command = [
            redis_program(), "--bind", "127.0.0.1", "--port", str(self.port), "--dir", self.folder,
            "--appendonly", "yes", "--appendfsync", "always", "--save", "", "--daemonize", "no",
        ]  # fmt: skip
        self._process = ServerProcess(command, self.folder / "redis.log")
        self._process.wait_ready(self._answers, READY_SECONDS)
        return self

    def stop(self) -> None:
        """Stop it in an orderly way."""
        if self._process:
            self._process.stop()
            self._process = None

    def kill(self) -> None:
        """Send SIGKILL; `start` restores what the append-only file holds."""
        if self._process:
            self._process.kill()
            self._process = None

    def flush(self) -> None:
        """Delete all data, as if Redis had lost its file."""
        with redis.Redis(port=self.port, socket_timeout=60) as client:
            client.flushall()

    def _answers(self) -> bool:
        client = redis.Redis(port=self.port, socket_timeout=1)
        try:
            # `is True`: while it loads its file, Redis answers with an error
            return client.ping() is True
        except redis.RedisError:
            return False
        finally:
            client.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
