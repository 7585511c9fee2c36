"""Signed links: addresses from which a segment may be fetched without a token, for a while, so that a CDN can.

A link is good until the end of the next full period, so that all phones that ask within a period get the
same one and a CDN keeps one copy under it. The signature is an HMAC under a key that is derived from the
installation's own.
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
    """Makes links."""

    def at(self, now: dt.datetime) -> Link:
        """Return what gives the link of a segment as of *now*."""


class Addresses(Protocol):
    """A store from which phones may fetch by themselves."""

    def address(self, name: str, seconds: int) -> str:
        """Return an address that is good for *seconds*."""


class StoreLinks:
    """Links to the store itself, good for *seconds*. Failing at one costs no page."""

    def __init__(self, store: Addresses, seconds: int) -> None:
        self.store, self.seconds = store, seconds

    def at(self, now: dt.datetime) -> Link:
        def link(name: str) -> str | None:
            try:
                return self.store.address(name, self.seconds)
            except StoreFailed as error:
                log.error("no link to the store of segments: %s", error)
                return None

        return link


class SignedLinks:
    """Links to `<base>/v1/segments/<sha256>`, good for one to two periods of *seconds*; none without a base."""

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

    def left(self, name: str, expires: str, signature: str, now: dt.datetime) -> int:
        """Return for how many seconds the link is still good; 0 if it is not, or was not made here."""
        if not (expires.isascii() and expires.isdigit() and len(expires) <= _MAX_DIGITS):
            return 0
        ours = hmac.compare_digest(self._sign(name, expires).encode(), signature.encode())
        return max(0, int(expires) - int(now.timestamp())) if ours else 0

    def _sign(self, name: str, expires: str) -> str:
        digest = hmac.digest(self._key, f"{name}\n{expires}".encode(), "sha256")
        return base64url.encode(digest)
