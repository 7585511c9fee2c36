"""The data set: records by the catalogue's schemas, about 300 bytes each, the same in every run.

Of *n* records 15 in a hundred are products, 40 stock levels, 10 customers, 25 orders and 10 receivables.
Names, figures and dates are random, so that they compress like real ones.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from itertools import islice
from random import Random
from typing import Any

from tests.bench.company import TERRITORIES, WAREHOUSES, BenchRep
from tests.bench.words import ADJECTIVES, CITIES, FIRMS, NOTES, NOUNS, REGIONS, STREETS, SURNAMES

Record = dict[str, Any]
SHARES = {"products": 15, "customers": 10, "stock_levels": 40, "orders": 25, "receivables": 10}
FIRST_DAY = dt.date(2026, 1, 5)


def master_data() -> Iterator[tuple[str, Record]]:
    """Yield the units and warehouses that the other records cite."""
    for unit, name in (("u", "piece"), ("box", "box")):
        yield (
            "units",
            {"id": unit, "name": name, "symbol": unit, "category": "count", "factor": "1", "decimals": 0},
        )
    for warehouse in WAREHOUSES:
        yield "warehouses", {"id": warehouse, "name": f"Warehouse {warehouse}"}


def records(total: int) -> Iterator[tuple[str, Record]]:
    """Yield *total* (collection, record) pairs, parents before their followers."""
    for collection in SHARES:
        draw = Random(f"{collection} 7")
        for n in range(count(collection, total)):
            yield collection, _MAKERS[collection](n, draw, total)


def visible_count(rep: BenchRep, total: int) -> int:
    """Return how many records *rep* may read of the data set of *total* records, those for everyone
    included."""
    territories = [customer_of(n, total) for c in ("orders", "receivables") for n in range(count(c, total))]
    territories += range(count("customers", total))
    in_territories = sum(territory_of(customer) in rep.territories for customer in territories)
    stock = sum(warehouse_of(n) in rep.warehouses for n in range(count("stock_levels", total)))
    return in_territories + stock + count("products", total) + sum(1 for _ in master_data())


def is_visible_to(rep: BenchRep, collection: str, record: Record) -> bool:
    """Say whether *rep* may read *record*."""
    if collection == "stock_levels":
        return record["warehouse_id"] in rep.warehouses
    customer = record["id"] if collection == "customers" else record.get("customer_id")
    return customer is None or territory_of(int(customer[1:])) in rep.territories


def in_batches(items: Iterable[tuple[str, Record]], size: int) -> Iterator[list[tuple[str, Record]]]:
    """Yield *items* in lists of at most *size*."""
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch


def count(collection: str, total: int) -> int:
    """Return how many of *total* records are of *collection*."""
    return total * SHARES[collection] // 100


def customer_id(n: int) -> str:
    return f"C{n:06}"


def product_id(n: int) -> str:
    return f"P{n:06}"


def territory_of(customer: int) -> str:
    """Return the territory of the customer with number *customer*."""
    return TERRITORIES[customer % len(TERRITORIES)]


def warehouse_of(stock: int) -> str:
    """Return the warehouse of the stock level with number *stock*."""
    return WAREHOUSES[stock % len(WAREHOUSES)]


def customer_of(n: int, total: int) -> int:
    """Return the number of the customer that order or receivable number *n* belongs to."""
    return n % max(1, count("customers", total))


def changed(collection: str, record: Record, change_number: int) -> Record:
    """Return *record* after a change; *change_number* makes each change different."""
    match collection:
        case "stock_levels":
            on_hand = 3_000 + change_number
            return {**record, "on_hand": str(on_hand), "available": str(on_hand - int(record["reserved"]))}
        case "orders":
            return {**record, "customer_reference": f"changed {change_number}"}
        case "receivables":
            return {**record, "open_amount": _money(100 + change_number)}
        case "customers":
            return {**record, "payment_term": f"{100 + change_number} days net"}
    return {**record, "name": f"{record['name']} {change_number}"}


def _product(n: int, draw: Random, total: int) -> Record:
    return {
        "id": product_id(n),
        "sku": f"{draw.choice('ABCDEFGH')}{draw.randrange(100, 999)}-{n:05}",
        "name": f"{draw.choice(ADJECTIVES)} {draw.choice(NOUNS)} {draw.randrange(10, 500)} mm",
        "kind": draw.choice(("product", "product", "spare_part", "promotional_good")),
        "group": draw.choice(NOUNS),
        "base_unit": "u",
        "units": [{"unit": "u", "factor": "1"}, {"unit": "box", "factor": str(draw.choice((6, 10, 12, 24)))}],
        "barcodes": [str(draw.randrange(4 * 10**12, 5 * 10**12))],
        "active": draw.random() < 0.95,
        "sellable": True,
        "fits": [],
        "replaced_by": None,
    }


def _customer(n: int, draw: Random, total: int) -> Record:
    town = draw.randrange(len(CITIES))
    return {
        "id": customer_id(n),
        "number": f"D{10_000 + n}",
        "name": f"{draw.choice(SURNAMES)} {draw.choice(FIRMS)}",
        "kind": "organisation" if draw.random() < 0.9 else "person",
        "status": draw.choice(("active",) * 8 + ("prospect", "closed")),
        "block_order": draw.random() < 0.03,
        "block_delivery": draw.random() < 0.03,
        "territory": territory_of(n),
        "group": draw.choice(("retail", "craft", "industry", "public")),
        "tax_id": f"DE{draw.randrange(10**8, 10**9)}",
        "language": draw.choice(("de", "de", "de", "en", "fr")),
        "currency": "EUR",
        "price_list_id": None,
        "payment_term": draw.choice(("14 days 2 %", "30 days net", "60 days net")),
        "addresses": [
            {
                "id": f"A{n:06}",
                "name": None,
                "uses": ["delivery", "invoice"],
                "lines": [f"{draw.choice(STREETS)} {draw.randrange(1, 180)}"],
                "city": CITIES[town],
                "region": draw.choice(REGIONS),
                "postal_code": f"{10_000 + town * 137 + draw.randrange(90)}",
                "country": "DE",
            }
        ],
        "notes": draw.choice(NOTES),
        "replaced_by": None,
    }


def _stock(n: int, draw: Random, total: int) -> Record:
    on_hand, reserved = draw.randrange(2_000), draw.randrange(50)
    product = (n // len(WAREHOUSES)) % count("products", total)
    warehouse = warehouse_of(n)
    return {
        "id": f"S{n:07}",
        "product_id": product_id(product),
        "warehouse_id": warehouse,
        "unit": "u",
        "on_hand": str(on_hand),
        "reserved": str(reserved),
        "available": str(on_hand - reserved),
        "incoming": [] if draw.random() < 0.8 else [{"date": _day(draw), "quantity": str(draw.randrange(500))}],
        "as_of": f"2026-11-23T06:{draw.randrange(60):02}:{draw.randrange(60):02}Z",
    }


def _order(n: int, draw: Random, total: int) -> Record:
    price, quantity = draw.randrange(150, 90_000), draw.randrange(1, 60)
    net = price * quantity
    day = _day(draw)
    return {
        "id": f"O{n:07}",
        "number": f"SO{draw.randrange(10**6):06}-{n}",
        "customer_id": customer_id(customer_of(n, total)),
        "submission_id": None,
        "customer_reference": f"PO {draw.randrange(10**5)}" if draw.random() < 0.5 else None,
        "order_date": day,
        "requested_date": _day(draw) if draw.random() < 0.6 else None,
        "currency": "EUR",
        "warehouse_id": draw.choice(WAREHOUSES),
        "net": _money(net),
        "tax": _money(net * 19 // 100),
        "gross": _money(net + net * 19 // 100),
        "axes": {
            "transport": draw.choice(("confirmed", "processing", "done", "cancelled")),
            "approval": draw.choice(("none", "none", "approved", "credit_hold")),
            "delivery": draw.choice(("waiting", "partial", "delivered")),
            "billing": draw.choice(("pending", "invoiced", "paid")),
        },
        "lines": [
            {
                "line_no": 1,
                "product_id": product_id(draw.randrange(count("products", total))),
                "description": None,
                "unit": "u",
                "ordered": str(quantity),
                "delivered": str(draw.choice((0, quantity))),
                "invoiced": str(draw.choice((0, quantity))),
                "unit_price": _money(price),
                "net": _money(net),
            }
        ],
        "deliveries": [],
        "invoices": [],
    }


def _receivable(n: int, draw: Random, total: int) -> Record:
    amount, day = draw.randrange(1_000, 2_000_000), _day(draw)
    return {
        "id": f"V{n:07}",
        "customer_id": customer_id(customer_of(n, total)),
        "type": draw.choice(("invoice",) * 6 + ("credit_note", "payment")),
        "number": f"IN{draw.randrange(10**6):06}-{n}",
        "date": day,
        "due_date": (dt.date.fromisoformat(day) + dt.timedelta(days=30)).isoformat(),
        "amount": _money(amount),
        "open_amount": _money(amount if draw.random() < 0.5 else 0),
        "currency": "EUR",
        "order_number": f"SO{draw.randrange(10**6):06}" if draw.random() < 0.7 else None,
    }


def _day(draw: Random) -> str:
    return (FIRST_DAY + dt.timedelta(days=draw.randrange(320))).isoformat()


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


_MAKERS = {
    "products": _product,
    "customers": _customer,
    "stock_levels": _stock,
    "orders": _order,
    "receivables": _receivable,
}
