"""The report of a device: what it has not sent, and the figures of its syncs. `POST /v1/report`.

It is for the office and for support, and decides nothing: a device that never reports works as before.
"""

from marshmallow import fields

from sync_protocol.fields import Bounded, Count, Flag, Instant, Text, Ulid
from sync_protocol.limits import LIMITS
from sync_protocol.pull import TolerantSchema

MOST_COUNT = 2**40
"""No device has so many bytes or milliseconds; databases store this number."""


class UnsentSchema(TolerantSchema):
    """A document that is on the device and not on the server."""

    id = Ulid(required=True)
    kind = Text(40, required=True)
    captured_at = Instant(required=True)
    """By the device's clock."""
    problem = Text(60, load_default=None, allow_none=True)
    """The error code because of which it is not sent any more; null: it is sent with the next sync."""


class SyncFiguresSchema(TolerantSchema):
    """One sync, from its first request to its last reply."""

    began_at = Instant(required=True)
    """By the device's clock; it names the sync, so a sync that is reported twice is stored once."""
    milliseconds = Count(required=True, most=MOST_COUNT)
    sent = Count(required=True, most=MOST_COUNT)
    """Bytes of request bodies, as compressed in transit."""
    received = Count(required=True, most=MOST_COUNT)
    """Bytes of response bodies, as compressed in transit."""
    rows = Count(required=True, most=MOST_COUNT)
    """Records that were stored or deleted."""
    complete = Flag(required=True)
    """Whether the server had nothing more."""
    problem = Text(60, load_default=None, allow_none=True)
    """The error code that ended it early; null: none."""


class SyncReportSchema(TolerantSchema):
    """`POST /v1/report`: the whole inventory of what is unsent, and the syncs since the last report."""

    app_version = Text(60, required=True)
    platform = Text(120, required=True)
    """Operating system and browser, in words."""
    unsent = Bounded(fields.Nested(UnsentSchema), most=LIMITS.report_unsent, required=True)
    """The oldest first; an empty list says that everything is on the server."""
    unsent_total = Count(required=True, most=1_000_000)
    """How many there are, also beyond those in `unsent`."""
    syncs = Bounded(fields.Nested(SyncFiguresSchema), most=LIMITS.report_syncs, required=True)
