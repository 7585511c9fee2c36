"""A complete Satchel for scenarios: the real web server and worker as processes of their own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.eventually import eventually
from tests.services.process import ServerProcess, free_port

ROOT = Path(__file__).parents[3]


def bare_environ() -> dict[str, str]:
    """Return the variables that our programs need of this environment, and none that changes their behaviour.

    Except SATCHEL_WEB_SERVER: with it, all scenarios and the fault rig run under the other server.
    """
    names = ("PATH", "HOME", "LANG", "SATCHEL_WEB_SERVER")
    return {name: os.environ[name] for name in names if name in os.environ}


class Node:
    """Web and worker on one folder or database; each can be killed and started again.

    They end with our process, however it ends. *root* is the folder of the product's source.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str], root: Path = ROOT) -> None:
        self.folder, self.root = folder, root
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environ = {
            **bare_environ(),
            "SATCHEL_FOLDER": str(folder / "instance"),
            "SATCHEL_PORT": str(self.port),
            "SATCHEL_PUBLIC_URL": self.url,
            "SATCHEL_POLL_SECONDS": "0.3",
            "SATCHEL_INGEST_SECONDS": "1",
            **environ,
        }
        self.web: ServerProcess | None = None
        self.worker: ServerProcess | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(self.worker)
        self.stop(self.web)
        if kind is not None:
            for log in sorted(self.folder.glob("*.log")):
                print(f"--- {log.name}\n{log.read_text(errors='replace')[-4000:]}")

    def command(self, *arguments: str, check: bool = True) -> str:
        """Run `satchel` with *arguments* in this node's environment; return what it printed."""
        result = subprocess.run(
            [sys.executable, "-m", "backend.cli", *arguments],
            env={**self.environ, "COLUMNS": "200"},
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert not check or result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def start_web(self, failpoints: str = "", *, wait: bool = True) -> None:
        """Start the web server, with SATCHEL_FAILPOINTS if given, and *wait* until it is ready."""
        self.stop(self.web)
        self.web = self._start("web", {"SATCHEL_FAILPOINTS": failpoints} if failpoints else {})
        if not wait:
            return

        def ready() -> bool:
            assert self.web is not None and self.web.alive, "the web server ended"
            try:
                return httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200
            except httpx.TransportError:
                return False

        eventually(ready, "the web server is ready")

    def start_worker(self, failpoints: str = "", **settings: str) -> None:
        """Start the worker, with SATCHEL_FAILPOINTS if given, and with *settings* of its own."""
        self.stop(self.worker)
        armed = {"SATCHEL_FAILPOINTS": failpoints} if failpoints else {}
        self.worker = self._start("worker", {**armed, **settings})

    def _start(self, part: str, variables: Mapping[str, str] | None = None) -> ServerProcess:
        return ServerProcess(
            [sys.executable, "-m", "backend.cli", "serve", "--only", part],
            self.folder / f"{part}.log",
            env={**self.environ, **(variables or {})},
            folder=self.root,
        )

    def stop(self, process: ServerProcess | None) -> None:
        """Stop a part in an orderly way, or by force in the end."""
        if process is not None:
            process.stop()

    def kill(self, process: ServerProcess | None) -> None:
        """Kill a part, as a power cut would."""
        assert process is not None
        process.kill()
