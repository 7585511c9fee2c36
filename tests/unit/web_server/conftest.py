"""The real web server in a process of its own, with a small app and short times."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.eventually import SECONDS
from tests.services.process import ServerProcess, free_port
from tests.unit.web_server.conversation import Conversation

ROOT = Path(__file__).parents[3]


class SmallServer:
    """A running server; `talk()` opens a connection."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.port, self.log = free_port(), folder / "web.log"
        names = ("PATH", "HOME", "LANG")
        environ = {name: os.environ[name] for name in names if name in os.environ} | {
            "SATCHEL_FOLDER": str(folder), "SATCHEL_PORT": str(self.port), "SATCHEL_WEB_THREADS": "2",
            "SATCHEL_PUBLIC_URL": "https://satchel.example.com",
            **{f"SATCHEL_{name.upper()}": value for name, value in settings.items()},
        }  # fmt: skip
        command = [sys.executable, "-m", "tests.unit.web_server.small_app"]
        self.process = ServerProcess(command, self.log, env=environ, folder=ROOT)
        self.process.wait_ready(self._answers, SECONDS)

    def talk(self, receive_buffer: int | None = None) -> Conversation:
        return Conversation(self.port, receive_buffer=receive_buffer)

    def _answers(self) -> bool:
        try:
            with self.talk() as talk:
                return talk.get().status == 200
        except OSError:
            return False


Start = Callable[..., SmallServer]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallServer]:
    """A server with the usual times."""
    running = SmallServer(tmp_path_factory.mktemp("web"))
    yield running
    running.process.stop()


@pytest.fixture(scope="module")
def granian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallServer]:
    """The other server, with the usual times."""
    running = SmallServer(tmp_path_factory.mktemp("granian"), web_server="granian")
    yield running
    running.process.stop()


@pytest.fixture(params=["server", "granian"])
def either(request: pytest.FixtureRequest) -> SmallServer:
    """Each of the servers that we ship."""
    running: SmallServer = request.getfixturevalue(request.param)
    return running


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """`start(web_connections="10")` starts a server with these settings."""
    running: list[SmallServer] = []

    def begin(**settings: str) -> SmallServer:
        running.append(SmallServer(tmp_path, **settings))
        return running[-1]

    yield begin
    for each in running:
        each.process.stop()
