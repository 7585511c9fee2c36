"""HTTP: one request at a time; a reply is used only if it is complete and came from the server.

A reply that is not JSON of the right media type did not come from the server: a captive portal answers 200 with
its own page. A compressed body that was cut is an error, not a shorter body.
"""

import gzip
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from sync_protocol.device.connection import Reply
from sync_protocol.device.errors import Damaged, DeviceError, NotOurServer, Offline, Problem
from sync_protocol.device.store.partfile import PartFile
from sync_protocol.dpop import NONCE_HEADER
from sync_protocol.inflate import InflateError, inflate
from sync_protocol.limits import MIB
from sync_protocol.loopback import is_loopback
from sync_protocol.segment import MEDIA_TYPE
from sync_protocol.strict_json import NotStrictJson, decode

MAX_REPLY_BYTES = 16 * MIB
"""Largest reply, before and after it is inflated; a page has at most 4 MiB of rows, and one more row."""
MAX_REPLY_VALUES = 2_000_000
"""Most values and names in a reply."""
GZIP_ABOVE = 1024
_PROXY_STATUSES = (413, 429)
"""A proxy sends these too, with its own body, and they mean the same."""
_SEGMENT_TYPES = (MEDIA_TYPE, "application/octet-stream", "binary/octet-stream")
"""Media types of a segment; object stores send the last two when no type was stored."""
TIMEOUT = httpx.Timeout(60.0, connect=15.0)


class Transport:
    """A connection to one server. `received` and `sent` count the bytes of bodies, as compressed in transit.

    *on_reply* gets the JSON of each successful reply, and its header `Date`. `nonce` is the server's newest
    nonce for proofs, or None.
    """

    def __init__(
        self,
        server: str,
        *,
        http: httpx.BaseTransport | None = None,
        on_reply: Callable[[Any, str], None] = lambda value, date: None,
    ) -> None:
        self.server = server.rstrip("/")
        self._on_reply = on_reply
        self._client = httpx.Client(
            base_url=self.server,
            transport=http,
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=http is None,
        )
        self.received = 0
        self.sent = 0
        self.nonce: str | None = None

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        bare: bool = False,
    ) -> Reply:
        """Send one request.

        Args:
            method: The HTTP method.
            path: The path on the server.
            params: The query.
            headers: Further headers.
            content: JSON; sent with gzip if it is large. With *bare* any bytes, sent as they are.
            bare: *headers* name the type of *content*, and a success needs no JSON body (tus).

        Raises `Offline`, `NotOurServer`, `Damaged`, or `Problem` for every status from 400 on.
        """
        sent = {"Accept": "application/json, application/problem+json", "Accept-Encoding": "gzip"}
        if content is not None and not bare:
            sent["Content-Type"] = "application/json"
            if len(content) > GZIP_ABOVE:
                content = gzip.compress(content, 6, mtime=0)
                sent["Content-Encoding"] = "gzip"
        sent.update(headers or {})
        with self._streaming(method, path, params=params, headers=sent, content=content) as response:
            reply = self._reply(response, bare, method)
        self._on_reply(reply.value, reply.headers.get("date", ""))
        return reply

    def download(
        self,
        where: str,
        part: PartFile,
        *,
        headers: Mapping[str, str] | None = None,
        on_piece: Callable[[int], None] = lambda size: None,
    ) -> None:
        """Append the missing bytes of *part* from *where*: a path on the server, or a complete address.

        When the connection breaks, the bytes that have arrived stay; the next call continues after them. If the
        server does not have the missing range (416), *part* is deleted. Raises the errors of `request`. The
        caller must check that the bytes are the right ones.
        """
        sent = {
            "Accept": f"{MEDIA_TYPE}, application/problem+json",
            # Ranges count the bytes as they are stored.
            "Accept-Encoding": "identity",
            **(headers or {}),
            **part.range_headers(),
        }
        link = safe_link(self.server, where)
        if link is None:
            raise NotOurServer(f"{where} is not a safe address to fetch from")
        with self._streaming("GET", link, headers=sent) as response:
            if response.status_code == 416:
                part.delete()
                return
            if response.status_code not in (200, 206):
                self._reply(response, bare=False, method="GET")
                raise NotOurServer(f"{where} answered {response.status_code} instead of a segment")
            media = _media(response.headers)
            if (
                media not in _SEGMENT_TYPES
                or response.headers.get("content-encoding", "identity") != "identity"
            ):
                raise NotOurServer(f"{where} answered with {media or 'no media type'} instead of a segment")
            with part.writing(response.status_code, response.headers) as write:
                for piece in response.iter_raw():
                    self.received += len(piece)
                    write(piece)
                    on_piece(len(piece))

    @contextmanager
    def _streaming(self, method: str, where: str, **more: Any) -> Iterator[httpx.Response]:
        try:
            with self._client.stream(method, where, **more) as response:
                self.sent += len(more.get("content") or b"")
                yield response
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Offline(f"the server {self.server} cannot be reached: {error}", sent=False) from None
        except httpx.TransportError as error:
            name = str(error) or type(error).__name__
            raise Offline(f"the connection to {self.server} broke: {name}", sent=True) from None

    def _reply(self, response: httpx.Response, bare: bool, method: str) -> Reply:
        status, headers = response.status_code, response.headers
        if 300 <= status < 400 and status != 304:
            raise NotOurServer(f"{self.server} answered with a redirect")
        self.nonce = headers.get(NONCE_HEADER, self.nonce)
        raw = bytearray()
        for piece in response.iter_raw():
            self.received += len(piece)
            raw += piece
            if len(raw) > MAX_REPLY_BYTES:
                raise Damaged(f"the reply has more than {MAX_REPLY_BYTES} bytes")
        body = self._inflate(bytes(raw), headers.get("content-encoding", ""))
        if status < 400 and (status in (204, 304) or method == "HEAD" or (bare and not body)):
            return Reply(status, headers, None)
        if status >= 400 and method == "HEAD":
            # A reply to HEAD has no body; the server repeats the error code in a header.
            raise Problem(status, {"code": headers.get("satchel-error", "")}, _retry_after(headers))
        if status in _PROXY_STATUSES or (500 <= status != 511 and not _is_problem(headers)):
            raise Problem(status, _lenient(body, headers), _retry_after(headers))
        value = self._json(body, status, headers)
        if status >= 400:
            raise Problem(status, value if isinstance(value, dict) else {}, _retry_after(headers))
        return Reply(status, headers, value)

    def _inflate(self, raw: bytes, coding: str) -> bytes:
        if coding in ("", "identity") or not raw:
            return raw
        if coding != "gzip":
            raise Damaged(f"the reply has the content coding {coding}, which was not requested")
        try:
            return inflate([raw], MAX_REPLY_BYTES)
        except InflateError as error:
            raise Damaged(f"the reply's gzip data {error}") from None

    def _json(self, body: bytes, status: int, headers: Mapping[str, str]) -> Any:
        media = _media(headers)
        expected_type = "application/json" if status < 400 else "application/problem+json"
        if media != expected_type:
            raise NotOurServer(
                f"{self.server} answered {status} with {media or 'no media type'} instead of {expected_type}"
            )
        try:
            return decode(body, values=MAX_REPLY_VALUES)
        except NotStrictJson:
            raise Damaged("the reply was cut in transit: it is not complete JSON") from None

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def _is_problem(headers: Mapping[str, str]) -> bool:
    return _media(headers) == "application/problem+json"


