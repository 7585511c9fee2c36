"""One request, one bounded answer. Everything that can go wrong between two computers ends here.

What goes wrong is told apart by one question: may Tryton have done it? If the request never left, or
Tryton says it did not start, the outcome is TRANSIENT. Otherwise a write is UNKNOWN, and a read, which
does no harm when repeated, TRANSIENT.
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
"""Largest answer that is read, after and before decompression: a page of many rows."""
MAX_WRITTEN_BYTES = 1024 * 1024
"""The same for a call that writes, whose answer is a number or a refusal."""


@dataclass(frozen=True)
class Answer:
    """The status, headers and bytes of one answer."""

    status: int
    headers: httpx.Headers
    body: bytes


class Broken(Exception):
    """The answer cannot be used: too big, cut off, or not what its headers say."""


def longest(seconds: float) -> float:
    """Return after how many seconds an exchange has ended, each wait of which is bounded by *seconds*."""
    return 2 * seconds


def post(
    client: httpx.Client, url: str, body: bytes, headers: dict[str, str], *, writes: bool, seconds: float
) -> Answer:
    """Send *body* and return the answer, whatever its status; raises `ErpError`.

    *seconds* bounds each wait for the network, and `longest` the whole exchange, so that a server that
    sends a byte a minute holds nobody up.
    """
    most = min(MAX_BYTES, MAX_WRITTEN_BYTES) if writes else MAX_BYTES
    lost = ErrorClass.UNKNOWN if writes else ErrorClass.TRANSIENT
    try:
        with (
            within(longest(seconds)),
            client.stream("POST", url, content=body, headers=headers, timeout=seconds) as response,
        ):
            return Answer(response.status_code, response.headers, _read(response, most))
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        if "[SSL:" in str(error):
            raise ErpError(
                ErrorClass.CONFIG,
                "Tryton's certificate is not trusted; see the option ca_file.",
                raw=str(error),
            ) from error
        raise ErpError(
            ErrorClass.TRANSIENT, "Tryton cannot be reached.", raw=_words(error), no_answer=True
        ) from error
    except httpx.TimeoutException as error:
        words = f"Tryton did not answer within {seconds:g} seconds."
        raise ErpError(lost, words, raw=_words(error), no_answer=True) from error
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise ErpError(ErrorClass.CONFIG, "The option url is not an address.", raw=_words(error)) from error
    except (httpx.HTTPError, httpx.StreamError, OSError) as error:
        words = "The connection to Tryton broke off."
        raise ErpError(lost, words, raw=_words(error), no_answer=True) from error
    except Broken as error:
        raise InvalidReply(lost, f"Tryton's answer cannot be used: {error}.", no_answer=True) from error


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
    raise Broken(f"it is encoded as {encoding[:20]!r}, which was not asked for")


def _bounded(response: httpx.Response, most: int) -> Iterator[bytes]:
    total = 0
    for piece in response.iter_raw():
        total += len(piece)
        if total > most:
            raise Broken(f"it is larger than {most} bytes")
        yield piece


def retry_after(headers: httpx.Headers) -> float | None:
    """Return the seconds that the header Retry-After asks for, at most a day, or None."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), 86_400.0)
    return None


def server_time(headers: httpx.Headers) -> dt.datetime | None:
    """Return the moment of the header Date, aware, if there is one."""
    try:
        moment = email.utils.parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]
