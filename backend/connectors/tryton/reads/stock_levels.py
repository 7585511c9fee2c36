"""Stock levels: computed by Tryton per warehouse, without a stamp; stock moves are the triggers."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from backend.clock import instant
from backend.connectors.tryton.client import Client, Domain
from backend.connectors.tryton.lookups import Lookups
from backend.connectors.tryton.mapping.stock_levels import level_key
from backend.connectors.tryton.reads.products import CHANGED, PRODUCT, ProductSource
from backend.connectors.tryton.row import Row
from backend.connectors.tryton.rows import Item
from backend.connectors.tryton.sources import Trigger, by_id, same

INCOMING: Domain = [
    ["state", "in", ["draft", "assigned"]],
    ["from_location.type", "in", ["supplier", "production"]],
]
MOVE_FIELDS = ("product", "internal_quantity", "planned_date")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class StockLevels(ProductSource):
    """Active goods for sale in every warehouse."""

    collection = "stock_levels"
    snapshot = True
    records_per_root = 2
    triggers = (Trigger("stock.move", same("product"), ["product"]), *CHANGED)

    def __init__(self, lookups: Lookups, now: Callable[[], dt.datetime] = _now) -> None:
        super().__init__(lookups)
        self._now = now

    def domain(self, client: Client) -> Domain:
        return [["template.salable", "=", True], ["template.type", "=", "goods"]]

    def count(self, client: Client) -> int:
        return client.count(self.model, self.domain(client)) * len(self.lookups.warehouses())

    def items(self, client: Client, roots: list[int]) -> Iterator[Item]:
        warehouses = [row["id"] for row in self.lookups.warehouses()]
        goods = by_id(client.search_read(PRODUCT, [*self.domain(client), ["id", "in", roots]], ["default_uom"]))
        today = self.lookups.today()
        figures = {w: _figures(client, sorted(goods), w, today) for w in warehouses}
        as_of = instant(self._now())
        for root in roots:
            for warehouse in warehouses:
                key = level_key(root, warehouse)
                if root not in goods:
                    yield Item(key, None)
                    continue
                raw = {
                    "product": root, "warehouse": warehouse, "unit": goods[root]["default_uom"], "as_of": as_of,
                    **figures[warehouse][root],
                }  # fmt: skip
                yield Item(key, raw)

    def keys(self, client: Client, roots: list[int]) -> Iterable[str]:
        warehouses = self.lookups.warehouses()
        return [level_key(root, row["id"]) for root in roots for row in warehouses]


def _figures(client: Client, products: list[int], warehouse: int, today: dt.date) -> dict[int, Row]:
    """Return on_hand, free and incoming of each product in the storage zone of a warehouse.

    The free quantity is the one that Tryton computes with assigned moves counted as done.
    """
    zone: Row = {"locations": [warehouse], "stock_skip_warehouse": True, "stock_date_end": today}
    on_hand = by_id(client.read(PRODUCT, products, ["quantity"], context=zone))
    free = by_id(client.read(PRODUCT, products, ["quantity"], context={**zone, "stock_assign": True}))
    incoming: dict[int, dict[dt.date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    domain = [*INCOMING, ["product", "in", products], ["to_location", "child_of", [warehouse], "parent"]]
    for row in client.search_read("stock.move", domain, MOVE_FIELDS) if products else []:
        # A past date is a late delivery, which may arrive any day.
        incoming[row["product"]][max(row["planned_date"] or today, today)] += Decimal(row["internal_quantity"])
    return {
        n: {
            "on_hand": Decimal(on_hand[n]["quantity"] or 0),
            "free": Decimal(free[n]["quantity"] or 0),
            "incoming": sorted(incoming[n].items()),
        }
        for n in products
    }
