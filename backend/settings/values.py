"""How the text of a setting is read; each reader raises ValueError with a sentence that says what to write."""

import re
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

Number = TypeVar("Number", int, float)
T = TypeVar("T")


def text(value: str) -> str:
    """Return *value* without the spaces around it."""
    return value.strip()


def _number(value: str, kind: Callable[[str], Number]) -> Number:
    """Read a number of *kind*."""
    try:
        return kind(value)
    except ValueError:
        raise ValueError("must be a number" if kind is float else "must be a whole number") from None


def seconds(value: str) -> float:
    """Read 0 to 86400 seconds."""
    number = _number(value, float)
    if not 0 <= number <= 86_400:
        raise ValueError("must be between 0 and 86400 seconds")
    return number


def whole(value: str) -> int:
    """Read a whole number of 1 or more."""
    number = _number(value, int)
    if number < 1:
        raise ValueError("must be 1 or more")
    return number


def natural(value: str) -> int:
    """Read a whole number of 0 or more."""
    number = _number(value, int)
    if number < 0:
        raise ValueError("must be 0 or more")
    return number


def port(value: str) -> int:
    """Read a port."""
    number = _number(value, int)
    if not 1 <= number <= 65_535:
        raise ValueError("must be between 1 and 65535")
    return number


def listener(value: str) -> str:
    """Read `host:port` to listen on, or nothing. The host is never implied: who may come in is a decision."""
    host, colon, number = value.strip().rpartition(":")
    if value.strip() and not (colon and host and (":" not in host or re.fullmatch(r"\[[0-9a-f:]+\]", host))):
        raise ValueError("must be empty or host:port, such as 127.0.0.1:9464 or [::1]:9464")
    if value.strip():
        port(number)
    return value.strip()


def count(value: str) -> int:
    """Read a whole number of 0 to 10."""
    number = _number(value, int)
    if not 0 <= number <= 10:
        raise ValueError("must be between 0 and 10")
    return number


def yes_or_no(value: str) -> str:
    """Read yes or no."""
    if value not in ("yes", "no"):
        raise ValueError("must be yes or no")
    return value


def security(value: str) -> str:
    """Read how a mail server is spoken to."""
    if value not in ("starttls", "tls", "none"):
        raise ValueError("must be starttls, tls or none")
    return value


def address(value: str) -> str:
    """Read an address over http or https, or nothing."""
    found = urlsplit(value.strip())
    if value.strip() and not (found.scheme in ("http", "https") and found.netloc and not found.query):
        raise ValueError("must be an address such as https://cdn.example.com")
    return value.strip().rstrip("/")


def store(value: str) -> str:
    """Read a bucket of a store that speaks S3, or nothing."""
    if value.strip() and not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w./-]*)?", value.strip()):
        raise ValueError("must be empty or s3://bucket/prefix")
    return value.strip().rstrip("/")


def optional(read: Callable[[str], T]) -> Callable[[str], T | None]:
    """Return a reader that takes nothing for None, and anything else as *read* does."""
    return lambda value: read(value) if value.strip() else None


def pattern(value: str) -> tuple[str, ...]:
    """Read `try:seconds` pairs whose tries rise from 1, such as 1:10,5:60; kept as they are written."""
    steps = tuple(step.strip() for step in value.split(",") if step.strip())
    last = 0
    for step in steps:
        first, colon, wait = step.partition(":")
        if not colon:
            raise ValueError(f"{step} is not a try and its longest wait; write 1:10,5:60,10:900")
        if whole(first) <= last or (last == 0 and whole(first) != 1):
            raise ValueError("tries must begin at 1 and rise")
        last = whole(first)
        if not seconds(wait) > 0:
            raise ValueError("a wait must be longer than nothing")
    return steps


def form(value: str) -> str:
    """Read the form of the log."""
    if value not in ("text", "json"):
        raise ValueError("must be text or json")
    return value


def origins(value: str) -> tuple[str, ...]:
    """Read origins as browsers write them; one that no browser ever sends is a mistake and is refused."""
    origins = tuple(part.strip() for part in value.split(",") if part.strip())
    for origin in origins:
        if origin in ("*", "null"):
            raise ValueError(f"{origin} is every page there is; name the origins of your own apps")
        parts = urlsplit(origin)
        if f"{parts.scheme}://{parts.netloc}" != origin or not parts.hostname or "@" in origin:
            raise ValueError(f"{origin} is not an origin; write https://app.example.com, without a path")
        if parts.port == {"https": 443, "http": 80}.get(parts.scheme, 0) or origin != origin.lower():
            raise ValueError(f"{origin} is not how a browser writes it: lower case, without the usual port")
        if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError(f"{origin} is not encrypted; use https")
    return origins
