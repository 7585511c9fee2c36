"""What the tiny device knows of its documents: states from the feed, what is due again, what may be deleted."""

import datetime as dt
import json

from tests.contract.conformance.tiny.state import Json

FINAL = ("accepted", "withdrawn", "superseded", "cancelled")
GRACE = dt.timedelta(days=7)


def copy_states(state: Json, ids: list[str], faults: frozenset[str]) -> None:
    """Copy the states of the documents *ids* from the records of `submissions`."""
    for id in ids:
        document, row = state["docs"].get(id), state["rows"].get(f"submissions\t{id}")
        if document is None or row is None:
            continue
        record = row[2]
        if record["sha256"] != json.loads(document["frozen"])["sha256"] and "other-content" not in faults:
            document.update(due=False, mark="suspicious", final_at=None)
            continue
        is_final = record["state"] in FINAL or (record["state"] == "rejected" and record["superseded_by"])
        if "not-final" in faults:
            is_final = True
        if document["mark"] == "suspicious" and "own-content-again" not in faults:
            document["mark"] = None
        document.update(
            stage=record["state"], due=False,
            final_at=(document["final_at"] or state["server_time"]) if is_final else None,
        )  # fmt: skip
        for reference in record["missing"] if "receipt-missing" not in faults else ():
            receipt = state["receipts"].get(reference.removeprefix("sha256:"))
            if receipt is not None:
                receipt.update(place=None, done=False)


def make_due_again(state: Json, page: Json, faults: frozenset[str]) -> None:
    """Make due what a restored server must get again."""
    is_rebase = page["reset"] == "epoch_rebased"
    if ("rebase" if is_rebase else "reset") in faults or (state["fresh"] and "cursor-invalid" in faults):
        return
    is_blind = ("rebase-not-due-again" if is_rebase else "not-due-again") in faults
    is_narrow = ("rebase-due-again" if is_rebase else "due-again") in faults
    for id, document in state["docs"].items():
        stage, is_rejected_for_good = (
            document["stage"],
            document["stage"] == "rejected" and document["final_at"],
        )
        is_out = stage in ("withdrawn", "superseded", "cancelled") or is_rejected_for_good
        is_out = (is_out or document["mark"]) and not is_blind
        is_out = is_out or (document["dismissed"] and "dismissed" not in faults)
        is_out = is_out or (is_narrow and stage not in ("received", "on_device"))
        is_out = is_out or ("results-then-reset" in faults and id in state.get("pushed_now", ()))
        if document["sent"] and not is_out:
            document["due"] = True
            if "seven-days-again" not in faults:
                document["final_at"] = None
    for receipt in state["receipts"].values() if "receipt-reset" not in faults else ():
        receipt.update(place=None, done=False)


def delete_final(state: Json, faults: frozenset[str]) -> None:
    """Delete the documents that have been final for seven days."""
    now = dt.datetime.fromisoformat(state["server_time"])
    for id, document in list(state["docs"].items()):
        if document["final_at"] is None or document["mark"]:
            continue
        grace = dt.timedelta(days=1) if "seven-days" in faults else GRACE
        if now - dt.datetime.fromisoformat(document["final_at"]) >= grace:
            del state["docs"][id]
