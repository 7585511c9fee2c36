"""Access to segments: a device may fetch a file that any of its streams offers or has retired.

Separate from the endpoint, because it is SQL about the feed and knows nothing of HTTP.
"""

from sqlalchemy import bindparam, select

from backend.database.snapshot_reads import ReadConnection
from backend.feed.models import FeedSegment
from backend.identity import access, principals
from backend.identity.principals import Credential, Principal
from backend.sync.subscriptions import DEVICE
from sync_protocol.fields import Sha256

_HAS_NAME = FeedSegment.sha256 == bindparam("name")
_FOR_DEVICE = select(
    DEVICE.principal, FeedSegment.channel, FeedSegment.collection, FeedSegment.bytes
).select_from(
    DEVICE.principal.outerjoin(
        DEVICE.channels.join(FeedSegment, FeedSegment.channel == DEVICE.channels.c.channel),
        _HAS_NAME & DEVICE.role_allows(FeedSegment.collection),
    )
)


def size_for(connection: ReadConnection, token: Credential, name: str) -> tuple[Principal, int | None]:
    """Return the principal of *token*, and the size in bytes of the segment *name*; None if it has no access.

    On *connection* each statement is a snapshot of its own. Raises what `principals.check` raises.
    """
    if not Sha256.pattern.fullmatch(name):
        return principals.read(connection, token), None
    rows = connection.execute(_FOR_DEVICE, {"device": token.device, "name": name}).all()
    principal = principals.check(rows[0] if rows else None, token)
    readable = (
        row
        for row in rows
        if row.channel is not None and access.supported(row.channel, row.collection, access.ANY_SCHEMA)
    )
    return principal, next((int(row.bytes) for row in readable), None)
