"""Links from which a segment may be fetched without a token for a limited time, for example by a CDN.

A signed link names the device that it was made for and the device's version. Each use reads the device's row,
as with a token, so a link ends with the device's access. Otherwise it ends with the next full period; within a
period a phone gets the same link. The signature is an HMAC (RFC 2104) with SHA-256, under a key that is derived
from the installation's refresh secret. After a rotation, links made with the secret before stay valid.
"""

import datetime as dt
import hmac
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode

from backend.identity.authenticators import is_one_of
from backend.identity.key_ring import KeyRing
from backend.identity.principals import Credential
from backend.sync.page import Link, no_link
from backend.sync.segments.store import StoreFailed
from sync_protocol import base64url

log = logging.getLogger(__name__)

_PURPOSE = b"satchel: links to segments, 1"
_MAX_DIGITS = 12
_SIGNED = ("device", "version", "expires")
"""The parameters of a link that its signature covers."""


class Linker(Protocol):
    """A source of links."""

    def at(self, now: dt.datetime, bearer: Credential) -> Link:
        """Return a function that maps a segment's name to its link for *bearer*'s device, from *now* on."""


class Addresses(Protocol):
    """A store from which phones may fetch directly."""

    def address(self, name: str, seconds: int) -> str:
        """Return a URL that is valid for *seconds*."""


MAX_STORE_SECONDS = 300
"""Maximum validity of a link to the store, which cannot ask whether a device has been revoked since."""


class StoreLinks:
    """Links to the store itself, valid for *seconds*. A failure leaves the link out and never fails a page."""

    def __init__(self, store: Addresses, seconds: int) -> None:
        self.store, self.seconds = store, min(seconds, MAX_STORE_SECONDS)

    def at(self, now: dt.datetime, bearer: Credential) -> Link:
        def link(name: str) -> str | None:
            try:
                return self.store.address(name, self.seconds)
            except StoreFailed as error:
                log.error("could not create a link to the segment store: %s", error)
                return None

        return link


@dataclass(frozen=True)
class SignedLink:
    """What a genuine link says; it is a `Credential`."""

    device: str
    version: int
    seconds_left: int
    """How long it is still valid."""
    rep: None = None


class SignedLinks:
    """Links to `<base>/v1/segments/<sha256>`, valid for one to two periods of *seconds*; None without base."""

    def __init__(self, keys: KeyRing, base_url: str, seconds: int) -> None:
        self.base_url, self.seconds = base_url.rstrip("/"), seconds
        self._ring = keys

    def at(self, now: dt.datetime, bearer: Credential) -> Link:
        if not self.base_url:
            return no_link
        key = self._keys(now)[0]
        expires = str((int(now.timestamp()) // self.seconds + 2) * self.seconds)

        parameters = {"device": bearer.device, "version": str(bearer.version), "expires": expires}

        def link(name: str) -> str:
            query = urlencode({**parameters, "signature": _sign(key, name, parameters)})
            return f"{self.base_url}/v1/segments/{name}?{query}"

        return link

    def verify(self, name: str, query: Mapping[str, str], now: dt.datetime) -> SignedLink | None:
        """Return the link to segment *name* with the query *query*; None if it is not valid at *now*."""
        parameters = {parameter: query.get(parameter, "") for parameter in _SIGNED}
        if not (_is_number(parameters["version"]) and _is_number(parameters["expires"])):
            return None
        expected = [_sign(key, name, parameters) for key in self._keys(now)]
        left = int(parameters["expires"]) - int(now.timestamp())
        if left <= 0 or not is_one_of(query.get("signature", ""), expected):
            return None
        return SignedLink(parameters["device"], int(parameters["version"]), left)

    def _keys(self, now: dt.datetime) -> list[bytes]:
        """Return the keys of links that are accepted at *now*; the first one signs."""
        return [hmac.digest(secret, _PURPOSE, "sha256") for secret in self._ring.secrets(now)]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS


def _sign(key: bytes, name: str, parameters: Mapping[str, str]) -> str:
    """Return the signature of a link to the segment *name* with *parameters*."""
    message = json.dumps(["satchel segment 2", name, *(parameters[each] for each in _SIGNED)])
    return base64url.encode(hmac.digest(key, message.encode(), "sha256"))
