"""What this Tryton has: the companion module's fields, and the modules that not everybody installs."""

from dataclasses import dataclass

from backend.connectors.tryton.client import Client

KEY_FIELD = "satchel_key"
SALE, INVOICE, FORECAST = "sale.sale", "account.invoice", "stock.forecast"
RELATIONS = "party.relation.all"
MODULES = {
    "party.address": "party",
    SALE: "sale",
    "stock.shipment.out": "stock",
    INVOICE: "account_invoice",
    "product.price_list": "product_price_list",
}
"""Models that the connector cannot do without, and the modules that bring them."""
FIELDS = {
    ("party.party", "sale_price_list"): "sale_price_list",
    ("party.party", "credit_limit_amount"): "account_credit_limit",
}
"""The same for fields."""
OPTIONAL = {FORECAST: "stock_forecast", RELATIONS: "party_relationship"}


@dataclass(frozen=True)
class Features:
    """What was found."""

    keyed: frozenset[str]
    """Models that hold our key in a field of its own, which the database keeps unique."""
    models: frozenset[str]
    missing: tuple[str, ...]
    """Modules that are needed and not there."""

    @property
    def forecasts(self) -> bool:
        """Whether there is something to write forecasts into."""
        return FORECAST in self.models

    @property
    def relations(self) -> bool:
        """Whether parties know contact persons."""
        return RELATIONS in self.models


def look(client: Client) -> Features:
    """Ask Tryton; two calls. Raises `ErpError`."""
    wanted = [*MODULES, *OPTIONAL]
    models = client.search_read("ir.model", [["name", "in", wanted]], ["name"])
    present = frozenset(row["name"] for row in models)
    names = [KEY_FIELD, *(name for _, name in FIELDS)]
    rows = client.search_read("ir.model.field", [["name", "in", names]], ["name", "model"])
    fields = {(row["model"], row["name"]) for row in rows}
    missing = {module for model, module in MODULES.items() if model not in present}
    missing |= {module for field, module in FIELDS.items() if field not in fields}
    keyed = frozenset(model for model, field in fields if field == KEY_FIELD)
    return Features(keyed, present, tuple(sorted(missing)))
