"""What a history needs of a server: the pure model, or ours on SQLite or PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sync_protocol.change import Change, Stream

Json = Mapping[str, Any]


class Refused(Exception):
    """The segment does not exist, or this rep may not read it."""


class Locked(Exception):
    """Another writer holds the feed's lock."""


class Server(Protocol):
    """Every method is its own transaction, except those of an open writer. Bytes are as they travel."""

    def publish(self, changes: Sequence[Change]) -> None: ...

    def assign(self, rep: str, channel: str) -> None: ...

    def unassign(self, rep: str, channel: str) -> None: ...

    def set_role(self, role: str, names: set[str]) -> None: ...

    def push(self, rep: str, documents: Sequence[Json]) -> tuple[list[Any], dict[str, Json]]:
        """Store *documents*; return a result each, and their records in `submissions` by id."""

    def begin(self, changes: Sequence[Change]) -> None:
        """Publish *changes* in a transaction that stays open; raises `Locked` if one is."""

    def commit(self) -> None: ...

    def roll_back(self) -> None: ...

    def pull(self, rep: str, cursor: str | None, schema: int, rows: int | None) -> bytes:
        """Return the page after *cursor*, of about *rows* rows; raises `Behind` of the model."""

    def verify(self, rep: str, question: Json) -> bytes:
        """Answer one step; raises `Behind` and `OtherEpoch` of the model."""

    def segment(self, rep: str, name: str, schema: int) -> bytes:
        """Return the segment's bytes; raises `Refused`."""

    def build(self, stream: Stream, cuts: Sequence[str]) -> None:
        """Build a new set of the stream, with ranges cut at *cuts*, and offer it."""

    def retire(self, stream: Stream) -> None:
        """Retire the set of the stream."""

    def sweep(self) -> None:
        """Delete retired sets, and the files that no set names."""

    def compact(self, horizon: int) -> None:
        """Delete the tombstones at or below *horizon* that may be deleted."""

    def head(self) -> int: ...

    def dump(self) -> Any:
        """Return everything, as a backup does."""

    def load(self, dump: Any) -> None:
        """Restore *dump*, in a new epoch."""

    def standby(self, dump: Any) -> "Server":
        """Return a server that holds *dump* and only answers pulls, verifications and segments."""
