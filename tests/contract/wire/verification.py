"""The chapter of the story with verification: the phone compares its replica with the server."""

from typing import Any

from backend.feed import reading
from backend.feed.changes import live
from sync_protocol.checksum import hash_text, record_hash
from sync_protocol.cursor import decode_cursor
from tests.unit.api.installation import Installation
from tests.unit.sync import company

CUSTOMERS = {"channel": "territory:NW", "collection": "customers"}
WHOLE = {**CUSTOMERS, "from": "", "to": None}


def play(story: Any) -> None:
    """Play it with the cursor that the phone of *story* holds."""

    def check(name: str, description: str, **verification: Any) -> None:
        request = {"cursor": story.cursor, "schema": 1, **verification}
        story.ask(name, description, "POST", "/v1/verify", body=request)

    sums = sums_under(story.installation, story.cursor)
    c1, c3 = (_customer_hash(story.installation, key) for key in ("C1", "C3"))
    stale = hash_text(record_hash("customers", "C3", {"id": "C3"}))
    check("verify-equal", "The checksums of a replica without differences.", sums=sums)
    others = [sum for sum in sums if sum["collection"] != "customers"]
    wrong = {**CUSTOMERS, "count": 2, "sum": hash_text(int(c1, 16) + int(stale, 16))}
    description = "The customers differ; a small stream has a single part."
    check("verify-differs", description, sums=[*others, wrong])
    description = "A range is split, into at most `verify_parts` parts."
    check("verify-split", description, split=[WHOLE])
    description = "Row by row: C3 is stale here, and C7 is not the server's."
    check("verify-rows", description, rows=[{**WHOLE, "rows": [["C1", c1], ["C3", stale], ["C7", c3]]}])
    check("verify-missing", "C3 is missing on the device.", rows=[{**WHOLE, "rows": [["C1", c1]]}])
    description = (
        "Rows of a stream that this rep does not receive and that the cursor does not name: delete them."
    )
    foreign = {"channel": "territory:SE", "collection": "customers", "count": 1, "sum": c1}
    check("verify-drop", description, sums=[*sums, foreign])
    story.stage.publish([company.customer("C3", "NW", name="Customer C3 & Daughters")])
    check("verify-pull-first", "The stream has changed since the cursor; pull first.", sums=sums)


def sums_under(installation: Installation, cursor: str) -> list[dict[str, Any]]:
    """Return the sums of a device that holds everything that *cursor* names."""
    positions = decode_cursor(cursor).marks
    with installation.sessions() as session:
        states = reading.stream_states(session, [channel for channel, _ in positions])
    return [
        {"channel": stream[0], "collection": stream[1], **states[stream].checksum.as_wire()}
        for stream in sorted(positions)
        if states[stream].checksum.count
    ]


def _customer_hash(installation: Installation, key: str) -> str:
    with installation.sessions() as session:
        return hash_text(record_hash("customers", key, live(session, "customers", key)))
