"""Orders: create a sale with our key, quote it, confirm it."""

import threading
from dataclasses import replace

from backend.connectors.tryton import workflow
from backend.connectors.tryton.client import Client, Domain
from backend.connectors.tryton.errors import TrytonRefusal, guard_reply
from backend.connectors.tryton.features import SALE, Features
from backend.connectors.tryton.lookups import Lookups
from backend.connectors.tryton.mapping import order
from backend.connectors.tryton.mapping.text import money
from backend.connectors.tryton.order_lookups import order_facts
from backend.connectors.tryton.row import Row
from backend.connectors.tryton.workflow import Workflow, tryton_id
from backend.erp.records import Document, ErpDocument, Outcome
from sync_protocol.submission import State

ORDER = Workflow(
    SALE,
    {"draft": "quote", "quotation": "confirm"},
    frozenset({"confirmed", "processing", "done"}),
    called="order",
    goal="confirm",
    total="untaxed_amount",
    customer="party",
)
LIMIT_FIELDS = ("name", "credit_amount", "credit_limit_amount", "currency.code")


class Orders:
    """Sends orders to one Tryton."""

    def __init__(self, client: Client, lookups: Lookups) -> None:
        self._client = client
        self._lookups = lookups
        # Confirming an order of a customer with a credit limit locks whole tables in Tryton, and a second
        # call is refused meanwhile. One order at a time is faster than many that block each other.
        self._confirming = threading.Lock()

    def find(self, key: str, features: Features) -> list[ErpDocument]:
        """Return the sales that carry our key."""
        return workflow.find(self._client, ORDER, key, self._ours(), keyed=SALE in features.keyed)

    def find_by_number(self, number: str, features: Features) -> list[ErpDocument]:
        """Return the sales with *number*."""
        return workflow.find_by_number(self._client, ORDER, number, self._ours(), keyed=SALE in features.keyed)

    def _ours(self) -> Domain:
        return [["company", "=", self._lookups.company]]

    def create(self, document: Document, features: Features) -> ErpDocument:
        """Create the draft. Raises `ErpError`, with the field if one is to blame."""
        with guard_reply(writes=False):
            facts = order_facts(self._client, self._lookups, document, keyed=SALE in features.keyed)
            values = order.values(document, facts)
        return ErpDocument(str(self._client.create(SALE, values)), None, "draft")

    def advance(self, document: Document, erp_document: ErpDocument) -> Outcome:
        """Quote and confirm. After a refusal the quotation stays in Tryton, where a person decides."""
        record = tryton_id(erp_document.external_id, "")
        with self._confirming:
            outcome = workflow.advance(
                self._client, ORDER, record, document, before=self._blocked, hold_reason=self._hold_reason
            )
        return self._hide_merged_customer(document, record, outcome)

    def _hide_merged_customer(self, document: Document, record: int, outcome: Outcome) -> Outcome:
        """Return *outcome*; if it is on hold for another customer, only the office sees the reason.

        The customer was merged a moment ago, and it is not known here whether the rep may see the other one.
        """
        if outcome.state is not State.ON_HOLD:
            return outcome
        party = self._client.read(SALE, [record], ["party"])[0]["party"]
        if str(party) == document.body["customer_id"]:
            return outcome
        reason = "This customer was merged into another, whose order is on hold in Tryton. The office decides."
        return replace(outcome, reason=reason, raw=f"{outcome.reason} {outcome.raw or ''}".strip())

    def _blocked(self, row: Row) -> Outcome | None:
        """Stop at the quotation if the customer was blocked meanwhile."""
        if row["state"] != "quotation":
            return None
        blocked = self._lookups.named("party.category", self._lookups.options.blocked_category)
        party = self._client.read(SALE, [row["id"]], ["party.name", "party.categories"])[0]["party."]
        if not blocked & set(party["categories"]):
            return None
        reason = f"{party['name']} is blocked in Tryton. The order is quoted there; the office decides."
        remedy = f"Remove {party['name']} from the category that blocks it"
        return workflow.on_hold(ORDER, row, reason, "blocked", remedy)

    def _hold_reason(self, row: Row, refused: TrytonRefusal) -> str:
        if refused.rule != "credit_limit":
            return f"{refused.message} The order is in Tryton as {row['rec_name']}; the office decides."
        sale = self._client.read(SALE, [row["id"]], ["party", "untaxed_amount", "currency.code"])[0]
        party = self._client.read("party.party", [sale["party"]], LIMIT_FIELDS)[0]
        if party["credit_limit_amount"] is None:
            return refused.message
        code = party["currency."]["code"]
        return (
            f"{party['name']} has a credit limit of {money(party['credit_limit_amount'])} {code}, of which "
            f"{money(party['credit_amount'] or 0)} {code} are used; this order adds "
            f"{money(sale['untaxed_amount'])} {sale['currency.']['code']}. "
            "It is quoted in Tryton; the office decides."
        )