def _lenient(body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    try:
        value = decode(body, values=MAX_REPLY_VALUES) if _is_problem(headers) else {}
    except NotStrictJson:
        value = {}
    return value if isinstance(value, dict) else {}


def _media(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _retry_after(headers: Mapping[str, str]) -> int | None:
    """Return Retry-After in seconds; a date is ignored, because the device's clock may be wrong."""
    text = headers.get("retry-after", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else None


def checked_server(url: str, *, allow_http: bool = False) -> str:
    """Return *url* as the address of a server; raises `DeviceError` if it is unsafe.

    Plain http is allowed for this machine only, unless *allow_http* says that the network is trusted.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise DeviceError(f"{url!r} is not the address of a server; write it like https://satchel.example.com")
    if parts.scheme == "http" and not allow_http and not is_loopback(parts.hostname):
        raise DeviceError(f"{url} is not encrypted; use https, or allow http on a network that you trust")
    return url.rstrip("/")


def safe_link(server: str, url: str) -> str | None:
    """Return *url*, which *server* sent, as a complete address, or None if fetching from it is unsafe.

    It must be https, or have the same scheme and host as the server. A path is one on the server.
    """
    try:
        address = urljoin(f"{server}/", url)
        parts = urlsplit(address)
        same = (parts.scheme, parts.netloc) == urlsplit(server)[:2]
        return address if parts.hostname and (parts.scheme == "https" or same) else None
    except ValueError:
        return None
