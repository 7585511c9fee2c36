"""The products of the sample company with prices and stock, and its expense categories."""

import random
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from backend.connectors.flatfile.files import (
    EXPENSE_CATEGORIES,
    PRICE_LISTS,
    PRICES,
    PRODUCTS,
    STOCK,
    UNITS,
    WAREHOUSES,
)
from backend.sample_erp.database import SampleDatabase
from backend.sample_erp.names import FAMILIES_OF_GOODS, GIVEAWAYS, PARTS, SERIES

PRODUCTS_NUMBER, PARTS_NUMBER, GIVEAWAYS_NUMBER = 1000, 400, 100
CENT = Decimal("0.01")
PRICE_STEP = Decimal("0.0001")

LISTS = (
    # id, name, currency, tax included, factor on the base price
    ("L1", "Trade", "EUR", False, Decimal("1.00")),
    ("L2", "Industry", "EUR", False, Decimal("0.92")),
    ("L3", "Retail", "EUR", True, Decimal("1.35")),
    ("L4", "Switzerland", "CHF", False, Decimal("1.08")),
)
UNIT_ROWS = (
    ("piece", "Piece", "pc", "count", "1", "0"),
    ("pair", "Pair", "pr", "pair", "1", "0"),
    ("box", "Box", "bx", "count", "1", "0"),
    ("kg", "Kilogram", "kg", "weight", "1", "3"),
    ("g", "Gram", "g", "weight", "0.001", "0"),
    ("m", "Metre", "m", "length", "1", "2"),
    ("l", "Litre", "l", "volume", "1", "2"),
)
CATEGORIES = (
    ("fuel", "Fuel", "EUR", "150.00", "25.00"),
    ("hotel", "Hotel", "EUR", "180.00", "0.00"),
    ("meal", "Meal with a customer", "EUR", "120.00", "25.00"),
    ("parking", "Parking", "EUR", "40.00", "10.00"),
    ("train", "Train", "EUR", "", "0.00"),
    ("sample", "Samples and small tools", "EUR", "75.00", "0.00"),
    ("phone", "Telephone", "EUR", "30.00", ""),
)


def create_products(db: SampleDatabase, chance: random.Random) -> None:
    """Write the products."""
    db.put(UNITS, (dict(zip(UNITS.columns, row, strict=True)) for row in UNIT_ROWS))
    db.put(WAREHOUSES, ({"id": "W1", "name": "Main store north"}, {"id": "W2", "name": "Store south"}))
    db.put(
        PRICE_LISTS,
        (
            {"id": id, "name": name, "currency": currency, "tax_included": tax}
            for id, name, currency, tax, _ in LISTS
        ),
    )
    db.put(
        EXPENSE_CATEGORIES,
        (
            {
                "id": id,
                "name": name,
                "currency": currency,
                "limit_per_line": limit,
                "receipt_above": above,
                "active": 1,
            }
            for id, name, currency, limit, above in CATEGORIES
        ),
    )
    products = [*_products(chance), *_parts(chance), *_giveaways(chance)]
    db.put(PRODUCTS, products)
    db.put(PRICES, (price for product in products for price in _prices(product)))
    db.put(STOCK, (level for product in products for level in _levels(product, chance)))


def _products(chance: random.Random) -> list[dict[str, Any]]:
    made = []
    for number in range(1, PRODUCTS_NUMBER + 1):
        name, group, unit, (low, high) = FAMILIES_OF_GOODS[number % len(FAMILIES_OF_GOODS)]
        units = f"{unit}:1"
        if group == "Fasteners":
            units = "box:100|piece:1"
        elif unit == "kg":
            units = "kg:1|g:0.001"
        elif unit == "piece" and number % 4 == 0:
            units = "piece:1|box:6"
        made.append(
            {
                **_common(f"P{number:04d}", f"{name} {chance.choice(SERIES)} {100 + number}", "product", group),
                "base_unit": unit,
                "units": units,
                "barcodes": _ean13(40_0000_0000_00 + number),
                "active": number % 97 != 0,
                "sellable": number % 89 != 0 and number % 97 != 0,
                "cents": chance.randint(low, high),
            }
        )
    return made


def _ean13(digits: int) -> str:
    """Return the EAN-13 that begins with the 12 *digits* (GS1 General Specifications, 7.9: check digit)."""
    weighted = sum(int(each) * (3 if n % 2 else 1) for n, each in enumerate(str(digits)))
    return f"{digits}{-weighted % 10}"


def _parts(chance: random.Random) -> list[dict[str, Any]]:
    made = []
    for number in range(1, PARTS_NUMBER + 1):
        fits = sorted(chance.sample(range(1, PRODUCTS_NUMBER + 1), 2))
        made.append(
            {
                **_common(
                    f"S{number:04d}", f"{chance.choice(PARTS)} {200 + number}", "spare_part", "Spare parts"
                ),
                "base_unit": "piece",
                "units": "piece:1",
                "active": True,
                "sellable": True,
                "fits": "|".join(f"P{product:04d}" for product in fits),
                "cents": chance.randint(150, 8900),
            }
        )
    return made


def _giveaways(chance: random.Random) -> list[dict[str, Any]]:
    return [
        {
            **_common(
                f"G{number:04d}", f"{chance.choice(GIVEAWAYS)} {300 + number}", "promotional_good", "Giveaways"
            ),
            "base_unit": "piece",
            "units": "piece:1",
            "active": True,
            "sellable": True,
            "cents": 0,
        }
        for number in range(1, GIVEAWAYS_NUMBER + 1)
    ]


def _common(id: str, name: str, kind: str, group: str) -> dict[str, Any]:
    return {"id": id, "sku": f"{id[0]}-{id[1:]}", "name": name, "kind": kind, "group": group}


def _prices(product: dict[str, Any]) -> list[dict[str, Any]]:
    made = []
    base = Decimal(product["cents"]) / 100
    for id, _, currency, _, factor in LISTS:
        row = {"price_list_id": id, "product_id": product["id"], "currency": currency}
        for part in product["units"].split("|"):
            unit, _, size = part.partition(":")
            amount = base * factor * Decimal(size) * (Decimal("0.95") if unit == "box" else 1)
            made.append({**row, "unit": unit, "min_quantity": "0", "amount": _cents(amount, unit)})
            if unit == "box":
                made.append(
                    {**row, "unit": unit, "min_quantity": "10", "amount": _cents(amount * Decimal("0.9"), unit)}
                )
    return made


def _cents(amount: Decimal, unit: str) -> str:
    step = Decimal("0.0001") if unit == "g" else CENT
    return f"{amount.quantize(step, ROUND_HALF_UP):f}"


def _levels(product: dict[str, Any], chance: random.Random) -> list[dict[str, Any]]:
    made = []
    for warehouse in ("W1", "W2"):
        on_hand = chance.choice((0, chance.randint(1, 40), chance.randint(40, 5000)))
        on_hand *= 100 if product["group"] == "Fasteners" else 1
        made.append(
            {
                "product_id": product["id"],
                "warehouse_id": warehouse,
                "unit": product["base_unit"],
                "on_hand": on_hand,
                "reserved": 0,
                "available": on_hand,
            }
        )
    return made
