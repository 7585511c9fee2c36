"""What a page is built from: the subscriptions, segments and rows of one snapshot.

Either a session reads them when they are needed, or one statement has read them before (`backend.sync.delta`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session

from backend.feed import segments
from backend.feed.models import FeedSegment
from backend.sync import subscriptions
from backend.sync.page import PageBuilder
from backend.sync.subscriptions import Subscriptions
from sync_protocol.change import Stream
from sync_protocol.cursor import Mark

Offers = Mapping[Stream, Sequence[FeedSegment]]


class PageSource(Protocol):
    """Reads the feed for one page, in one snapshot."""

    def subscriptions(self) -> Subscriptions:
        """Return the head, and the streams that the rep may read; raises `FeedMissing`."""

    def offers(self, streams: Iterable[Stream]) -> Offers:
        """Return the segments on offer of each of *streams* that has some."""

    def add_changes(self, page: PageBuilder, streams: Sequence[tuple[Stream, Mark]]) -> None:
        """Add to *page* the rows of *streams* above their marks, as many as fit."""


@dataclass(frozen=True)
class SessionSource:
    """Reads on a session whose transaction is the page's snapshot.

    Attributes:
        rep: The rep whose streams are read.
        subscribed: The subscriptions of the rep, if they were read in this snapshot already.
    """

    session: Session
    rep: str
    subscribed: Subscriptions | None = None

    def subscriptions(self) -> Subscriptions:
        return self.subscribed or subscriptions.for_rep(self.session, self.rep)

    def offers(self, streams: Iterable[Stream]) -> Offers:
        return segments.on_offer(self.session, streams)

    def add_changes(self, page: PageBuilder, streams: Sequence[tuple[Stream, Mark]]) -> None:
        page.add_streams(self.session, streams)
