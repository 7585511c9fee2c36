"""Apply a downloaded segment, completely, in one transaction of its own.

Its rows get the position that the offer states, and replace only rows with a lower one. A row of the same
stream and key range that is at or below that position, and that the segment lacks, had been deleted by then.
"""

from sync_protocol.device.errors import ContractBroken
from sync_protocol.device.failpoint import failpoint
from sync_protocol.device.page import Offer
from sync_protocol.device.store import offers, outbox, replica, rows
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.replica import Applied
from sync_protocol.limits import LIMITS
from sync_protocol.segment import Segment, SegmentDamaged, decode

_IN_RANGE = (
    "SELECT key FROM record WHERE channel = ? AND collection = ? AND key >= ? AND (?4 IS NULL OR key < ?4)"
    " AND position <= ?5"
)


def read(offer: Offer, data: bytes) -> Segment:
    """Return the segment in *data*; raises `ContractBroken` if it is not the one in *offer*."""
    try:
        segment = decode(data, sha256=offer.sha256, most=LIMITS.segment_plain_bytes)
    except SegmentDamaged as error:
        raise ContractBroken(f"segment {offer.sha256} cannot be used: {error}") from None
    if (segment.stream, segment.range) != (offer.stream, offer.range) or len(segment.keys) != offer.rows:
        raise ContractBroken(f"segment {offer.sha256} differs from its offer")
    return segment


def apply(db: Database, offer: Offer, segment: Segment) -> Applied:
    """Apply *segment* if *offer* is still pending; after the last one, `then` becomes the cursor.

    Raises `ContractBroken` for invalid text; nothing of the segment is applied then.
    """
    collection = offer.stream[1]
    with db.writing():
        if not offers.is_pending(db, offer):
            return Applied(False)
        keys = set(segment.keys)
        deleted = [
            (collection, row["key"])
            for row in db.rows(_IN_RANGE, *offer.stream, offer.range.start, offer.range.end, offer.position)
            if row["key"] not in keys
        ]
        gone = db.run_many("DELETE FROM record WHERE collection = ? AND key = ?", deleted)
        failpoint("segment.after_deletes")
        try:
            put = db.run_many(rows.PUT, rows.segment_rows(segment, offer.position))
        except UnicodeEncodeError as error:
            raise ContractBroken(f"segment {offer.sha256} contains invalid text: {error}") from None
        failpoint("segment.after_puts")
        server_time = replica.sync_state(db).server_time
        if collection == "submissions" and server_time:
            outbox.update_states(db, server_time, sorted(keys))
        offers.mark_applied(db, offer)
        db.run("UPDATE sync_state SET verified = 0")
        failpoint("segment.before_then")
        offers.finish(db)
        failpoint("segment.before_commit")
    failpoint("segment.after_commit")
    return Applied(True, put, gone)
