"""An installation on a primary and its real streaming standby; records which of them serves each read."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from backend.clock import ManualClock
from backend.settings import read_settings
from backend.sync import standby
from tests.eventually import SECONDS
from tests.services import PostgresServer
from tests.services.standby import catch_up, clone
from tests.unit.api.installation import Installation, install


@dataclass
class Pair:
    """A primary and its standby."""

    primary: PostgresServer
    standby: PostgresServer

    def catch_up(self) -> None:
        catch_up(self.primary, self.standby)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """A pair that no test breaks."""
    yield from _pair(tmp_path_factory.mktemp("pair"))


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Pair]:
    """A pair that the test may break."""
    yield from _pair(tmp_path)


def _pair(folder: Path) -> Iterator[Pair]:
    pair = Pair(PostgresServer(folder / "primary"), PostgresServer(folder / "standby"))
    try:
        pair.primary.start()
        clone(pair.primary, pair.standby)
        yield pair
    finally:
        pair.standby.remove()
        pair.primary.remove()


@dataclass
class Served:
    """Which server answered each read: `standby` or `primary`."""

    by: list[str] = field(default_factory=list)

    def take(self) -> list[str]:
        served, self.by = self.by, []
        return served


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a standby that is well may take its time to connect, and a test may take long."""
    real = standby._options

    def options(url: str) -> dict[str, Any]:
        made = real(url)
        return {**made, "connect_args": {**made["connect_args"], "connect_timeout": int(SECONDS)}}

    monkeypatch.setattr(standby, "_options", options)
    monkeypatch.setattr(standby, "UNAVAILABLE_SECONDS", 3600.0)


@pytest.fixture
def installation(
    request: pytest.FixtureRequest, patient: None, clock: ManualClock, tmp_path: Path
) -> Iterator[Installation]:
    """An installation on the pair, caught up; the test's marker may ask for a pair of its own."""
    pair = request.getfixturevalue("own" if "own" in request.fixturenames else "shared")
    name = f"t{abs(hash(request.node.nodeid)):x}"
    settings = read_settings(
        {
            "SATCHEL_FOLDER": str(tmp_path / "instance"),
            "SATCHEL_DATABASE_URL": pair.primary.create_database(name),
            "SATCHEL_STANDBY_URL": pair.standby.url(name),
        }
    )
    with install(settings, clock) as installation:
        pair.catch_up()
        yield installation
        assert installation.satchel.standby is not None
        installation.satchel.standby.close()


@pytest.fixture
def served(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Served:
    served, reader = Served(), installation.satchel.standby
    assert reader is not None
    real = reader.read

    def read(*arguments: Any) -> Any:
        result = real(*arguments)
        served.by.append("primary" if result is None else "standby")
        return result

    monkeypatch.setattr(reader, "read", read)
    return served
