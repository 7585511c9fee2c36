"""The verdict on a run: what phones wrote down and what the ERP's books say, held against each other.

It knows nothing of servers, and nothing of our database, which is what is on trial.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from tests.system.chaos.rig.tally import Tally

DONE = {"order": ("confirmed", "processing", "done"), "expense_claim": ("posted", "paid")}
"""The states in which a document of the ERP has arrived."""


@dataclass(frozen=True)
class Entry:
    """A document in the ERP's books; *key* is the id of ours that it carries, if it carries one."""

    key: str | None
    kind: str
    state: str
    total: Decimal
    text: str = ""
    """What a person wrote on it."""


@dataclass(frozen=True)
class Noted:
    """What a phone wrote down when it captured a document: what it comes to, and the mark in its text."""

    kind: str
    total: Decimal
    mark: str = ""


@dataclass(frozen=True)
class Ledgers:
    """What is known of a run, from outside of what is on trial."""

    captured: Mapping[str, Noted]
    """By id, of all phones."""
    acknowledged: frozenset[str]
    """Ids that a server has said it holds."""
    fates: Mapping[str, str]
    """What the phones call each of their documents at the end. Here too is what was captured a moment before a
    phone died, which it could not write down."""
    books: Sequence[Entry]
    """Everything that came into the ERP during the run."""
    leaks: Sequence[str] = ()
    """Marks of others in answers to a phone."""
    waiting: Mapping[int, str] = field(default_factory=dict)
    """Of the phones that still wait for something when the time is up: how they stand."""

    @property
    def ids(self) -> list[str]:
        """Every document that there is."""
        return sorted({*self.captured, *self.acknowledged, *self.fates})


def judge(ledgers: Ledgers, tally: Tally) -> Tally:
    """Count in *tally* what was captured and acknowledged, and everything that should not be."""
    tally.captured, tally.acknowledged = len({*ledgers.captured, *ledgers.fates}), len(ledgers.acknowledged)
    found: dict[str, list[Entry]] = {id: [] for id in ledgers.ids}
    for entry in ledgers.books:
        id = _whose(entry, ledgers)
        if id is None:
            tally.doubled += 1
            tally.words.append(f"nobody captured this: {entry}")
        else:
            found[id].append(entry)
    for id, entries in found.items():
        _document(id, entries, ledgers, tally)
    for mark, often in Counter(ledgers.leaks).items():
        tally.leaked += 1
        tally.words.append(f"{mark} reached a phone of another rep, in {often} answers")
    for number, standing in ledgers.waiting.items():
        tally.waiting += 1
        tally.words.append(f"phone {number} still waits: {standing}")
    return tally


def _whose(entry: Entry, ledgers: Ledgers) -> str | None:
    """Return the document that *entry* was made from, by its key or else by the mark in its text."""
    if entry.key in ledgers.ids:
        return entry.key
    marked = (id for id, noted in ledgers.captured.items() if noted.mark and noted.mark in entry.text)
    return next(marked, None)


def _document(id: str, entries: Sequence[Entry], ledgers: Ledgers, tally: Tally) -> None:
    fate, noted = ledgers.fates.get(id), ledgers.captured.get(id)
    if not entries:
        tally.lost += 1
        tally.words.append(f"{id} ({fate}) is not in the ERP")
        return
    if len(entries) > 1:
        tally.doubled += 1
        tally.words.append(f"{id} is {len(entries)} times in the ERP: {entries}")
        return
    wrong = []
    (entry,) = entries
    if entry.state not in DONE[entry.kind]:
        wrong.append(f"it stopped half way: {entry}")
    if fate != "accepted":
        wrong.append(f"the phone calls it {fate}: {entry}")
    if noted is not None and noted.total != entry.total:
        wrong.append(f"it was {noted} and came to {entry.total}")
    tally.differing += bool(wrong)
    tally.words += [f"{id}: {words}" for words in wrong]
