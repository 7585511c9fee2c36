"""What a device relies on in a reply: that a later server answers with the same, and maybe with more.

Unknown fields are ignored by every device, so additions are allowed everywhere. What was there must be
there, and mean the same. Some words are nobody's business but the server's (`OPAQUE`); some are for people
(`FREE`); the rest is compared.
"""

from collections.abc import Iterator
from typing import Any

OPAQUE = frozenset(
    {
        "cursor",
        "then",
        "epoch",
        "access_token",
        "refresh_token",
        "device_id",
        "ETag",
        "Location",
        "request_id",
    }
)
"""Whatever the server makes of them, a device gives them back as they are or only compares them."""
FREE = frozenset({"detail", "title", "action", "message", "reason", "WWW-Authenticate", "Upload-Expires"})
"""Text for people, and dates of the server's choice."""
AT_LEAST = frozenset({"push_submissions", "push_bytes", "submission_bytes", "receipt_bytes", "page_bytes_most"})
"""Limits that are compiled into apps: they may be raised."""
TUNED = frozenset(
    {
        "expires_in",
        "poll_after",
        "Satchel-Poll-After",
        "Retry-After",
        "tombstone_days",
        "page_bytes",
        "page_bytes_least",
        "receipt_chunk_bytes",
        "access_token_seconds",
        "poll_after_seconds",
        "head",
        "position",
    }
)
"""Numbers that an operator or a release may tune, and positions, of which a device only compares two."""


def broken(before: Any, now: Any, path: str = "reply") -> Iterator[str]:
    """Yield what of *before*, a frozen reply or a part of one, does not hold in *now* any more."""
    name = path.rpartition(".")[2]
    if name == "changes":
        yield from _broken(_rows(before), _rows(now), path)
    elif name in OPAQUE or name in FREE:
        if type(now) is not type(before) or bool(now) != bool(before):
            yield f"{path} was {before!r} and is {now!r}"
    elif name in TUNED or name in AT_LEAST:
        if not str(now).isdigit() or (name in AT_LEAST and int(now) < int(before)):
            yield f"{path} was {before} and is {now!r}"
    else:
        yield from _broken(before, now, path)


def _broken(before: Any, now: Any, path: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        for name, value in before.items():
            if name not in now:
                yield f"{path}.{name} is gone"
            else:
                yield from broken(value, now[name], f"{path}.{name}")
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for n, (old, new) in enumerate(zip(before, now, strict=True)):
            yield from broken(old, new, f"{path}[{n}]")
    elif before != now or type(before) is not type(now):
        yield f"{path} was {before!r} and is {now!r}"


def _rows(changes: Any) -> dict[str, Any]:
    """Return a page's changes by stream and key: a device relies on neither their order nor the positions."""
    streams: dict[str, Any] = {}
    for change in changes:
        rows = {f"put {record['id']}": record for _, record in change["put"]}
        rows |= {f"gone {key}": True for _, key in change["gone"]}
        streams[f"{change['channel']} {change['collection']}"] = rows
        streams[f"rows of {change['channel']} {change['collection']}"] = sorted(rows)
    return streams | {"streams": sorted(streams)}


def opaque_words(before: Any, now: Any) -> Iterator[tuple[str, str]]:
    """Yield each opaque word of the frozen reply with the one that stands in its place today."""
    if isinstance(before, dict) and isinstance(now, dict):
        for name, value in before.items():
            if name in OPAQUE and isinstance(value, str) and isinstance(now.get(name), str):
                yield value, now[name]
            else:
                yield from opaque_words(value, now.get(name))
    elif isinstance(before, list) and isinstance(now, list):
        for old, new in zip(before, now, strict=False):
            yield from opaque_words(old, new)
