"""Who may have a segment: whoever hears a stream that has one of this name, on offer or retired."""

from sqlalchemy import bindparam, select

from backend.database.snapshot_reads import ReadConnection
from backend.feed.models import FeedSegment
from backend.identity import access, principals
from backend.identity.principals import Principal
from backend.identity.tokens import Claims
from backend.sync.subscriptions import DEVICE
from sync_protocol.fields import Sha256

_NAMED = FeedSegment.sha256 == bindparam("name")
_TO_ANYBODY = select(FeedSegment.bytes).where(_NAMED)
_TO_SPEAKER = select(DEVICE.row, FeedSegment.channel, FeedSegment.collection, FeedSegment.bytes).select_from(
    DEVICE.row.outerjoin(
        DEVICE.channels.join(FeedSegment, FeedSegment.channel == DEVICE.channels.c.channel),
        _NAMED & DEVICE.role_allows(FeedSegment.collection),
    )
)


def size_for(connection: ReadConnection, claims: Claims, name: str) -> tuple[Principal, int | None]:
    """Return who *claims* speak for, and the bytes of the segment *name* if they may have it, else None.

    On *connection* each statement is a snapshot of its own. Raises what `principals.judge` raises.
    """
    if not Sha256.pattern.fullmatch(name):
        return principals.read(connection, claims), None
    rows = connection.execute(_TO_SPEAKER, {"device": claims.device, "name": name}).all()
    principal = principals.check(rows[0] if rows else None, claims)
    heard = (
        row
        for row in rows
        if row.channel is not None and access.supported(row.channel, row.collection, access.ANY_SCHEMA)
    )
    return principal, next((int(row.bytes) for row in heard), None)


def size(connection: ReadConnection, name: str) -> int | None:
    """Return the bytes of the segment *name*, None if there is none; for whoever shows a link that is good."""
    if not Sha256.pattern.fullmatch(name):
        return None
    rows = connection.execute(_TO_ANYBODY, {"name": name}).all()
    return int(rows[0].bytes) if rows else None
