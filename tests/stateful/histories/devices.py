"""A phone whose pages the test hands over, so that it can delay, repeat and lose them."""

import json
from typing import Any

from backend.database.core import Sessions
from backend.sync.page import Page
from tests.stateful.histories.checks import Content
from tests.stateful.phones import Phone
from tests.unit.sync.replica import Replica


class Device:
    """A phone of rep *rep* that pulls from the server behind *sessions*."""

    def __init__(self, sessions: Sessions, rep: str, phone: Phone) -> None:
        self._server, self.phone = Replica(sessions, rep), phone

    def sync_state(self) -> Any:
        """Return the state with which a page is requested and later received."""
        return self.phone.sync_state()

    def ask(self) -> Page:
        """Request the next page without applying it."""
        self._server.cursor = self.phone.cursor()
        return self._server.ask()

    def receive(self, page: Page, state: Any) -> bool:
        """Apply *page* if the phone is still in *state*; return whether the page is complete."""
        self.phone.apply_page(page.body, state)
        return bool(json.loads(page.body)["complete"])

    def content(self) -> Content:
        """Return the records that the phone shows its rep."""
        return self.phone.content()


def content(replica: Replica) -> Content:
    """Return the records of *replica*."""
    return {ref: row[2] for ref, row in replica.rows.items()}


def sync(device: Device) -> None:
    """Pull until a page says complete."""
    for _ in range(1000):
        state = device.sync_state()
        if device.receive(device.ask(), state):
            return
    raise AssertionError("no page was ever complete")
