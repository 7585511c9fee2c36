"""Collects the evidence of a run: the phones' event logs and Tryton's documents, read without the connector."""

from collections.abc import Mapping
from decimal import Decimal

from tests.services.tryton import TrytonServer
from tests.services.tryton_rpc import TrytonSession
from tests.system.chaos.rig.comparison import Captured, ErpDocument, Evidence
from tests.system.chaos.rig.site import Site

MODELS = {
    "order": ("sale.sale", "untaxed_amount", []),
    "expense_claim": ("account.invoice", "total_amount", [["type", "=", "in"]]),
}
"""Kind → Tryton's model, the field with the total, and the search domain of its documents in that model."""

Newest = dict[str, int]
"""Kind → Tryton's id of the newest document of that kind before a run; 0 if there was none."""


def newest(tryton: TrytonServer) -> Newest:
    """Return the newest documents in Tryton: every later document belongs to the run that starts now."""
    with TrytonSession.admin(tryton) as office:
        newest_ids = {
            kind: office(model, "search", domain, 0, 1, [["id", "DESC"]])
            for kind, (model, _, domain) in MODELS.items()
        }
    return {kind: ids[0] if ids else 0 for kind, ids in newest_ids.items()}


def collect(site: Site, before: Newest, waiting: Mapping[int, str]) -> Evidence:
    """Return the evidence of the run at *site*.

    Args:
        before: the newest documents before the run.
        waiting: the status of each phone that has not converged, by its number.
    """
    return Evidence(
        captured={
            event["id"]: Captured(event["kind"], Decimal(event["total"]), event.get("mark", ""))
            for phone in site.phones
            for event in phone.events("captured")
        },
        acknowledged=frozenset(event["id"] for phone in site.phones for event in phone.events("acknowledged")),
        states={id: state for phone in site.phones for id, state in phone.status.get("states", {}).items()},
        erp_documents=_erp_documents(site.tryton, before),
        leaks=[event["canary"] for phone in site.phones for event in phone.events("leak")],
        waiting=waiting,
    )


def _erp_documents(tryton: TrytonServer, before: Newest) -> list[ErpDocument]:
    erp_documents = []
    with TrytonSession.admin(tryton) as office:
        for kind, (model, amount, domain) in MODELS.items():
            fields = ["satchel_key", "state", "comment", amount]
            later = [["id", ">", before[kind]], *domain]
            for row in office(model, "search_read", later, 0, None, None, fields):
                text = row["comment"] or ""
                erp_documents.append(ErpDocument(row["satchel_key"], kind, row["state"], row[amount], text))
    return erp_documents
