"""The ledgers of a run: the phones' diaries, and Tryton's books read by another client than the connector."""

from collections.abc import Mapping
from decimal import Decimal

from tests.services.tryton import TrytonServer
from tests.services.tryton_rpc import TrytonSession
from tests.system.chaos.rig.judge import Entry, Ledgers, Noted
from tests.system.chaos.rig.site import Site

MODELS = {
    "order": ("sale.sale", "untaxed_amount", []),
    "expense_claim": ("account.invoice", "total_amount", [["type", "=", "in"]]),
}
"""Kind → Tryton's model, the field of what it comes to, and which of that model's documents may be such."""

Newest = dict[str, int]
"""Kind → the newest document of it that there was before a run."""


def newest(tryton: TrytonServer) -> Newest:
    """Return what is in the books already: every later document is of the run that begins now."""
    with TrytonSession.admin(tryton) as office:
        found = {
            kind: office(model, "search", also, 0, 1, [["id", "DESC"]])
            for kind, (model, _, also) in MODELS.items()
        }
    return {kind: ids[0] if ids else 0 for kind, ids in found.items()}


def collect(site: Site, before: Newest, waiting: Mapping[int, str]) -> Ledgers:
    """Return what is known of the run at *site* that began after *before*; *waiting* phones still wait."""
    return Ledgers(
        captured={
            note["id"]: Noted(note["kind"], Decimal(note["total"]), note.get("mark", ""))
            for phone in site.phones
            for note in phone.diary("captured")
        },
        acknowledged=frozenset(note["id"] for phone in site.phones for note in phone.diary("acknowledged")),
        fates={id: fate for phone in site.phones for id, fate in phone.standing.get("fates", {}).items()},
        books=_books(site.tryton, before),
        leaks=[note["canary"] for phone in site.phones for note in phone.diary("leak")],
        waiting=waiting,
    )


def _books(tryton: TrytonServer, before: Newest) -> list[Entry]:
    books = []
    with TrytonSession.admin(tryton) as office:
        for kind, (model, amount, also) in MODELS.items():
            fields = ["satchel_key", "state", "comment", amount]
            later = [["id", ">", before[kind]], *also]
            for row in office(model, "search_read", later, 0, None, None, fields):
                text = row["comment"] or ""
                books.append(Entry(row["satchel_key"], kind, row["state"], row[amount], text))
    return books
