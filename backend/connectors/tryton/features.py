"""What this Tryton has: the fields of the companion module, and optional modules."""

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
"""Models that the connector needs, and the modules that provide them."""
FIELDS = {
    ("party.party", "sale_price_list"): "sale_price_list",
    ("party.party", "credit_limit_amount"): "account_credit_limit",
}
"""Fields that the connector needs, and the modules that provide them."""
OPTIONAL = {FORECAST: "stock_forecast", RELATIONS: "party_relationship"}


@dataclass(frozen=True)
class Features:
    """What Tryton has."""

    keyed: frozenset[str]
    """Models with the companion module's field for our key, which the database keeps unique."""
    models: frozenset[str]
    missing: tuple[str, ...]
    """Needed modules that are not installed."""

    @property
    def forecasts(self) -> bool:
        """Whether forecasts can be written."""
        return FORECAST in self.models

    @property
    def relations(self) -> bool:
        """Whether parties have contact persons."""
        return RELATIONS in self.models


def look(client: Client) -> Features:
    """Return the features of Tryton, with two calls. Raises `ErpError`."""
    modules = [*MODULES, *OPTIONAL]
    models = client.search_read("ir.model", [["name", "in", modules]], ["name"])
    present = frozenset(row["name"] for row in models)
    names = [KEY_FIELD, *(name for _, name in FIELDS)]
    rows = client.search_read("ir.model.field", [["name", "in", names]], ["name", "model"])
    fields = {(row["model"], row["name"]) for row in rows}
    missing = {module for model, module in MODULES.items() if model not in present}
    missing |= {module for field, module in FIELDS.items() if field not in fields}
    keyed = frozenset(model for model, field in fields if field == KEY_FIELD)
    return Features(keyed, present, tuple(sorted(missing)))
