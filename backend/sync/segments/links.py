"""Links from which a segment may be fetched without a token for a limited time, for example by a CDN.

A signed link is valid until the end of the next full period, so that all phones that ask within a period get
the same link and a CDN keeps one copy. The signature is an HMAC (RFC 2104) with SHA-256, under a key that is
derived from the installation's own.
"""

import datetime as dt
import hmac
import logging
from typing import Protocol
from urllib.parse import urlencode

from backend.identity.keys import Keys
from backend.sync.page import Link, no_link
from backend.sync.segments.store import StoreFailed
from sync_protocol import base64url

log = logging.getLogger(__name__)

_PURPOSE = b"satchel: links to segments, 1"
_MAX_DIGITS = 12


class Linker(Protocol):
    """A source of links."""

    def at(self, now: dt.datetime) -> Link:
        """Return a function that maps a segment's name to its link, valid from *now* on."""


class Addresses(Protocol):
    """A store from which phones may fetch directly."""

    def address(self, name: str, seconds: int) -> str:
        """Return a URL that is valid for *seconds*."""


class StoreLinks:
    """Links to the store itself, valid for *seconds*. A failure leaves the link out and never fails a page."""

    def __init__(self, store: Addresses, seconds: int) -> None:
        self.store, self.seconds = store, seconds

    def at(self, now: dt.datetime) -> Link:
        def link(name: str) -> str | None:
            try:
                return self.store.address(name, self.seconds)
            except StoreFailed as error:
                log.error("could not create a link to the segment store: %s", error)
                return None

        return link


class SignedLinks:
    """Links to `<base>/v1/segments/<sha256>`, valid for one to two periods of *seconds*; None without base."""

    def __init__(self, keys: Keys, base_url: str, seconds: int) -> None:
        self.base_url, self.seconds = base_url.rstrip("/"), seconds
        self._key = hmac.digest(keys.refresh_secret, _PURPOSE, "sha256")

    def at(self, now: dt.datetime) -> Link:
        if not self.base_url:
            return no_link
        expires = str((int(now.timestamp()) // self.seconds + 2) * self.seconds)

        def link(name: str) -> str:
            query = urlencode({"expires": expires, "signature": self._sign(name, expires)})
            return f"{self.base_url}/v1/segments/{name}?{query}"

        return link

    def seconds_left(self, name: str, expires: str, signature: str, now: dt.datetime) -> int:
        """Return how many seconds the link is still valid; 0 if it has expired or its signature is wrong."""
        if not (expires.isascii() and expires.isdigit() and len(expires) <= _MAX_DIGITS):
            return 0
        is_genuine = hmac.compare_digest(self._sign(name, expires).encode(), signature.encode())
        return max(0, int(expires) - int(now.timestamp())) if is_genuine else 0

    def _sign(self, name: str, expires: str) -> str:
        digest = hmac.digest(self._key, f"{name}\n{expires}".encode(), "sha256")
        return base64url.encode(digest)
