"""The tables of the feed."""

import datetime as dt

from sqlalchemy import BigInteger, Boolean, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.core import KeyText, Model, UtcDateTime

Position = BigInteger().with_variant(Integer, "sqlite")
Sum64 = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit sum that wraps: unsigned on the wire, signed in the database."""


class FeedHead(Model):
    """One row for the whole feed. Updating it is the lock that makes the order of positions that of commits."""

    __tablename__ = "feed_head"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    epoch: Mapped[str] = mapped_column(Text)
    """The identity of the current history of positions."""
    lineage: Mapped[str] = mapped_column(Text)
    """PostgreSQL's system identifier and timeline; if they change, the last commits may be lost."""
    position: Mapped[int] = mapped_column(Position)


class FeedEpoch(Model):
    """One history of positions: when and why it started, and whether the ERP was reconciled with it."""

    __tablename__ = "feed_epoch"

    epoch: Mapped[str] = mapped_column(String(40), primary_key=True)
    began_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    cause: Mapped[str] = mapped_column(String(20))
    """A value of `positions.EpochCause`: first, restore or lineage."""
    lineage: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(Position)
    """The feed's head when the epoch started."""
    reconciled_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """Null: documents sent before may be unknown here, so nothing may be sent."""
    noticed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When the documents that were not sent were marked, because the ERP may have them; null: not yet."""


class FeedStream(Model):
    """One row per (channel, collection)."""

    __tablename__ = "feed_stream"

    channel: Mapped[str] = mapped_column(KeyText, primary_key=True)
    collection: Mapped[str] = mapped_column(KeyText, primary_key=True)
    head: Mapped[int] = mapped_column(Position)
    """Its newest position, which never falls."""
    floor: Mapped[int] = mapped_column(Position, default=0)
    """Tombstones at or below this position may be deleted."""
    rows: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """The number of its live rows."""
    sum: Mapped[int] = mapped_column(Sum64, default=0, server_default="0")
    """The sum of the hashes of its live rows modulo 2^64."""


class FeedRow(Model):
    """A record in a channel, or the tombstone that it left there."""

    __tablename__ = "feed"

    channel: Mapped[str] = mapped_column(KeyText, primary_key=True)
    collection: Mapped[str] = mapped_column(KeyText, primary_key=True)
    key: Mapped[str] = mapped_column(KeyText, primary_key=True)
    position: Mapped[int] = mapped_column(Position)
    body: Mapped[str | None] = mapped_column(Text)
    """The record as it travels (canonical JSON, RFC 8785); null for a tombstone."""
    hash: Mapped[int | None] = mapped_column(Sum64)
    """The row hash (`sync_protocol.checksum`); null for a tombstone."""
    parent: Mapped[str | None] = mapped_column(KeyText)
    """The key of the record that it follows, or the key by which its collection is found (`found_by`); null for
    a tombstone."""

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
            postgresql_where=text("body IS NOT NULL AND parent IS NOT NULL"),
            sqlite_where=text("body IS NOT NULL AND parent IS NOT NULL"),
        ),
        # Finds old tombstones, which are few, without reading the many live rows.
        Index(
            "feed_tombstones",
            "channel",
            "collection",
            "position",
            postgresql_where=text("body IS NULL"),
            sqlite_where=text("body IS NULL"),
        ),
    )


class FormerRecord(Model):
    """What a record was before it changed, for collections with `former_fields`.

    A document that was captured before the change is compared with it. It is deleted like a tombstone, when no
    phone can have it any more.
    """

    __tablename__ = "feed_former"

    collection: Mapped[str] = mapped_column(KeyText, primary_key=True)
    parent: Mapped[str] = mapped_column(KeyText, primary_key=True)
    """The key by which it is found: `feed.parent`, or the record's own key."""
    key: Mapped[str] = mapped_column(KeyText, primary_key=True)
    position: Mapped[int] = mapped_column(Position, primary_key=True)
    """The feed's position of the change."""
    body: Mapped[str] = mapped_column(Text)
    """The former fields, as JSON."""

    __table_args__ = (Index("feed_former_by_position", "position"),)


class FeedSegment(Model):
    """A key range of a stream as a file that all its subscribers share. The ranges of a set tile all keys."""

    __tablename__ = "feed_segment"

    channel: Mapped[str] = mapped_column(KeyText, primary_key=True)
    collection: Mapped[str] = mapped_column(KeyText, primary_key=True)
    position: Mapped[int] = mapped_column(Position, primary_key=True)
    """The position of the snapshot it was built from. Segments of one stream and position are one set."""
    key_from: Mapped[str] = mapped_column(KeyText, primary_key=True)
    key_to: Mapped[str | None] = mapped_column(KeyText)
    """The end of the range, excluded; null: all keys above."""
    sha256: Mapped[str] = mapped_column(String(64))
    """The name of the file; two sets share it where a range has not changed."""
    bytes: Mapped[int] = mapped_column(Integer)
    rows: Mapped[int] = mapped_column(Integer)
    built_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When it was withdrawn from offer; devices that were offered it may still fetch it."""

    __table_args__ = (Index("feed_segment_by_name", "sha256"),)


class PositionTime(Model):
    """The feed's head at a time, recorded periodically: tells how old a position is."""

    __tablename__ = "feed_position_time"

    position: Mapped[int] = mapped_column(Position, primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class FeedMismatch(Model):
    """A replica that differed from a stream, and how it was repaired."""

    __tablename__ = "feed_mismatch"

    device: Mapped[str] = mapped_column(KeyText, primary_key=True)
    position: Mapped[int] = mapped_column(Position, primary_key=True)
    """The head that the replica had seen."""
    channel: Mapped[str] = mapped_column(KeyText, primary_key=True)
    collection: Mapped[str] = mapped_column(KeyText, primary_key=True)
    rep: Mapped[str] = mapped_column(KeyText)
    app_version: Mapped[str | None] = mapped_column(Text)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    """When the last request of the verification was answered."""
    stale: Mapped[int] = mapped_column(Integer)
    """Rows that the device had in another version; it was sent the current one."""
    missing: Mapped[int] = mapped_column(Integer)
    """Rows that the device lacked; it was sent them."""
    surplus: Mapped[int] = mapped_column(Integer)
    """Rows that do not exist in the stream; the device was told to delete them."""
    resynced: Mapped[bool] = mapped_column(Boolean)
    """Whether it differed so much that the device was told to start the stream again."""

    __table_args__ = (Index("feed_mismatch_by_time", "at"),)
