"""The feed's tables."""

import datetime as dt

from sqlalchemy import BigInteger, Boolean, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.core import KeyText, Model, UtcDateTime

Position = BigInteger().with_variant(Integer, "sqlite")
Sum64 = BigInteger().with_variant(Integer, "sqlite")
"""64 bits that wrap; unsigned on the wire, signed in the database."""


class FeedHead(Model):
    """One row for the whole. Updating it is the lock that makes position order commit order."""

    __tablename__ = "feed_head"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    epoch: Mapped[str] = mapped_column(Text)
    """Identity of one history of positions."""
    lineage: Mapped[str] = mapped_column(Text)
    """PostgreSQL's system identifier and timeline; another one means that the history may have been cut."""
    position: Mapped[int] = mapped_column(Position)


class FeedEpoch(Model):
    """One history of positions: when and why it began, and whether the ERP has been reconciled with it."""

    __tablename__ = "feed_epoch"

    epoch: Mapped[str] = mapped_column(String(40), primary_key=True)
    began_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    cause: Mapped[str] = mapped_column(String(20))
    """first, restore or lineage."""
    lineage: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(Position)
    """Where the feed stood when it began."""
    reconciled_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """Null: what was sent before may be forgotten here, so nothing may be sent."""


class FeedStream(Model):
    """One row per (channel, collection)."""

    __tablename__ = "feed_stream"

    channel: Mapped[str] = mapped_column(KeyText, primary_key=True)
    collection: Mapped[str] = mapped_column(KeyText, primary_key=True)
    head: Mapped[int] = mapped_column(Position)
    """Its newest position; never falls."""
    floor: Mapped[int] = mapped_column(Position, default=0)
    """Below it the tombstones are gone."""
    rows: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """Its live rows."""
    sum: Mapped[int] = mapped_column(Sum64, default=0, server_default="0")
    """The sum of their hashes modulo 2^64."""


class FeedRow(Model):
    """A record in a channel, or the tombstone it left there."""

    __tablename__ = "feed"

    channel: Mapped[str] = mapped_column(KeyText, primary_key=True)
    collection: Mapped[str] = mapped_column(KeyText, primary_key=True)
    key: Mapped[str] = mapped_column(KeyText, primary_key=True)
    position: Mapped[int] = mapped_column(Position)
    body: Mapped[str | None] = mapped_column(Text)
    """The record as it travels (canonical JSON); null for a tombstone."""
    hash: Mapped[int | None] = mapped_column(Sum64)
    """Its row hash (`sync_protocol.checksum`); null for a tombstone."""
    parent: Mapped[str | None] = mapped_column(KeyText)
    """Key of the record it follows, while it lives."""

    __table_args__ = (
        Index("feed_by_position", "channel", "collection", "position"),
        # A live record is in exactly one channel: the database refuses a second.
        Index(
            "feed_live",
            "collection",
            "key",
            unique=True,
            postgresql_where=text("body IS NOT NULL"),
            sqlite_where=text("body IS NOT NULL"),
        ),
        Index(
            "feed_followers",
            "collection",
            "parent",
            postgresql_where=text("body IS NOT NULL"),
            sqlite_where=text("body IS NOT NULL"),
        ),
        # Finds what is old among the few tombstones, without a look at the many live rows.
        Index(
            "feed_tombstones",
            "channel",
            "collection",
            "position",
            postgresql_where=text("body IS NULL"),
            sqlite_where=text("body IS NULL"),
        ),
    )


class FeedSegment(Model):
    """A key range of a stream as a file that all who hear it share. A stream's current ones tile all keys."""

    __tablename__ = "feed_segment"

    channel: Mapped[str] = mapped_column(KeyText, primary_key=True)
    collection: Mapped[str] = mapped_column(KeyText, primary_key=True)
    position: Mapped[int] = mapped_column(Position, primary_key=True)
    """The snapshot it was built from. Segments of one stream and position are one set."""
    key_from: Mapped[str] = mapped_column(KeyText, primary_key=True)
    key_to: Mapped[str | None] = mapped_column(KeyText)
    """Excluded; null: all keys above."""
    sha256: Mapped[str] = mapped_column(String(64))
    """Names the file; two sets share it where a range has not changed."""
    bytes: Mapped[int] = mapped_column(Integer)
    rows: Mapped[int] = mapped_column(Integer)
    built_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """Since when it is not offered any more; devices that were offered it may still fetch it."""

    __table_args__ = (Index("feed_segment_by_name", "sha256"),)


class PositionTime(Model):
    """Where the feed stood at a moment, noted now and then: tells how old a position is."""

    __tablename__ = "feed_position_time"

    position: Mapped[int] = mapped_column(Position, primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class FeedMismatch(Model):
    """A replica that was found to differ from a stream, and what was done about it."""

    __tablename__ = "feed_mismatch"

    device: Mapped[str] = mapped_column(KeyText, primary_key=True)
    position: Mapped[int] = mapped_column(Position, primary_key=True)
    """The head that the replica had seen."""
    channel: Mapped[str] = mapped_column(KeyText, primary_key=True)
    collection: Mapped[str] = mapped_column(KeyText, primary_key=True)
    rep: Mapped[str] = mapped_column(KeyText)
    app_version: Mapped[str | None] = mapped_column(Text)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    """When it was last looked at."""
    stale: Mapped[int] = mapped_column(Integer)
    """Rows that the device had in another form and was sent."""
    missing: Mapped[int] = mapped_column(Integer)
    """Rows that the device lacked and was sent."""
    surplus: Mapped[int] = mapped_column(Integer)
    """Rows that the device had and was told to delete."""
    resynced: Mapped[bool] = mapped_column(Boolean)
    """It differed so much that the device was told to begin the stream again."""

    __table_args__ = (Index("feed_mismatch_by_time", "at"),)
