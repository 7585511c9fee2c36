"""One request and one bounded reply. All network errors are turned into `ErpError` here.

The class of an error depends on one question: can Tryton have executed the call? If the request was not sent,
or Tryton reports that it did not start, it is TRANSIENT. Otherwise a write is UNKNOWN; a read is TRANSIENT,
because it can be repeated without harm.
"""

import datetime as dt
import email.utils
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from backend.connectors.tryton.deadline import within
from backend.connectors.tryton.errors import InvalidReply
from backend.erp.errors import ErpError, ErrorClass
from sync_protocol.inflate import InflateError, inflate

MAX_BYTES = 16 * 1024 * 1024
"""Largest reply that is read, before and after decompression: a page of many rows."""
MAX_WRITTEN_BYTES = 1024 * 1024
"""The same for a writing call, whose reply is a number or a refusal."""


@dataclass(frozen=True)
class Reply:
    """Status, headers and body of one reply."""

    status: int
    headers: httpx.Headers
    body: bytes


class Broken(Exception):
    """The reply cannot be used: too large, cut off, or not encoded as its headers say."""


def longest(seconds: float) -> float:
    """Return the longest duration of an exchange in seconds if each wait lasts at most *seconds*."""
    return 2 * seconds


def post(
    client: httpx.Client, url: str, body: bytes, headers: dict[str, str], *, writes: bool, seconds: float
) -> Reply:
    """Send *body* and return the reply, whatever its status. Raises `ErpError`.

    Each wait for the network lasts at most *seconds*, and the exchange at most `longest(seconds)`. Otherwise a
    server that sends one byte per minute would block a worker.
    """
    most = min(MAX_BYTES, MAX_WRITTEN_BYTES) if writes else MAX_BYTES
    lost = ErrorClass.UNKNOWN if writes else ErrorClass.TRANSIENT
    try:
        with (
            within(longest(seconds)),
            client.stream("POST", url, content=body, headers=headers, timeout=seconds) as response,
        ):
            return Reply(response.status_code, response.headers, _read(response, most))
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        if "[SSL:" in str(error):
            raise ErpError(
                ErrorClass.CONFIG,
                "Tryton's certificate is not trusted; set SATCHEL_ERP_CA_FILE.",
                raw=str(error),
            ) from error
        raise ErpError(
            ErrorClass.TRANSIENT, "Tryton cannot be reached.", raw=_text(error), no_answer=True
        ) from error
    except httpx.TimeoutException as error:
        message = f"Tryton did not answer within {seconds:g} seconds."
        raise ErpError(lost, message, raw=_text(error), no_answer=True) from error
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise ErpError(ErrorClass.CONFIG, "The option url is not an address.", raw=_text(error)) from error
    except (httpx.HTTPError, httpx.StreamError, OSError) as error:
        message = "The connection to Tryton was interrupted."
        raise ErpError(lost, message, raw=_text(error), no_answer=True) from error
    except Broken as error:
        raise InvalidReply(lost, f"Tryton's reply cannot be used: {error}.", no_answer=True) from error


def _read(response: httpx.Response, most: int) -> bytes:
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    pieces = _bounded(response, most)
    if encoding in ("", "identity"):
        return b"".join(pieces)
    if encoding == "gzip":
        try:
            return inflate(pieces, most)
        except InflateError as error:
            raise Broken(f"its gzip data {error}") from None
    raise Broken(f"it is encoded as {encoding[:20]!r}, which was not accepted")


def _bounded(response: httpx.Response, most: int) -> Iterator[bytes]:
    total = 0
    for piece in response.iter_raw():
        total += len(piece)
        if total > most:
            raise Broken(f"it is larger than {most} bytes")
        yield piece


def retry_after(headers: httpx.Headers) -> float | None:
    """Return the seconds in the header Retry-After, at most a day, or None."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), 86_400.0)
    return None


def server_time(headers: httpx.Headers) -> dt.datetime | None:
    """Return the time in the header Date, with its zone, or None."""
    try:
        moment = email.utils.parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]
