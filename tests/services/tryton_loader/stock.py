"""Stock: one inventory per warehouse."""

import random

from proteus import Model
from proteus.config import get_config

OUT_OF_STOCK_EVERY = 15


def load(summary: dict, chance: random.Random) -> dict:
    """Enter stock in both warehouses; some products are out of stock in one of them."""
    context = get_config().context
    Inventory = Model.get("stock.inventory")
    for offset, warehouse in enumerate(summary["warehouses"].values()):
        lines = [
            {"product": product["id"], "quantity": float(chance.randrange(1000, 6000))}
            for place, product in enumerate(summary["products"])
            if (place + offset) % OUT_OF_STOCK_EVERY
        ]
        inventory = {"location": warehouse["storage"], "lines": [("create", lines)]}
        ids = Inventory._proxy.create([inventory], context)
        Inventory._proxy.confirm(ids, context)
    return {}
