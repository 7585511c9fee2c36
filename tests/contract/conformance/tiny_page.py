"""How the tiny device applies a page, and the ways in which it can be told to do so wrongly."""

import copy
from typing import Any

Json = dict[str, Any]


class Trouble(Exception):
    """The sync stops here; nothing of the reply was used."""

    def __init__(self, message: str, status: int = 0, code: str = "", wipe: bool = False) -> None:
        super().__init__(message)
        self.status, self.code, self.wipe = status, code, wipe


def apply(state: Json, page: Json, etag: str | None, faults: frozenset[str]) -> Json:
    """Return *state* after *page*; raises `Trouble` for what is no page."""
    after = state if "whole" in faults else copy.deepcopy(state)
    rows = after["rows"]
    known = {"epoch", "cursor", "complete", "head", "reset", "drop", "changes", "segments", "then", "check"}
    if "unknown" in faults and set(page) - known - {"server_time", "poll_after"}:
        raise Trouble("a field that I do not know")
    other = state["cursor"] is not None and page["epoch"] != state["epoch"]
    if other and not page["reset"] and "epoch" not in faults:
        raise Trouble("another epoch without a reset")
    if page["reset"] or after["fresh"]:
        rows.clear()
        for document in after["docs"].values():
            document["due"] = document["due"] or (document["sent"] and "reset" not in faults)
    if "drop" not in faults:
        _drop(rows, page)
    if "move-gone-first" in faults:
        for change in page["changes"]:
            for position, key in change["gone"]:
                after.setdefault("graves", {})[f"{change['collection']}\t{key}"] = position
    for change in page["changes"]:
        for position, record in change["put"]:
            if not isinstance(position, int) or not isinstance(record, dict):
                raise Trouble("a change that is none")
            _put(after, change, position, record, faults)
    for change in page["changes"]:
        for position, key in change["gone"]:
            _gone(after, change, position, key, faults)
    if "drop" in faults:
        _drop(rows, page, whole_collection=True)
    after.update(cursor=page["cursor"], etag=etag, epoch=page["epoch"], fresh=False)
    return after


def _drop(rows: Json, page: Json, *, whole_collection: bool = False) -> None:
    for channel, collection in page["drop"]:
        for name, row in list(rows.items()):
            if name.split("\t")[0] == collection and (whole_collection or row[0] == channel):
                del rows[name]


def _put(state: Json, change: Json, position: int, record: Json, faults: frozenset[str]) -> None:
    name = f"{change['collection']}\t{record['id']}"
    held = state["rows"].get(name)
    buried = state.get("graves", {}).get(name, 0) if "move-gone-first" in faults else 0
    if buried >= position:
        return
    if held is None or held[1] < position or "newest-wins" in faults:
        state["rows"][name] = [change["channel"], position, record]


def _gone(state: Json, change: Json, position: int, key: str, faults: frozenset[str]) -> None:
    name = f"{change['collection']}\t{key}"
    held = state["rows"].get(name)
    blind = bool({"move-put-first", "move-two-pages"} & faults)
    if held is not None and (held[0] == change["channel"] or blind) and held[1] < position:
        del state["rows"][name]
