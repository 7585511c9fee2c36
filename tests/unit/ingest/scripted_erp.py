"""An ERP in memory: a log of changes that is read by keyset, and a list of what exists."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backend.erp.errors import ErpError
from backend.erp.records import Capabilities, Health, ReadPage
from backend.erp.rows import BadRow, RawRow


@dataclass
class ScriptedErp:
    """Answers `read` from *log*; hooks let a test step in between."""

    collections: tuple[str, ...] = ("units", "customers")
    lists: frozenset[str] = frozenset({"units", "customers"})
    name: str = "scripted"
    page: int = 2
    log: dict[str, list[Mapping[str, Any] | str | BadRow]] = field(default_factory=dict)
    """Per collection: records, keys that are gone, and bad rows, in the order in which they happened."""
    exists: dict[str, set[str]] = field(default_factory=dict)
    silently: dict[str, dict[str, Mapping[str, Any] | BadRow]] = field(default_factory=dict)
    """Per collection and key: what a record has become without the log saying so."""
    snapshots: bool = False
    lines: bool = False
    """Whether a record's source row is named by its line in a file, not by the record's key."""
    error: ErpError | None = None
    before_answer: Callable[[str], None] = lambda call: None
    calls: list[str] = field(default_factory=list)

    def say(self, collection: str, *entries: Mapping[str, Any] | str | BadRow) -> None:
        """Let *entries* happen in the ERP."""
        self.log.setdefault(collection, []).extend(entries)
        keys = self.exists.setdefault(collection, set())
        for entry in entries:
            if isinstance(entry, str):
                keys.discard(entry)
            elif isinstance(entry, BadRow):
                keys.add(entry.external_id)
            else:
                keys.add(str(entry["id"]))

    def vanish(self, collection: str, *keys: str) -> None:
        """Delete without a trace in the log, as ERPs do."""
        self.exists[collection] -= set(keys)

    def capabilities(self) -> Capabilities:
        self._answer("capabilities")
        return Capabilities(self.collections, frozenset(), frozenset(), self.lists, 30.0)

    def check(self) -> Health:
        return Health("1", None)

    def read(self, collection: str, watermark: str | None, limit: int) -> ReadPage:
        self._answer(f"read {collection}")
        start = int(watermark or 0)
        entries = self.log.get(collection, [])[start : start + self.page]
        changed = self.silently.get(collection, {})
        entries = [e if isinstance(e, str) else changed.get(_key(e), e) for e in entries]
        end = start + len(entries)
        more = end < len(self.log.get(collection, []))
        records = tuple(e for e in entries if isinstance(e, Mapping))
        sources = [RawRow(f"{collection}.csv:{n}", record) for n, record in enumerate(records)]
        return ReadPage(
            records=records,
            sources=tuple(sources) if self.lines else (),
            watermark=str(end),
            more=more,
            gone=tuple(e for e in entries if isinstance(e, str)),
            bad=tuple(e for e in entries if isinstance(e, BadRow)),
            complete_listing=self.snapshots and not more and bool(entries),
        )

    def reread(self, collection: str, keys: Sequence[str]) -> ReadPage:
        self._answer(f"reread {collection}")
        now: dict[str, Mapping[str, Any] | BadRow] = {}
        for entry in self.log.get(collection, []):
            if isinstance(entry, str):
                now.pop(entry, None)
            else:
                now[_key(entry)] = entry
        now |= self.silently.get(collection, {})
        records = [now[key] for key in keys if key in now]
        return ReadPage(
            records=tuple(e for e in records if isinstance(e, Mapping)), watermark="", more=False,
            gone=tuple(key for key in keys if key not in now),
            bad=tuple(e for e in records if isinstance(e, BadRow)),
        )  # fmt: skip

    def keys(self, collection: str) -> Iterable[str]:
        listed = set(self.exists.get(collection, set()))
        self._answer(f"keys {collection}")
        return listed

    def close(self) -> None:
        pass

    def _answer(self, call: str) -> None:
        self.calls.append(call)
        self.before_answer(call)
        if self.error is not None:
            raise self.error


def _key(entry: Mapping[str, Any] | BadRow) -> str:
    return entry.external_id if isinstance(entry, BadRow) else str(entry["id"])


def unit(id: str, name: str = "piece", **fields: Any) -> dict[str, Any]:
    """A unit, which every rep hears."""
    return {"id": id, "name": name, "symbol": id, "category": "unit", "factor": "1", "decimals": 0, **fields}


def stock(id: str, available: str, as_of: str) -> dict[str, Any]:
    """A stock level of warehouse W1."""
    return {
        "id": id, "product_id": "P1", "warehouse_id": "W1", "unit": "pc", "on_hand": available,
        "reserved": "0", "available": available, "incoming": [], "as_of": as_of,
    }  # fmt: skip
