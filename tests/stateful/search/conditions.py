"""What the machine needs around it: databases that need not be durable, small pages, newer collections."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.database.core import Sessions
from backend.sync import pull, verify
from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.device.sync import verify as device_verify
from tests.databases import engine_of, make_tables, prepared
from tests.services import PostgresServer
from tests.stateful.histories.world import NEWER
from tests.stateful.search.real import RealServer, careless
from tests.unit.sync import repair

MakeServer = Callable[[], RealServer]
FEW = 2
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")
NAMES = (f"search_primary_{WORKER}", f"search_standby_{WORKER}")


@contextmanager
def small() -> Iterator[None]:
    """Pages may be as small as one row, ranges as small as two, and some collections are newer."""
    few = replace(repair.LIMITS, verify_rows=FEW, verify_parts=FEW)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(pull, "LIMITS", replace(pull.LIMITS, page_bytes_least=1))
        for module in (repair, verify, device_verify):
            monkeypatch.setattr(module, "LIMITS", few)
        for name, since in NEWER.items():
            monkeypatch.setitem(COLLECTIONS, name, replace(COLLECTIONS[name], since=since))
        yield


@contextmanager
def sqlite_servers(folder: Path) -> Iterator[MakeServer]:
    """A maker of servers on SQLite, emptied: a fresh schema for every history would take most of the time."""
    template = folder / "tables.sqlite"
    make_tables(f"sqlite:///{template}")

    def database(name: str) -> Sessions:
        shutil.copyfile(template, folder / name)
        return careless(prepared(f"sqlite:///{folder / name}"))

    with _servers(*(database(f"{name}.sqlite") for name in NAMES)) as make:
        yield make


@contextmanager
def postgres_servers(server: PostgresServer) -> Iterator[MakeServer]:
    """The same on two databases of *server*."""
    for name in NAMES:
        server.drop_database(name)
    with _servers(*(prepared(server.create_database(name)) for name in NAMES)) as make:
        yield make
    for name in NAMES:
        server.drop_database(name)


@contextmanager
def _servers(primary: Any, standby: Any) -> Iterator[MakeServer]:
    made: list[RealServer] = []

    def abandon() -> None:
        if made and made[-1].is_open:
            made[-1].roll_back()  # the history before this one failed in the middle

    def make() -> RealServer:
        abandon()
        made[:] = [RealServer(primary, lambda: standby)]
        return made[-1]

    try:
        yield make
    finally:
        abandon()
        for maker in (primary, standby):
            engine_of(maker).dispose()
