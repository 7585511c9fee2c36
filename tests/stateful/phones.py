"""The devices that play the histories: the minimal replica, and the reference device."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from sync_protocol.canonical import digest
from tests.stateful.histories.checks import Content
from tests.unit.sync import repair
from tests.unit.sync.minimal_replica import MinimalReplica

Ask = Callable[[Mapping[str, Any]], Any]
"""`POST /v1/verify`: takes a request and returns the decoded reply."""


class Phone(Protocol):
    """A device that the state machine controls: each step of a sync is separate, so it can stop anywhere."""

    schema: int

    def sync_state(self) -> Any:
        """Return the state with which pages and replies are requested and later received."""

    def accepts(self, state: Any) -> bool:
        """Return whether a reply requested in the state *asked* may still be applied."""

    def cursor(self) -> str | None: ...

    def apply_page(self, body: bytes, state: Any) -> bool:
        """Apply a page if it may still be applied; return whether it was."""

    def offers(self) -> Sequence[Any]:
        """Return the offers that are not applied yet."""

    def name_of_offer(self, offer: Any) -> str: ...

    def apply_segment(self, offer: Any, data: bytes) -> bool:
        """Apply a segment; for damaged bytes it raises and changes nothing."""

    def matches_check(self) -> bool:
        """Return whether the rows match the checksum of the last complete page; a match is durable."""

    def is_unconfirmed(self) -> bool:
        """Return whether rows may differ because of a new epoch, and are not confirmed yet."""

    def repair(self, ask: Ask) -> None:
        """Verify one round."""

    def start_again(self) -> None:
        """Drop the cursor, as after `cursor_invalid`."""

    def content(self) -> Content: ...

    def capture(self, document: Mapping[str, Any]) -> None: ...

    def due(self) -> list[Any]: ...

    def take_results(self, documents: Sequence[Any], results: Sequence[Any]) -> None: ...

    def outbox(self) -> set[str]:
        """Return the ids of the documents it keeps."""


class MinimalPhone:
    """The tests' minimal replica, and an outbox that is a dictionary."""

    def __init__(self, rep: str) -> None:
        self.rep, self.schema = rep, 2
        self.replica = MinimalReplica()
        self.documents: dict[str, Mapping[str, Any]] = {}
        self._due: set[str] = set()
        self._check: Any = None

    def sync_state(self) -> Any:
        return self.replica.cursor

    def accepts(self, state: Any) -> bool:
        return bool(state == self.replica.cursor)

    def cursor(self) -> str | None:
        return self.replica.cursor

    def apply_page(self, body: bytes, state: Any) -> bool:
        page = json.loads(body)
        if not self.replica.apply_page(page, state):
            return False
        self._check = page["check"]
        if page["reset"] or state is None:
            self._due = set(self.documents)
        return True

    def offers(self) -> Sequence[Any]:
        return self.replica.offers

    def name_of_offer(self, offer: Any) -> str:
        return str(offer["sha256"])

    def apply_segment(self, offer: Any, data: bytes) -> bool:
        return self.replica.apply_segment(offer, data)

    def matches_check(self) -> bool:
        if self._check is None or not self.replica.equals(self._check):
            return False
        self.replica.rebased = False
        return True

    def is_unconfirmed(self) -> bool:
        return self.replica.rebased

    def repair(self, ask: Ask) -> None:
        repair.repair_replica(self.replica, ask, self.schema)

    def start_again(self) -> None:
        self.replica.start_again()
        self._check = None
        self._due = set(self.documents)

    def content(self) -> Content:
        return {ref: row[2] for ref, row in self.replica.rows.items()}

    def capture(self, document: Mapping[str, Any]) -> None:
        self.documents[document["id"]] = document
        self._due.add(document["id"])

    def due(self) -> list[Any]:
        return [self.documents[id] for id in sorted(self._due)]

    def take_results(self, documents: Sequence[Any], results: Sequence[Any]) -> None:
        self._due -= {result["id"] for result in results}

    def outbox(self) -> set[str]:
        return set(self.documents)


def document_of(id: str, canary: str) -> dict[str, Any]:
    """Return a document of a kind that no server knows: it is kept for the office, whatever is in it."""
    body = {"canary": canary}
    return {
        "id": id, "kind": "note", "captured_at": "2026-11-23T08:00:00Z", "zone": "UTC", "schema": 1,
        "body": body, "sha256": digest(body),
    }  # fmt: skip
