"""What the scripted server plays: a script, or the model of a feed.

Separate from `scripted_server`, because the sources know nothing of HTTP.
"""

from typing import Any, Protocol

Json = dict[str, Any]


class Source(Protocol):
    """The records of one rep, by cursor. The shapes are those of `sync_protocol.pull` and `.verify`."""

    def page_after(self, cursor: str | None) -> Json:
        """Return the page that follows *cursor* (None: the first page); raises `CursorInvalid`."""
        ...

    def unchanged_since(self, cursor: str) -> bool:
        """Return whether a device with *cursor* already has everything; raises `CursorInvalid`."""
        ...

    def verify(self, request: Json) -> Json:
        """Return the reply to one step of a verification; raises `CursorInvalid`."""
        ...
