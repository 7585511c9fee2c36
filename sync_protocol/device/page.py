"""Read and check a page of the feed, before any of it is applied to the replica."""

from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError

from sync_protocol.catalogue import key_field
from sync_protocol.change import Stream
from sync_protocol.checksum import Checksum
from sync_protocol.device.errors import ContractBroken
from sync_protocol.limits import LIMITS
from sync_protocol.pull import PageSchema
from sync_protocol.segment import KeyRange


@dataclass(frozen=True)
class PutRow:
    """A record, as it is on the server at *position*."""

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
class Offer:
    """A segment that a page offers instead of rows: one key range of a stream, as it was at *position*."""

    stream: Stream
    range: KeyRange
    priority: int
    sha256: str
    bytes: int
    rows: int
    position: int
    url: str | None


@dataclass(frozen=True)
class Page:
    """The changes of one snapshot, and the cursor that follows them; see `sync_protocol.pull.PageSchema`."""

    epoch: str
    cursor: str
    complete: bool
    head: int
    reset: str | None
    drop: list[Stream]
    put: list[PutRow]
    gone: list[GoneRow]
    offers: list[Offer]
    then: str | None
    check: Checksum | None
    server_time: str
    poll_after: int
    etag: str | None


def read_page(value: Any, etag: str | None) -> Page:
    """Return the page in *value*, decoded JSON of `PageSchema`; raises `ContractBroken` if it is not a valid
    page.

    *etag* is the ETag that came with it.
    """
    try:
        loaded = PageSchema().load(value)
    except (ValidationError, TypeError) as error:
        raise ContractBroken(f"the page is not valid: {error}") from None
    # The schema would accept "yes" and 1 as true, and a wrong `complete` hides rows forever.
    if not isinstance(value["complete"], bool):
        raise ContractBroken("the page does not say whether it is complete")
    put: list[PutRow] = []
    gone: list[GoneRow] = []
    offers = [_offer(offer) for offer in loaded["segments"]]
    if bool(offers) != (loaded["then"] is not None) or (offers and loaded["complete"]):
        raise ContractBroken(
            "a page has `segments` and `then`, or neither; and it is not complete if it has them"
        )
    if len({(offer.stream, offer.range.start) for offer in offers}) < len(offers):
        raise ContractBroken("the page offers a key range twice")
    if loaded["complete"] != (loaded["check"] is not None):
        raise ContractBroken("a page has `check` if it is complete, and only then")
    for changes in loaded["changes"]:
        stream = (changes["channel"], changes["collection"])
        for entry in changes["put"]:
            put.append(read_put(stream, entry))
        for entry in changes["gone"]:
            position, key = _pair(entry)
            if not isinstance(key, str):
                raise ContractBroken(f"a tombstone of {stream[1]} has no key")
            gone.append(GoneRow(stream, key, position))
    return Page(
        epoch=loaded["epoch"],
        cursor=loaded["cursor"],
        complete=loaded["complete"],
        head=loaded["head"],
        reset=loaded["reset"],
        drop=[read_stream(pair) for pair in loaded["drop"]],
        put=put,
        gone=gone,
        offers=offers,
        then=loaded["then"],
        check=read_checksum(loaded["check"]),
        server_time=loaded["server_time"],
        poll_after=loaded["poll_after"],
        etag=etag,
    )


def read_put(stream: Stream, entry: Any) -> PutRow:
    """Return the put in *entry*, `[position, record]`; raises `ContractBroken`."""
    position, record = _pair(entry)
    field = key_field(stream[1])
    if not isinstance(record, dict) or not isinstance(record.get(field), str):
        raise ContractBroken(f"a record of {stream[1]} has no {field}")
    return PutRow(stream, record[field], position, record)


def read_stream(pair: list[str]) -> Stream:
    """Return the stream in *pair*, `[channel, collection]`; raises `ContractBroken`."""
    if len(pair) != 2:
        raise ContractBroken("a stream is not [channel, collection]")
    return pair[0], pair[1]


def read_checksum(loaded: dict[str, Any] | None) -> Checksum | None:
    """Return the checksum in *loaded*, which `ChecksumSchema` has loaded; None for None."""
    return None if loaded is None else Checksum(loaded["count"], int(loaded["sum"], 16))


def _offer(loaded: dict[str, Any]) -> Offer:
    if not 0 < loaded["bytes"] <= LIMITS.segment_plain_bytes or not loaded["position"]:
        raise ContractBroken(f"segment {loaded['sha256']} is offered with an impossible size or position")
    return Offer(
        stream=(loaded["channel"], loaded["collection"]),
        range=KeyRange(loaded["from_"], loaded["to"]),
        priority=loaded["priority"],
        sha256=loaded["sha256"],
        bytes=loaded["bytes"],
        rows=loaded["rows"],
        position=loaded["position"],
        url=loaded["url"],
    )


def _pair(entry: Any) -> tuple[int, Any]:
    if isinstance(entry, list) and len(entry) == 2:
        position = entry[0]
        if isinstance(position, int) and not isinstance(position, bool) and 0 < position < 2**53:
            return position, entry[1]
    raise ContractBroken("a change is not [position, value]")
