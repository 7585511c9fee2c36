"""The devices that play the histories: the smallest replica, and the reference device."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from sync_protocol.canonical import digest
from tests.stateful.histories.checks import Content
from tests.unit.sync import mending
from tests.unit.sync.smallest import Smallest

Ask = Callable[[Mapping[str, Any]], Any]
"""`POST /v1/verify`: a question in, the answer decoded."""


class Phone(Protocol):
    """A device under the machine's thumb: every step of a sync by itself, so that it can be cut anywhere."""

    schema: int

    def standing(self) -> Any:
        """Return where it stands; pages and answers are handed over with the standing they were asked at."""

    def wants(self, asked: Any) -> bool:
        """Say whether what was asked for at that standing is still wanted."""

    def cursor(self) -> str | None: ...

    def take_page(self, body: bytes, asked: Any) -> bool:
        """Take in a page if it is still wanted; return whether it was."""

    def offers(self) -> Sequence[Any]:
        """Return what is offered and not applied yet; each has an `name` as `name_of_offer` tells."""

    def name_of_offer(self, offer: Any) -> str: ...

    def take_segment(self, offer: Any, data: bytes) -> bool:
        """Apply a segment; raises whatever it raises for damaged bytes, with nothing changed."""

    def agrees(self) -> bool:
        """Say whether the rows add up to what the last complete page said; a match is durable."""

    def doubts(self) -> bool:
        """Say whether rows may differ because a new epoch began, and are not confirmed yet."""

    def mend(self, ask: Ask) -> None:
        """Verify one round."""

    def begin_anew(self) -> None:
        """Drop the cursor, as after `cursor_invalid`."""

    def content(self) -> Content: ...

    def capture(self, document: Mapping[str, Any]) -> None: ...

    def due(self) -> list[Any]: ...

    def take_results(self, documents: Sequence[Any], results: Sequence[Any]) -> None: ...

    def outbox(self) -> set[str]:
        """Return the ids of the documents it keeps."""


class SmallestPhone:
    """The tests' smallest replica, and an outbox that is a dictionary."""

    def __init__(self, rep: str) -> None:
        self.rep, self.schema = rep, 2
        self.replica = Smallest()
        self.documents: dict[str, Mapping[str, Any]] = {}
        self._due: set[str] = set()
        self._check: Any = None

    def standing(self) -> Any:
        return self.replica.cursor

    def wants(self, asked: Any) -> bool:
        return bool(asked == self.replica.cursor)

    def cursor(self) -> str | None:
        return self.replica.cursor

    def take_page(self, body: bytes, asked: Any) -> bool:
        page = json.loads(body)
        if not self.replica.take_page(page, asked):
            return False
        self._check = page["check"]
        if page["reset"] or asked is None:
            self._due = set(self.documents)
        return True

    def offers(self) -> Sequence[Any]:
        return self.replica.offers

    def name_of_offer(self, offer: Any) -> str:
        return str(offer["sha256"])

    def take_segment(self, offer: Any, data: bytes) -> bool:
        return self.replica.take_segment(offer, data)

    def agrees(self) -> bool:
        if self._check is None or not self.replica.equals(self._check):
            return False
        self.replica.rebased = False
        return True

    def doubts(self) -> bool:
        return self.replica.rebased

    def mend(self, ask: Ask) -> None:
        mending.mend(self.replica, ask, self.schema)

    def begin_anew(self) -> None:
        self.replica.begin_anew()
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
