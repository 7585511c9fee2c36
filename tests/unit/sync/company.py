"""A tiny company for tests: two reps, two territories, and records by the catalogue's schemas."""

from typing import Any

from backend.database.core import Sessions
from backend.feed.changes import publish
from backend.identity.models import Rep
from backend.sync import grants
from sync_protocol.canonical import digest
from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.change import Change, Put
from tests.unit.sync.replica import NOW


def reps(sessions: Sessions) -> None:
    """Create two reps: R1 may read territory NW and warehouse W1, R2 SE and W2."""
    with sessions() as session, session.begin():
        grants.set_role(session, "sales", COLLECTIONS)
        for id, territory, warehouse in (("R1", "NW", "W1"), ("R2", "SE", "W2")):
            session.add(Rep(id=id, name=f"Rep {id}", role="sales", employee_number=f"E{id}", active=True))
            session.flush()
            grants.assign(session, id, f"territory:{territory}", NOW)
            grants.assign(session, id, f"warehouse:{warehouse}", NOW)


def say(sessions: Sessions, *changes: Change) -> int:
    """Publish and commit; every put is checked against its collection's schema, as ingest does."""
    for change in changes:
        if isinstance(change, Put):
            assert COLLECTIONS[change.collection].faults(dict(change.record)) == []
    with sessions() as session, session.begin():
        return publish(session, changes)


def customer(id: str, territory: str | None, **fields: Any) -> Put:
    record = {
        "id": id,
        "number": id,
        "name": f"Customer {id}",
        "kind": "organisation",
        "status": "active",
        "block_order": False,
        "block_delivery": False,
        "territory": territory,
        "group": None,
        "tax_id": None,
        "language": "en",
        "currency": "EUR",
        "price_list_id": None,
        "payment_term": "30 days",
        "addresses": [],
        "notes": None,
        "replaced_by": None,
    }
    return Put("customers", id, {**record, **fields})


def order(id: str, customer_id: str, **fields: Any) -> Put:
    record = {
        "id": id,
        "number": id,
        "customer_id": customer_id,
        "submission_id": None,
        "customer_reference": None,
        "order_date": "2026-11-20",
        "requested_date": None,
        "currency": "EUR",
        "warehouse_id": None,
        "net": "10.00",
        "tax": "1.90",
        "gross": "11.90",
        "axes": {"transport": "processing", "approval": "none", "delivery": "waiting", "billing": "pending"},
        "lines": [],
        "deliveries": [],
        "invoices": [],
    }
    return Put("orders", id, {**record, **fields})


def receivable(id: str, customer_id: str) -> Put:
    return Put(
        "receivables",
        id,
        {
            "id": id,
            "customer_id": customer_id,
            "type": "invoice",
            "number": id,
            "date": "2026-11-01",
            "due_date": "2026-12-01",
            "amount": "11.90",
            "open_amount": "11.90",
            "currency": "EUR",
            "order_number": None,
        },
    )


def unit(id: str = "u", decimals: int = 0) -> Put:
    record = {
        "id": id,
        "name": f"Unit {id}",
        "symbol": id,
        "category": "unit",
        "factor": "1",
        "decimals": decimals,
    }
    return Put("units", id, record)


def product(id: str, *, sellable: bool = True, units: tuple[str, ...] = ("u",)) -> Put:
    return Put(
        "products",
        id,
        {
            "id": id,
            "sku": id,
            "name": f"Product {id}",
            "kind": "product",
            "group": None,
            "base_unit": units[0],
            "units": [{"unit": name, "factor": "1"} for name in units],
            "barcodes": [],
            "active": True,
            "sellable": sellable,
            "fits": [],
            "replaced_by": None,
        },
    )


def warehouse(id: str) -> Put:
    return Put("warehouses", id, {"id": id, "name": f"Warehouse {id}"})


def expense_category(id: str = "meals") -> Put:
    return Put(
        "expense_categories",
        id,
        {
            "id": id,
            "name": "Meals",
            "currency": "EUR",
            "limit_per_line": "100.00",
            "receipt_above": "20.00",
            "active": True,
        },
    )


def order_body(customer_id: str = "C1", **fields: Any) -> dict[str, Any]:
    body = {
        "customer_id": customer_id,
        "order_date": "2026-11-23",
        "currency": "EUR",
        "lines": [{"line_no": 1, "product_id": "P1", "quantity": "3", "unit": "u", "unit_price": "10.00"}],
    }
    return {**body, **fields}


def submission(id: str, body: dict[str, Any], kind: str = "order", **fields: Any) -> dict[str, Any]:
    """Return a document as a device would push it."""
    document = {
        "id": id,
        "kind": kind,
        "captured_at": "2026-11-23T08:00:00Z",
        "zone": "Europe/Berlin",
        "schema": 1,
        "body": body,
        "sha256": digest(body),
    }
    return {**document, **fields}


def master_data(sessions: Sessions) -> None:
    """Publish what an order, a forecast and a claim of R1 may cite."""
    say(
        sessions,
        unit(),
        unit("box"),
        unit("kg", 3),
        warehouse("W1"),
        warehouse("W2"),
        expense_category(),
        product("P1", units=("u", "box")),
        product("P2", sellable=False),
        product("P3", units=("kg",)),
        customer("C1", "NW"),
        customer("C2", "SE"),
    )
