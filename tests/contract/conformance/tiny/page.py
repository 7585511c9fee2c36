"""How the tiny device applies a page, and the ways in which it can be told to do so wrongly."""

import copy
from typing import Any

from tests.contract.conformance.tiny.documents import copy_states, make_due_again
from tests.contract.conformance.tiny.state import Json, Trouble

KNOWN = {
    "epoch", "cursor", "complete", "head", "reset", "drop", "changes", "segments", "then", "check",
    "server_time", "poll_after",
}  # fmt: skip


def apply(state: Json, page: Json, etag: str | None, faults: frozenset[str]) -> Json:
    """Return *state* after *page*; raises `Trouble` for what is no page."""
    after = state if "whole" in faults else copy.deepcopy(state)
    _check(state, page, faults)
    _reset(after, page, faults)
    if "drop" not in faults:
        _drop(after, page)
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
        _drop(after, page, whole_collection=True)
    after.update(
        cursor=page["cursor"], etag=etag, epoch=page["epoch"], fresh=False, server_time=page["server_time"],
        check=page["check"], verified=False, offers=page["segments"], then=page["then"],
    )  # fmt: skip
    came = [r["id"] for c in page["changes"] if c["collection"] == "submissions" for _, r in c["put"]]
    if page["reset"] and "rebase-due-again" in faults:
        came = [name.split("\t")[1] for name in after["rows"] if name.startswith("submissions\t")]
    copy_states(after, came, faults)
    return after


def _check(state: Json, page: Json, faults: frozenset[str]) -> None:
    if "unknown" in faults and set(page) - KNOWN:
        raise Trouble("a field that I do not know")
    is_other_epoch = state["cursor"] is not None and page["epoch"] != state["epoch"]
    if is_other_epoch and not page["reset"] and "epoch" not in faults:
        raise Trouble("another epoch without a reset")
    if page["complete"] and page["check"] is None and "without-check" not in faults:
        raise Trouble("a complete page without check")
    if page["segments"] and page["then"] is None and "without-then" not in faults:
        raise Trouble("segments without then")


def _reset(state: Json, page: Json, faults: frozenset[str]) -> None:
    is_first = state["cursor"] is None and "enrol-again" not in faults
    if page["reset"] or state["fresh"] or is_first:
        make_due_again(state, page, faults)
    if page["reset"] == "epoch_changed" or state["fresh"] or (page["reset"] and "rebase" in faults):
        state["rows"].clear()
    elif page["reset"] and "rebase-positions" not in faults:
        for row in state["rows"].values():
            row[1] = page["head"]
    if page["reset"] or state["fresh"]:
        state["applied"] = []


def _drop(state: Json, page: Json, *, whole_collection: bool = False) -> None:
    for channel, collection in page["drop"]:
        for name, row in list(state["rows"].items()):
            if name.split("\t")[0] == collection and (whole_collection or row[0] == channel):
                del state["rows"][name]
        state["applied"] = [a for a in state["applied"] if a[:2] != [channel, collection]]


def _put(state: Json, change: Json, position: int, record: Json, faults: frozenset[str]) -> None:
    name = f"{change['collection']}\t{record['id']}"
    row = state["rows"].get(name)
    buried = state.get("graves", {}).get(name, 0) if "move-gone-first" in faults else 0
    if buried >= position:
        return
    is_equal = row is not None and row[1] == position and "equal-position" in faults
    if row is None or row[1] < position or is_equal or "newest-wins" in faults:
        state["rows"][name] = [change["channel"], position, record]


def _gone(state: Json, change: Json, position: int, key: str, faults: frozenset[str]) -> None:
    name = f"{change['collection']}\t{key}"
    row: Any = state["rows"].get(name)
    is_blind = bool({"move-put-first", "move-two-pages"} & faults)
    if row is not None and (row[0] == change["channel"] or is_blind) and row[1] < position:
        del state["rows"][name]
