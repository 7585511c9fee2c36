"""Products with kind, group, unit and tax, and three price lists."""

import random
from decimal import Decimal

from proteus import Model
from proteus.config import get_config

KINDS = ("Product", "Spare part", "Promotional good")
GROUPS = {
    "Fasteners": ("Hex bolt", "Wood screw", "Anchor", "Washer", "Rivet"),
    "Tools": ("Cordless drill", "Torque wrench", "Angle grinder", "Spirit level"),
    "Sealing": ("Sealing tape", "Silicone cartridge", "O-ring set", "Gasket"),
    "Safety": ("Work gloves", "Safety goggles", "Ear defenders", "Helmet"),
}
PROMOTIONAL = ("Folding rule", "Calendar", "Coffee mug", "Catalogue")
BOX_OF = 12


def load(summary: dict, chance: random.Random, number: int) -> dict:
    """Returns kinds, groups, units and price lists by name, and products as a list."""
    kinds, groups = _tree("Kind", KINDS), _tree("Group", GROUPS)
    units = _units()
    rows = [_template(index, chance, summary, kinds, groups, units) for index in range(1, number + 1)]
    ids = Model.get("product.template")._proxy.create(rows, get_config().context)
    return {
        "kinds": kinds,
        "groups": groups,
        "units": units,
        "products": _created(ids, kinds),
        "price_lists": _price_lists(kinds["Spare part"], groups["Fasteners"]),
    }


def _tree(root: str, children: tuple[str, ...] | dict) -> dict[str, int]:
    """A category `root` with `children` below it: how Tryton marks one aspect of a product."""
    Category = Model.get("product.category")
    parent = Category(name=root)
    parent.save()
    made = {}
    for name in children:
        category = Category(name=name, parent=parent)
        category.save()
        made[name] = category.id
    return made


def _units() -> dict[str, int]:
    Unit = Model.get("product.uom")
    by_name = {name: Unit.find([("name", "=", name)])[0] for name in ("Unit", "Kilogram", "Meter")}
    box = Unit(name=f"Box of {BOX_OF}", symbol="box", category=by_name["Unit"].category)
    # whole boxes only; Tryton wants factor and rate both, each the other's inverse
    box.factor, box.rate = float(BOX_OF), round(1 / BOX_OF, 12)
    box.rounding, box.digits = 1.0, 0
    box.save()
    return {"u": by_name["Unit"].id, "kg": by_name["Kilogram"].id, "m": by_name["Meter"].id, "box": box.id}


def _template(index: int, chance: random.Random, summary: dict, kinds: dict, groups: dict, units: dict) -> dict:
    """Return a product.template with one variant, as `create` takes it."""
    kind = "Promotional good" if index % 20 == 0 else "Spare part" if index % 4 == 0 else "Product"
    group = chance.choice(list(GROUPS))
    stem = chance.choice(PROMOTIONAL if kind == "Promotional good" else GROUPS[group])
    unit = "kg" if group == "Fasteners" and index % 3 == 0 else "m" if stem == "Sealing tape" else "u"
    # kept in pieces, sold by the box: the unit of an order's line is not the unit of the stock
    sold_in = "box" if unit == "u" and index % 8 == 1 else unit
    cost = Decimal(chance.randrange(80, 9000)) / 100
    price = Decimal("0") if kind == "Promotional good" else (cost * Decimal("1.6")).quantize(Decimal("0.01"))
    tax = "VAT 7 %" if stem == "Catalogue" or index % 15 == 0 else "VAT 19 %"
    return {
        "name": f"{stem} {chance.choice('ABCDEF')}{index:03d}",
        "code": f"P{index:05d}",
        "type": "goods",
        "salable": True,
        "default_uom": units[unit],
        "sale_uom": units[sold_in],
        "list_price": price,
        "account_category": summary["account_categories"][tax],
        "categories": [("add", [kinds[kind], groups[group]])],
        "products": [("create", [{"cost_price": cost}])],
    }


def _created(template_ids: list[int], kinds: dict[str, int]) -> list[dict]:
    """Return the products as an order needs them; prices as decimal text."""
    kind_of = {number: name for name, number in kinds.items()}
    products = Model.get("product.product")._proxy.search_read(
        [("template", "in", template_ids)], 0, None, [("code", "ASC")],
        ["code", "name", "template", "default_uom", "sale_uom", "list_price_used",
         "template.account_category", "template.categories"],
        get_config().context,
    )  # fmt: skip
    return [
        {
            "id": row["id"],
            "code": row["code"],
            "name": row["name"],
            "unit": row["default_uom"],
            "sale_unit": row["sale_uom"],
            "list_price": str(row["list_price_used"]),
            "account_category": row["template."]["account_category"],
            "kind": next(kind_of[c] for c in row["template."]["categories"] if c in kind_of),
        }
        for row in products
    ]


def _price_lists(spare_parts: int, fasteners: int) -> dict[str, int]:
    """Make three price lists: the list price; 10 % off; by category and quantity."""
    rules: dict[str, list[dict]] = {
        "Standard": [{"formula": "unit_price"}],
        "Dealer": [{"quantity": 50.0, "formula": "unit_price * 0.85"}, {"formula": "unit_price * 0.9"}],
        "Key account": [
            {"category": spare_parts, "formula": "unit_price * 0.7"},
            {"category": fasteners, "quantity": 100.0, "formula": "unit_price * 0.75"},
            {"formula": "unit_price * 0.8"},
        ],
    }
    made = {}
    for name, lines in rules.items():
        # Tryton takes the first line that matches, so the order of lines is their priority
        numbered = [{"sequence": place, **line} for place, line in enumerate(lines)]
        row = {"name": name, "price": "list_price", "lines": [("create", numbered)]}
        (made[name],) = Model.get("product.price_list")._proxy.create([row], get_config().context)
    settings = Model.get("sale.configuration")(1)
    settings.sale_price_list = Model.get("product.price_list")(made["Standard"])
    settings.save()
    return made
