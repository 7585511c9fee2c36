"""The chain of the audit trail: each entry has the hash of its content and of the hash before it.

So an entry cannot be changed, inserted or removed unless every later hash is computed again; and the newest
hash, which the log and each export have too, shows if that was done, or if the end is missing.

Old entries may leave: an export has them, and the entry `audit.sealed` names the last one with its hash. The
chain then begins after that.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.clock import instant
from backend.identity.models import AuditEntry

START = "0" * 64
"""The hash before the first entry."""
SEALED = "audit.sealed"
"""The action of the entry that lets old entries leave. Its subject is the number of the last one that may.

The triggers of the table know it too (migration 0016)."""
BATCH = 1_000


class Head(NamedTuple):
    """An entry's number and hash, as `12:9f86…` in commands."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


class ChainBroken(Exception):
    """The chain does not verify; the message says what is wrong and at which entry."""


def entry_hash(
    previous: str,
    number: int,
    at: dt.datetime,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
) -> str:
    """Return the hash of an entry after the hash *previous*: sha256 over JSON in one canonical form.

    The form is a list, in ASCII, without spaces, with *at* in UTC with microseconds. The keys of *detail* are
    sorted; they depend on *action*.
    """
    moment = at.astimezone(dt.UTC).isoformat(timespec="microseconds")
    content = [previous, number, moment, actor, action, subject, detail]
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def newest(session: Session) -> Head:
    """Return the head of the chain; of an empty one number 0 and `START`."""
    row = session.execute(
        select(AuditEntry.number, AuditEntry.hash).order_by(AuditEntry.number.desc()).limit(1)
    ).first()
    return Head(row.number, row.hash) if row else Head(0, START)


def stored(session: Session, *, after: int = 0) -> Iterator[AuditEntry]:
    """Yield the entries with a number above *after*, in order, in batches."""
    while True:
        batch = session.scalars(
            select(AuditEntry).where(AuditEntry.number > after).order_by(AuditEntry.number).limit(BATCH)
        ).all()
        yield from batch
        if len(batch) < BATCH:
            return
        after = batch[-1].number
        session.expunge_all()


def verify(session: Session, *, anchors: Iterable[Head] = (), last: int | None = None) -> tuple[int, Head]:
    """Verify the chain; return how many entries it has, and its head. Raises `ChainBroken` at the first fault.

    *anchors* are heads that were kept elsewhere: the chain must still have them. With *last*, only that many
    of the newest entries are verified.
    """
    head = newest(session)
    after = start(session) if last is None or last >= head.number else _entry_head(session, head.number - last)
    by_number = {anchor.number: anchor for anchor in anchors}
    count, end = verify_entries(stored(session, after=after.number), after, by_number)
    for anchor in sorted(by_number.values(), key=lambda each: each.number):
        if anchor.number > end.number:
            raise ChainBroken(
                f"the chain ends at entry {end.number}, but entry {anchor.number} was written: the newest "
                "entries are missing. A backup was restored, or entries were removed"
            )
        if anchor.number < after.number or (anchor.number == after.number and anchor != after):
            raise ChainBroken(
                f"entry {anchor.number} has left the table in an export; verify that file with --file"
                if anchor.number < after.number
                else f"entry {anchor.number} was sealed with another hash than {anchor.hash}"
            )
    return count, end


def verify_entries(
    entries: Iterable[AuditEntry], start: Head, anchors: Mapping[int, Head] | None = None
) -> tuple[int, Head]:
    """Verify *entries*, which follow *start*; return how many they are, and the last one's head."""
    count, before = 0, start
    for entry in entries:
        named = f"entry {entry.number} ({entry.action}, {instant(entry.at)})"
        if entry.number != before.number + 1:
            missing = f"{before.number + 1} to {entry.number - 1}"
            raise ChainBroken(f"{named} follows entry {before.number}: {missing} are missing")
        expected = entry_hash(
            before.hash, entry.number, entry.at, entry.actor, entry.action, entry.subject, entry.detail
        )
        if entry.hash != expected:
            raise ChainBroken(
                f"{named} does not fit its hash and the entry before it: one of the two was changed"
            )
        before = Head(entry.number, entry.hash)
        if anchors and anchors.get(entry.number, before) != before:
            raise ChainBroken(
                f"{named} has another hash than the one that was kept elsewhere: the chain was computed "
                "again from this entry or an earlier one, or continues a backup that is older than it"
            )
        count += 1
    return count, before


def sealed(session: Session) -> Head:
    """Return the last entry that may have left the table, by the newest seal; number 0 if there is no seal."""
    seal = session.scalars(
        select(AuditEntry).where(AuditEntry.action == SEALED).order_by(AuditEntry.number.desc()).limit(1)
    ).first()
    if seal is None:
        return Head(0, START)
    try:
        return Head(int(seal.subject), str(seal.detail["hash"]))
    except (ValueError, KeyError):
        raise ChainBroken(f"entry {seal.number} ({SEALED}) names no entry") from None


def start(session: Session) -> Head:
    """Return what the oldest entry of the table must follow; raises `ChainBroken` if older ones are missing."""
    first = session.scalar(select(AuditEntry.number).order_by(AuditEntry.number).limit(1))
    seal = sealed(session)
    if first is None or first == 1:
        return Head(0, START)
    if first == seal.number + 1:
        return seal
    if first > seal.number + 1:
        raise ChainBroken(
            f"the table begins at entry {first}: entries {seal.number + 1} to {first - 1} are missing"
        )
    # The newest seal allows more to leave than has left; an earlier one names the entry before the first.
    return _earlier_seal(session, first)


def _earlier_seal(session: Session, first: int) -> Head:
    seals = session.scalars(
        select(AuditEntry).where(AuditEntry.action == SEALED, AuditEntry.subject == str(first - 1))
    ).all()
    if not seals:
        raise ChainBroken(
            f"the table begins at entry {first}, and no seal names entry {first - 1}: older entries are missing"
        )
    return Head(first - 1, str(seals[-1].detail.get("hash")))


def _entry_head(session: Session, number: int) -> Head:
    entry = session.scalars(select(AuditEntry).where(AuditEntry.number == number)).one_or_none()
    if entry is None:
        return start(session)
    return Head(entry.number, entry.hash)
