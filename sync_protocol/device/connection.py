"""The connection to the server, as `sync` uses it and `session` provides it.

Both packages import these types. So `sync` does not depend on tokens and HTTP, and tests replace the network
by plain functions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sync_protocol.device.store.partfile import PartFile


@dataclass(frozen=True)
class Reply:
    """A complete reply that came from the server. *value* is its decoded JSON, or None if it has no body."""

    status: int
    headers: Mapping[str, str]
    value: Any


Send = Callable[..., Reply]
"""`Session.request`: `send(method, path, *, params, headers, content, bare)`."""


class Fetch(Protocol):
    """`Session.download`: append the missing bytes of a file.

    With *token*, *where* is a path on the server. Without it, *where* may be any address, and gets no token.
    """

    def __call__(self, where: str, part: PartFile, *, on_piece: Callable[[int], None], token: bool) -> None: ...
