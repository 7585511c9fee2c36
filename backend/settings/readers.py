"""Readers of settings: each turns text into a value, or raises ValueError with what the text must be."""

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

from sync_protocol.blank import is_blank
from sync_protocol.loopback import is_loopback
from sync_protocol.zone import is_known

T = TypeVar("T")

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def text(value: str) -> str:
    """Return *value* without the spaces around it; control characters would split headers and log lines."""
    if _CONTROL.search(value.strip()):
        raise ValueError("must have no control characters, such as line breaks")
    return value.strip()


def line(longest: int) -> Callable[[str], str]:
    """Return a reader of one line of 1 to *longest* visible characters and spaces, for a name."""

    def read(value: str) -> str:
        if is_blank(value) or not value.isprintable() or len(value) > longest:
            raise ValueError(f"must be 1 to {longest} printable characters")
        return value

    return read


def required(value: str) -> str:
    """Return *value* without the spaces around it; it must not be empty."""
    if not text(value):
        raise ValueError("must be given")
    return text(value)


def password(value: str) -> str:
    """Return *value* as it is, spaces included; it must not be empty."""
    if not value:
        raise ValueError("must be given")
    return value


def words(value: str) -> tuple[str, ...]:
    """Return the comma-separated words of *value*, without empty ones."""
    return tuple(word.strip() for word in value.split(",") if word.strip())


def optional(read: Callable[[str], T]) -> Callable[[str], T | None]:
    """Return a reader that turns empty text into None, and reads other text with *read*."""
    return lambda value: read(value) if value.strip() else None


def one_of(*choices: str) -> Callable[[str], str]:
    """Return a reader of one of *choices*."""

    def read(value: str) -> str:
        if value not in choices:
            raise ValueError(f"must be {', '.join(choices[:-1])} or {choices[-1]}")
        return value

    return read


def number(least: float, most: float) -> Callable[[str], float]:
    """Return a reader of a number from *least* to *most*."""

    def read(value: str) -> float:
        try:
            result = float(value)
        except ValueError:
            raise ValueError("must be a number") from None
        if not least <= result <= most:
            raise ValueError(f"must be between {least:g} and {most:g}")
        return result

    return read


def integer(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return a reader of a whole number from *least* to *most* (None: no upper bound)."""

    def read(value: str) -> int:
        try:
            result = int(value)
        except ValueError:
            raise ValueError("must be a whole number") from None
        if most is None and result < least:
            raise ValueError(f"must be {least} or more")
        if most is not None and not least <= result <= most:
            raise ValueError(f"must be between {least} and {most}")
        return result

    return read


seconds = number(0, 86_400)
port = integer(1, 65_535)


def zone(value: str) -> str:
    """Read the IANA name of a time zone."""
    if not is_known(value.strip()):
        raise ValueError("must be a time zone such as Europe/Berlin, which this machine knows")
    return value.strip()


def listener(value: str) -> str:
    """Read `host:port` to listen on, or nothing.

    The host has no default: who may connect is the operator's decision.
    """
    address = value.strip()
    host, colon, digits = address.rpartition(":")
    if address and not (colon and host and (":" not in host or re.fullmatch(r"\[[0-9a-f:]+\]", host))):
        raise ValueError("must be empty or host:port, such as 127.0.0.1:9464 or [::1]:9464")
    if address:
        port(digits)
    return address


def url(value: str) -> str:
    """Read an http or https URL without a query, or nothing."""
    parts = urlsplit(text(value))
    if value.strip() and not _is_web_address(parts):
        raise ValueError("must be an address such as https://cdn.example.com, without a user and a query")
    return value.strip().rstrip("/")


def _is_web_address(parts: SplitResult) -> bool:
    try:
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        return False
    has_host = bool(parts.hostname) and "@" not in parts.netloc
    return parts.scheme in ("http", "https") and has_host and port_fits and not parts.query


def urls(value: str) -> tuple[str, ...]:
    """Read comma-separated http or https URLs without a query."""
    return tuple(url(word) for word in words(value))


def networks(value: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """Read comma-separated networks in CIDR notation; an address alone is a network of one."""
    try:
        return tuple(ipaddress.ip_network(word) for word in words(value))
    except ValueError as error:
        raise ValueError(f"must be networks such as 10.0.0.0/8; {error}") from None


def s3_location(value: str) -> str:
    """Read a bucket and prefix of an S3-compatible store, or nothing."""
    if value.strip() and not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w./-]*)?", value.strip()):
        raise ValueError("must be empty or s3://bucket/prefix")
    return value.strip().rstrip("/")


def existing_file(value: str) -> str:
    """Read the path of a file that exists, or nothing."""
    if value.strip() and not Path(value.strip()).is_file():
        raise ValueError("must be a file that exists; this is not a file")
    return value.strip()


def retry_pattern(value: str) -> tuple[str, ...]:
    """Read `try:seconds` pairs whose tries rise from 1, such as 1:10,5:60; returns the pairs as they stand."""
    pairs = words(value)
    last = 0
    for pair in pairs:
        first, colon, wait = pair.partition(":")
        if not colon:
            raise ValueError(f"must be pairs such as 1:10,5:60,10:900; {pair} has no colon")
        attempt = integer(1)(first)
        if attempt <= last or (last == 0 and attempt != 1):
            raise ValueError("must have tries that begin at 1 and rise")
        last = attempt
        if not seconds(wait) > 0:
            raise ValueError("must have waits above 0 seconds")
    return pairs


def origins(value: str) -> tuple[str, ...]:
    """Read web origins exactly as browsers send them; one that no browser sends would never match."""
    items = words(value)
    for origin in items:
        if origin in ("*", "null"):
            raise ValueError(f"must name the origins of your own apps; {origin} stands for every page there is")
        parts = urlsplit(origin)
        if f"{parts.scheme}://{parts.netloc}" != origin or not parts.hostname or "@" in origin:
            raise ValueError(
                f"must be origins such as https://app.example.com, without a path; {origin} is not an origin"
            )
        if parts.port == {"https": 443, "http": 80}.get(parts.scheme, 0) or origin != origin.lower():
            raise ValueError(
                f"must be in lower case and without the standard port, as browsers send it, not {origin}"
            )
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError(f"must use https; {origin} is not encrypted")
    return items
