"""Two devices that must survive the same histories: the tests' minimal replica and the reference device.

Pages are handed over by the test, so that it can delay, repeat and lose them.
"""

import json
from pathlib import Path
from typing import Any, Protocol

from backend.database.core import Sessions
from backend.sync.page import Page
from sync_protocol.device.page import read_page
from sync_protocol.device.store import replica as reference
from sync_protocol.device.store.database import Database
from tests.stateful.histories.checks import Content
from tests.unit.sync.replica import NOW, Replica


class Device(Protocol):
    """What a history needs of a device, which syncs with the server behind `sessions`."""

    sessions: Sessions

    def sync_state(self) -> Any:
        """Return the state with which a page is requested and later received."""

    def ask(self) -> Page:
        """Request the next page without applying it."""

    def receive(self, page: Page, asked: Any) -> bool:
        """Apply *page* if the device is still in that state; return whether the page is complete."""

    def content(self) -> Content:
        """Return the records it shows its rep."""


class MinimalDevice:
    """The replica that the tests of the server use."""

    def __init__(self, sessions: Sessions, rep: str) -> None:
        self.replica = Replica(sessions, rep)

    @property
    def sessions(self) -> Sessions:
        return self.replica.sessions

    @sessions.setter
    def sessions(self, sessions: Sessions) -> None:
        self.replica.sessions = sessions

    def sync_state(self) -> Any:
        return self.replica.cursor

    def ask(self) -> Page:
        return self.replica.ask()

    def receive(self, page: Page, asked: Any) -> bool:
        return bool(self.replica.apply(page, asked)["complete"])

    def content(self) -> Content:
        return content(self.replica)

    def close(self) -> None:
        """Nothing is open."""


class ReferenceDevice:
    """The reference device's replica, in a database file of its own."""

    def __init__(self, sessions: Sessions, rep: str, file: Path) -> None:
        self.sessions = sessions
        self._asker = Replica(sessions, rep)
        self.db = Database(file)

    def sync_state(self) -> Any:
        return reference.sync_state(self.db)

    def ask(self) -> Page:
        self._asker.sessions = self.sessions
        self._asker.cursor = reference.sync_state(self.db).cursor
        return self._asker.ask()

    def receive(self, page: Page, asked: Any) -> bool:
        read = read_page(json.loads(page.body), page.etag)
        reference.apply(self.db, read, asked, NOW.isoformat())
        return read.complete

    def content(self) -> Content:
        rows = self.db.rows("SELECT collection, key, body FROM record")
        return {(row["collection"], row["key"]): json.loads(row["body"]) for row in rows}

    def close(self) -> None:
        """Close the database file."""
        self.db.close()


def content(replica: Replica) -> Content:
    """Return the records that *replica* holds."""
    return {ref: row[2] for ref, row in replica.rows.items()}


def sync(device: Device) -> None:
    """Pull until a page says complete."""
    for _ in range(1000):
        asked = device.sync_state()
        if device.receive(device.ask(), asked):
            return
    raise AssertionError("no page was ever complete")
