"""Lookups in Tryton before an order is created.

Faults of the order are refused here where possible: this names the field, which Tryton's own refusals seldom
do, and nothing has been written yet.
"""

import json
from typing import Any

from backend.connectors.tryton.client import Client
from backend.connectors.tryton.features import KEY_FIELD, SALE
from backend.connectors.tryton.lookups import Lookups
from backend.connectors.tryton.mapping.order import OrderFacts
from backend.connectors.tryton.mapping.price_lists import LIST_PRICE
from backend.connectors.tryton.row import Row
from backend.connectors.tryton.sources import ANY, by_id
from backend.connectors.tryton.values import quantity
from backend.connectors.tryton.workflow import currency_id, find_single, tryton_id
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import Document

REP = ErrorClass.REJECT_REP
CUSTOMER_FIELDS = ("name", "active", "replaced_by", "addresses")
PRODUCT_FIELDS = ("name", "active", "template.salable", "default_uom.category")
PRICE_DIGITS = 4
"""Tryton's own default."""
MAX_MERGES = 10

Line = dict[str, Any]


def order_facts(client: Client, lookups: Lookups, document: Document, *, keyed: bool) -> OrderFacts:
    """Return what *document* needs. Raises `ErpError`, with the field if one is to blame."""
    body = document.body
    named = tryton_id(body["customer_id"], "customer_id")
    customer = _customer(client, named)
    party = _defaults(client, lookups.company, customer)
    ship_to = _ship_to(body.get("ship_to_id"), customer, named) or party.get("shipment_address")
    currency = currency_id(client, body["currency"])
    price_list = body.get("price_list_id")
    list_id = None if price_list in (None, LIST_PRICE) else tryton_id(price_list, "price_list_id")
    products = _products(client, body["lines"])
    sale = {
        "id": -1, "party": customer["id"], "company": lookups.company, "currency": currency,
        "price_list": list_id, "invoice_party": party.get("invoice_party"),
    }  # fmt: skip
    return OrderFacts(
        party=party,
        shipment_address=ship_to,
        currency=currency,
        price_list=list_id,
        warehouse=_warehouse(lookups, body.get("warehouse_id")),
        taxes={product: _taxes(client, line, sale) for product, line in products.items()},
        price_digits=_price_digits(client),
        key_field=KEY_FIELD if keyed else None,
    )


def _name_for_rep(customer: Row, named: int) -> str:
    """Return the name of the customer *named*; the rep may not see the one it was merged into."""
    return str(customer["name"]) if customer["id"] == named else "the customer into which this one was merged"


def _customer(client: Client, named: int) -> Row:
    """Return the customer *named*, or the one it was merged into."""
    party = named
    unknown = ErpError(REP, "Tryton no longer has this customer.", field="customer_id")
    for _ in range(MAX_MERGES):
        row = find_single(client, "party.party", [["id", "=", party], ANY], CUSTOMER_FIELDS, unknown)
        if row["replaced_by"] is None:
            if row["active"]:
                return row
            raise ErpError(REP, f"In Tryton, {_name_for_rep(row, named)} is closed.", field="customer_id")
        party = row["replaced_by"]
    raise unknown


def _defaults(client: Client, company: int, customer: Row) -> Row:
    """Return what Tryton's own screen fills in for the customer."""
    blank = dict.fromkeys(("invoice_party", "shipment_party", "payment_term", "warehouse"))
    sale = {"party": customer["id"], "company": company, "lines": [], **blank}
    filled_in: Row = client.call(f"model.{SALE}.on_change_party", sale)
    return {**filled_in, "party": customer["id"]}


def _ship_to(key: str | None, customer: Row, named: int) -> int | None:
    if key is None:
        return None
    address = tryton_id(key, "ship_to_id")
    if address not in customer["addresses"]:
        message = f"This is no longer an address of {_name_for_rep(customer, named)}."
        raise ErpError(REP, message, field="ship_to_id")
    return address


def _warehouse(lookups: Lookups, key: str | None) -> int:
    codes = {int(row["id"]): row["code"] for row in lookups.warehouses()}
    if key is not None:
        warehouse = tryton_id(key, "warehouse_id")
        if warehouse not in codes:
            raise ErpError(REP, "Tryton no longer has this warehouse.", field="warehouse_id")
        return warehouse
    code_option = lookups.options.warehouse
    matching = [n for n, code in codes.items() if not code_option or code == code_option]
    if len(matching) == 1:
        return matching[0]
    if code_option:
        message = f"Tryton does not have exactly one warehouse {code_option!r}; set SATCHEL_ERP_WAREHOUSE."
        raise ErpError(ErrorClass.CONFIG, message)
    raise ErpError(REP, "Choose the warehouse to deliver from.", field="warehouse_id")


def _products(client: Client, lines: list[Line]) -> dict[int, Line]:
    """Return the first line of each product, by its id. Raises `ErpError` for a product that cannot be sold."""
    ids = [tryton_id(line["product_id"], f"lines[{n}].product_id") for n, line in enumerate(lines)]
    domain = [["id", "in", sorted(set(ids))], ANY]
    products = by_id(client.search_read("product.product", domain, PRODUCT_FIELDS))
    units = by_id(client.search_read("product.uom", [ANY], ["category"]))
    first: dict[int, Line] = {}
    for n, line in enumerate(lines):
        field = f"lines[{n}]"
        product = products.get(ids[n])
        if product is None:
            message = "Tryton no longer has this product."
            raise ErpError(REP, message, field=f"{field}.product_id")
        if not product["active"] or not product["template."]["salable"]:
            raise ErpError(REP, f"{product['name']} is no longer for sale.", field=f"{field}.product_id")
        unit = units.get(tryton_id(line["unit"], f"{field}.unit"))
        if unit is None or unit["category"] != product["default_uom."]["category"]:
            raise ErpError(REP, f"{product['name']} is not sold in this unit.", field=f"{field}.unit")
        first.setdefault(ids[n], line)
    return first


def _taxes(client: Client, line: Line, sale: Row) -> list[int]:
    """Return the ids of the product's taxes for this customer. Only Tryton knows its tax rules, so ask it."""
    sale_line = {
        "type": "line", "product": int(line["product_id"]), "quantity": quantity(line["quantity"]),
        "unit": int(line["unit"]), "taxes": [], "sale": sale,
    }  # fmt: skip
    answer = client.call("model.sale.line.on_change", sale_line, ["product"])
    added = (answer.get("taxes") or {}).get("add") or []
    return [int(values["id"]) for _, values in added]


def _price_digits(client: Client) -> int:
    """Return how many decimals a unit price may have in this Tryton."""
    field = client.call("model.sale.line.fields_get", ["unit_price"])["unit_price"]
    # an expression of PYSON, written as JSON within JSON: "[null, 4]"
    digits = json.loads(field["digits"])
    return digits[1] if isinstance(digits, list) and isinstance(digits[1], int) else PRICE_DIGITS
