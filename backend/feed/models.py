"""The feed's tables."""

from sqlalchemy import BigInteger, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db import KeyText, Model

Position = BigInteger().with_variant(Integer, "sqlite")


class FeedHead(Model):
    """One row for the whole. Updating it is the lock that makes position order commit order."""

    __tablename__ = "feed_head"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    epoch: Mapped[str] = mapped_column(Text)
    """Identity of one history of positions."""
    lineage: Mapped[str] = mapped_column(Text)
    """PostgreSQL's system identifier and timeline; another one means that the history may have been cut."""
    position: Mapped[int] = mapped_column(Position)


class FeedStream(Model):
    """One row per (channel, collection)."""

    __tablename__ = "feed_stream"

    channel: Mapped[str] = mapped_column(KeyText, primary_key=True)
    collection: Mapped[str] = mapped_column(KeyText, primary_key=True)
    head: Mapped[int] = mapped_column(Position)
    """Its newest position; never falls."""
    floor: Mapped[int] = mapped_column(Position, default=0)
    """Below it the tombstones are gone."""


class FeedRow(Model):
    """A record in a channel, or the tombstone it left there."""

    __tablename__ = "feed"

    channel: Mapped[str] = mapped_column(KeyText, primary_key=True)
    collection: Mapped[str] = mapped_column(KeyText, primary_key=True)
    key: Mapped[str] = mapped_column(KeyText, primary_key=True)
    position: Mapped[int] = mapped_column(Position)
    body: Mapped[str | None] = mapped_column(Text)
    """The record as it travels (canonical JSON); null for a tombstone."""
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
    )
