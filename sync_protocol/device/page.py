"""A page of the feed, read and checked before anything of it touches the replica."""

from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError

from sync_protocol.change import Stream
from sync_protocol.device.errors import ContractBroken
from sync_protocol.device.indexed import key_field
from sync_protocol.pull import PageSchema


@dataclass(frozen=True)
class PutRow:
    """A record as the server has it at *position*."""

    stream: Stream
    key: str
    position: int
    record: dict[str, Any]


@dataclass(frozen=True)
class GoneRow:
    """A record that is no longer in the channel of *stream*."""

    stream: Stream
    key: str
    position: int


@dataclass(frozen=True)
class Page:
    """One snapshot's worth of changes, and the cursor that follows it."""

    epoch: str
    cursor: str
    complete: bool
    reset: str | None
    drop: list[Stream]
    put: list[PutRow]
    gone: list[GoneRow]
    server_time: str
    poll_after: int
    etag: str | None


def read_page(value: Any, etag: str | None) -> Page:
    """Return the page that *value* (decoded JSON) is; raises `ContractBroken` if it is none."""
    try:
        loaded = PageSchema().load(value)
    except (ValidationError, TypeError) as error:
        raise ContractBroken(f"the page is not one: {error}") from None
    # The schema would take "yes" and 1 for true, and a wrong `complete` hides rows for ever.
    if not isinstance(value["complete"], bool):
        raise ContractBroken("the page does not say whether it is complete")
    put: list[PutRow] = []
    gone: list[GoneRow] = []
    for changes in loaded["changes"]:
        stream = (changes["channel"], changes["collection"])
        field = key_field(stream[1])
        for entry in changes["put"]:
            position, record = _pair(entry)
            if not isinstance(record, dict) or not isinstance(record.get(field), str):
                raise ContractBroken(f"a record of {stream[1]} has no {field}")
            put.append(PutRow(stream, record[field], position, record))
        for entry in changes["gone"]:
            position, key = _pair(entry)
            if not isinstance(key, str):
                raise ContractBroken(f"a tombstone of {stream[1]} has no key")
            gone.append(GoneRow(stream, key, position))
    return Page(
        epoch=loaded["epoch"],
        cursor=loaded["cursor"],
        complete=loaded["complete"],
        reset=loaded["reset"],
        drop=[_stream(pair) for pair in loaded["drop"]],
        put=put,
        gone=gone,
        server_time=loaded["server_time"],
        poll_after=loaded["poll_after"],
        etag=etag,
    )


def _pair(entry: Any) -> tuple[int, Any]:
    if isinstance(entry, list) and len(entry) == 2:
        position = entry[0]
        if isinstance(position, int) and not isinstance(position, bool) and 0 < position < 2**53:
            return position, entry[1]
    raise ContractBroken("a change is not [position, value]")


def _stream(pair: list[str]) -> Stream:
    if len(pair) != 2:
        raise ContractBroken("a dropped stream is not [channel, collection]")
    return pair[0], pair[1]
