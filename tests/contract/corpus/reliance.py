"""What a device relies on in a reply: a later server must answer with the same, and may add to it.

Every device ignores unknown fields, so additions are allowed everywhere. Every earlier field must remain and
mean the same. Some values have a meaning only to the server (`OPAQUE`), some are for people (`FREE`); all
others are compared.
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
        "DPoP-Nonce",
        "device_id",
        "wipe_order",
        "ETag",
        "Location",
        "request_id",
    }
)
"""Values that a device returns unchanged or only compares for equality."""
FREE = frozenset({"detail", "title", "action", "message", "reason", "WWW-Authenticate", "Upload-Expires"})
"""Text for people, and dates of the server's choice."""
AT_LEAST = frozenset({"push_submissions", "push_bytes", "submission_bytes", "receipt_bytes", "page_bytes_most"})
"""Limits that are compiled into apps: they may be raised."""
TUNED = frozenset(
    {
        "expires_in",
        "refresh_expires_in",
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
"""Numbers that an operator or a release may tune, and positions, which a device only compares with each
other."""


def broken(before: Any, now: Any, path: str = "reply") -> Iterator[str]:
    """Yield each difference of *now* from *before* (a frozen reply or a part of one) that breaks a device."""
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


def opaque_values(before: Any, now: Any) -> Iterator[tuple[str, str]]:
    """Yield each opaque value of the frozen reply with today's value in its place."""
    if isinstance(before, dict) and isinstance(now, dict):
        for name, value in before.items():
            if name in OPAQUE and isinstance(value, str) and isinstance(now.get(name), str):
                yield value, now[name]
            else:
                yield from opaque_values(value, now.get(name))
    elif isinstance(before, list) and isinstance(now, list):
        for old, new in zip(before, now, strict=False):
            yield from opaque_values(old, new)
