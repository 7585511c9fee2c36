"""Steps that the known histories share, and the names of what they play on."""

import json
from collections.abc import Callable
from typing import Any

from tests.stateful.search.state_machine import Histories

NW, SE, REP = "territory:NW", "territory:SE", "R1"
ALL = frozenset[str]()
History = Callable[[Histories], None]


def moved(key: str, territory: str | None) -> list[Any]:
    return [("customers", key, territory, False)]


def deleted(key: str) -> list[Any]:
    return [("customers", key, None, True)]


def complete(company: Histories, rounds: int = 12, rep: str = REP) -> None:
    """Pull, download and repair until the phone of *rep* is complete and verified."""
    for _ in range(rounds):
        if company._pull(rep, None, None):
            return
        company.download(rep=rep, count=20, late=False)
    raise AssertionError("it never became complete")


def dropped(company: Histories, rep: str = REP) -> list[tuple[str, str]]:
    """Return the (channel, collection) pairs that the next page tells the phone of *rep* to drop."""
    phone = company.phones[rep]
    page = json.loads(company.server.pull(rep, phone.cursor(), phone.schema, None))
    return [(channel, collection) for channel, collection in page["drop"]]
