"""The end of a run, held against the phones' diaries and Tryton's books, and not against our database."""

from collections import Counter
from decimal import Decimal
from typing import Any

from tests.chaos.rig.site import Site
from tests.chaos.rig.tally import Tally
from tests.services.tryton_rpc import TrytonSession

MODELS = {"order": ("sale.sale", "untaxed_amount"), "expense_claim": ("account.invoice", "total_amount")}
DONE = {"order": ("confirmed", "processing", "done"), "expense_claim": ("posted", "paid")}


def compare(site: Site, tally: Tally) -> Tally:
    """Fill in *tally* from the diaries and from Tryton."""
    captured = {entry["id"]: entry for phone in site.phones for entry in phone.diary("captured")}
    acknowledged = {entry["id"] for phone in site.phones for entry in phone.diary("acknowledged")}
    fates: dict[str, str] = {}
    for phone in site.phones:
        fates.update(phone.standing.get("fates", {}))
    with TrytonSession.admin(site.tryton) as office:
        # What was captured but not written down before the phone died has a fate on the phone all the same.
        books = _books(office, sorted({*captured, *acknowledged, *fates}))
    tally.captured, tally.acknowledged = len({*captured, *fates}), len(acknowledged)
    for id in sorted({*captured, *acknowledged, *fates}):
        found = books.get(id, [])
        if not found:
            tally.lost += 1
            tally.words.append(f"{id} ({fates.get(id)}) is not in Tryton")
        elif len(found) > 1:
            tally.doubled += 1
            tally.words.append(f"{id} is {len(found)} times in Tryton: {found}")
        else:
            tally.words += _differences(captured.get(id), found[0], fates.get(id))
    leaks = Counter(entry["canary"] for phone in site.phones for entry in phone.diary("leak"))
    tally.leaked = len(leaks)
    tally.words += [f"{canary} reached a phone of another rep" for canary in leaks]
    return tally


def _books(office: TrytonSession, keys: list[str]) -> dict[str, list[dict[str, Any]]]:
    books: dict[str, list[dict[str, Any]]] = {}
    for kind, (model, amount) in MODELS.items():
        fields = ["satchel_key", "state", amount]
        for row in office(model, "search_read", [["satchel_key", "in", keys]], 0, None, None, fields):
            entry = {"kind": kind, "state": row["state"], "total": row[amount]}
            books.setdefault(row["satchel_key"], []).append(entry)
    return books


def _differences(captured: dict[str, Any] | None, found: dict[str, Any], fate: str | None) -> list[str]:
    """Return what is wrong with a document that is in Tryton once."""
    wrong = []
    if found["state"] not in DONE[found["kind"]]:
        wrong.append(f"it stopped half way, as {found['state']}: {found}")
    if fate != "accepted":
        wrong.append(f"the phone calls it {fate}: {found}")
    if captured is not None and Decimal(captured["total"]) != found["total"]:
        wrong.append(f"{captured} came to {found['total']}")
    return wrong
