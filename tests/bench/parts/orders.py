"""Orders of three lines, as the phones of the bench push them."""

import datetime as dt
from collections.abc import Iterator
from random import Random
from typing import Any

from ulid import ULID

from tests.bench.company import BenchRep
from tests.bench.dataset import DataSet


def orders(count: int, data: DataSet, rep: BenchRep, seed: int) -> Iterator[dict[str, Any]]:
    """Yield *count* orders that every system accepts: products on sale, for customers of *rep*."""
    draw = Random(seed)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    customers = [id for territory in rep.territories for id in data.customers[territory]]
    for _ in range(count):
        lines = [
            {
                "line_no": line,
                "product_id": draw.choice(data.products),
                "quantity": str(draw.randrange(1, 40)),
                "unit": "u",
                "unit_price": f"{draw.randrange(1, 900)}.{draw.randrange(100):02}",
            }
            for line in (1, 2, 3)
        ]
        body = {
            "customer_id": draw.choice(customers),
            "order_date": today,
            "currency": "EUR",
            "warehouse_id": rep.warehouses[0],
            "lines": lines,
        }
        yield {"id": str(ULID()), "body": body}
