"""What changes in Tryton is read, also where the changed record's own stamp does not say so."""

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest
from psycopg import sql

from backend.connectors.tryton.adapter import TrytonConnector
from backend.erp.testing import Records, read_all
from tests.services import TrytonServer
from tests.unit.connectors.tryton.tryton_fixture import TrytonFixture


@pytest.fixture(scope="module")
def tryton(tryton_server: TrytonServer) -> Iterator[TrytonFixture]:
    with tryton_server.fresh("reads") as server, closing(TrytonFixture(server)) as fixture:
        yield fixture


@pytest.fixture
def connector(tryton: TrytonFixture) -> Iterator[TrytonConnector]:
    # no overlap: what is read again is what was found, not what happened a moment ago
    with closing(tryton.connect(overlap_seconds="0")) as connector:
        yield connector


class Reading:
    """One collection, read to its end once; `again` reads what came after."""

    def __init__(self, connector: TrytonConnector, collection: str) -> None:
        self.connector, self.collection = connector, collection
        self.before, self.mark = read_all(connector, collection)
        # the look back for slow transactions, so that only news is left
        _, self.mark = read_all(connector, collection, self.mark)

    def again(self) -> Records:
        """Return the records read since the last time."""
        records, self.mark = read_all(self.connector, self.collection, self.mark)
        return records

    def gone(self) -> tuple[str, ...]:
        """Return the keys that the next page says are gone."""
        return self.connector.read(self.collection, self.mark, 100).gone


def test_unchanged_records_are_not_read_again(connector: TrytonConnector) -> None:
    for collection in connector.capabilities().collections:
        assert Reading(connector, collection).again() == {}, collection


def test_a_new_address_updates_the_customer(tryton: TrytonFixture, connector: TrytonConnector) -> None:
    reading, customer = Reading(connector, "customers"), tryton.summary["customers"][2]
    stamp = tryton.office.read_one("party.party", customer["id"], "write_date")
    tryton.office("party.address", "write", [customer["address"]], {"city": "Husum"})
    assert tryton.office.read_one("party.party", customer["id"], "write_date") == stamp
    assert reading.again()[str(customer["id"])]["addresses"][0]["city"] == "Husum"


def test_a_changed_template_updates_its_product_and_prices(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    product = tryton.summary["products"][3]
    products, prices = Reading(connector, "products"), Reading(connector, "prices")
    template = tryton.office.read_one("product.product", product["id"], "template")["template"]
    tryton.office("product.template", "write", [template], {"name": "Renamed", "list_price": Decimal("77")})
    assert products.again()[str(product["id"])]["name"] == "Renamed"
    changed = prices.again()
    assert {record["product_id"] for record in changed.values()} == {str(product["id"])}
    assert changed[f"list-{product['id']}-{product['sale_unit']}-0"]["amount"] == "77.00"


def test_a_changed_price_list_line_updates_all_prices_of_the_list(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    reading = Reading(connector, "prices")
    dealer = tryton.summary["price_lists"]["Dealer"]
    [line] = tryton.office(
        "product.price_list.line",
        "search",
        [["price_list", "=", dealer], ["quantity", "=", None]],
        0,
        None,
        None,
    )
    tryton.office("product.price_list.line", "write", [line], {"formula": "unit_price * 0.5"})
    changed = reading.again()
    key = next(key for key in changed if key.startswith(f"{dealer}-") and key.endswith("-0"))
    assert Decimal(changed[key]["amount"]) < Decimal(reading.before[key]["amount"])


def test_prices_have_units_and_quantity_breaks(tryton: TrytonFixture, connector: TrytonConnector) -> None:
    """50 pieces are 5 boxes of 12; a price is for one of its unit."""
    records, _ = read_all(connector, "prices")
    product = next(p for p in tryton.summary["products"] if p["sale_unit"] == tryton.summary["units"]["box"])
    dealer, box, piece = tryton.summary["price_lists"]["Dealer"], product["sale_unit"], product["unit"]
    own = {
        key: Decimal(record["amount"])
        for key, record in records.items()
        if record["product_id"] == str(product["id"])
    }
    full = Decimal(product["list_price"])
    assert own[f"list-{product['id']}-{piece}-0"] == full
    assert own[f"list-{product['id']}-{box}-0"] == full * 12
    assert own[f"{dealer}-{product['id']}-{box}-5"] == full * 12 * Decimal("0.85")
    assert own[f"{dealer}-{product['id']}-{piece}-50"] == full * Decimal("0.85")


def test_a_shipment_updates_order_and_stock(tryton: TrytonFixture, connector: TrytonConnector) -> None:
    sale = tryton.summary["sales"]["processing"][0]
    orders, stock = Reading(connector, "orders"), Reading(connector, "stock_levels")
    before = orders.before[str(sale)]
    assert before["axes"]["delivery"] == "waiting"
    assert {line["delivered"] for line in before["lines"]} == {"0"}
    [shipment] = tryton.office.read_one("sale.sale", sale, "shipments")["shipments"]
    tryton.office("stock.shipment.out", "assign_force", [shipment])
    orders.again()
    assigned = stock.again()
    key = f"{before['lines'][0]['product_id']}-{before['warehouse_id']}"
    assert assigned[key]["reserved"] == before["lines"][0]["ordered"]
    assert Decimal(assigned[key]["available"]) == Decimal(assigned[key]["on_hand"]) - Decimal(
        assigned[key]["reserved"]
    )
    tryton.office("stock.shipment.out", "write", [shipment], {"reference": "TRACK-1"})
    assert orders.again()[str(sale)]["deliveries"][0]["tracking"] == "TRACK-1", "no move tells of it"
    for step in ("pick", "pack", "do"):
        tryton.office("stock.shipment.out", step, [shipment])
    after = orders.again()[str(sale)]
    assert after["axes"]["delivery"] == "delivered"
    assert [line["delivered"] for line in after["lines"]] == [line["ordered"] for line in after["lines"]]
    assert after["deliveries"][0]["status"] == "done"
    shipped = stock.again()[key]
    assert shipped["reserved"] == "0"
    assert Decimal(shipped["on_hand"]) == Decimal(assigned[key]["available"])


def test_invoice_and_payment_update_order_receivables_and_credit(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    sale = tryton.summary["sales"]["shipped"][0]
    orders, credit = Reading(connector, "orders"), Reading(connector, "credit")
    receivables = Reading(connector, "receivables")
    [invoice] = tryton.office.read_one("sale.sale", sale, "invoices")["invoices"]
    tryton.office("account.invoice", "write", [invoice], {"invoice_date": tryton.today})
    tryton.office("account.invoice", "post", [invoice])
    order = orders.again()[str(sale)]
    assert order["axes"]["billing"] == "invoiced"
    assert order["invoices"][0]["status"] == "open"
    assert order["invoices"][0]["open_amount"] == order["gross"]
    assert [line["invoiced"] for line in order["lines"]] == [line["ordered"] for line in order["lines"]]
    [item] = receivables.again().values()
    assert (item["type"], item["open_amount"], item["amount"]) == ("invoice", order["gross"], order["gross"])
    assert item["order_number"] == order["number"]
    assert order["customer_id"] in credit.again()

    pay(tryton, invoice, Decimal("10.00"))
    part = orders.again()[str(sale)]
    left = Decimal(order["gross"]) - 10
    assert part["invoices"][0]["status"] == "part_paid"
    assert Decimal(part["invoices"][0]["open_amount"]) == left
    changed = receivables.again()
    assert Decimal(changed[item["id"]]["open_amount"]) == left
    [payment] = [record for record in changed.values() if record["type"] == "payment"]
    assert (payment["amount"], payment["open_amount"]) == ("-10.00", "0.00")
    pay(tryton, invoice, left)
    assert orders.again()[str(sale)]["axes"]["billing"] == "paid"
    assert receivables.again()[item["id"]]["open_amount"] == "0.00"
    assert order["customer_id"] in credit.again()


def pay(tryton: TrytonFixture, invoice: int, amount: Decimal) -> None:
    """Press Pay and fill in the wizard, as the office does."""
    office, summary = tryton.office, tryton.summary
    chosen = {"active_model": "account.invoice", "active_id": invoice, "active_ids": [invoice]}
    context = {**office.context, **chosen}
    start = {
        "payee": office.read_one("account.invoice", invoice, "party")["party"], "amount": amount,
        "currency": summary["currency"], "date": tryton.today, "payment_method": summary["payment_method"],
        "company": summary["company"], "invoice_account": None,
    }  # fmt: skip
    session, _, _ = office._post("wizard.account.invoice.pay.create", context)
    data: dict[str, Any] = {"start": start}
    reply = office._post("wizard.account.invoice.pay.execute", session, data, "choice", context)
    if "view" in reply:
        known = {**reply["view"]["defaults"], **reply["view"].get("values", {})}
        data["ask"] = {name: value for name, value in known.items() if "." not in name} | {"type": "partial"}
        office._post("wizard.account.invoice.pay.execute", session, data, "pay", context)
    office._post("wizard.account.invoice.pay.delete", session, office.context)


def test_a_new_contact_person_and_a_changed_one_are_read(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    reading, customer = Reading(connector, "contacts"), tryton.summary["customers"][1]
    [person] = tryton.office("party.party", "create", [{"name": "Ida Holm", "code": "K90001"}])
    key = f"{customer['id']}-p{person}"
    assert key not in reading.again()
    [kind] = tryton.office(
        "party.relation.type", "search", [["name", "=", "is contact person of"]], 0, None, None
    )
    [relation] = tryton.office(
        "party.relation.all", "create", [{"from_": person, "to": customer["id"], "type": kind}]
    )
    assert reading.again()[key]["name"] == "Ida Holm"
    assert key in reading.again(), "relations are followed by id, looking back over some of them once"
    assert reading.again() == {}
    values = {"party": person, "type": "mobile", "value": "+49 170 1234567"}
    tryton.office("party.contact_mechanism", "create", [values])
    assert reading.again()[key]["phones"] == [{"kind": "mobile", "number": "+49 170 1234567"}]
    tryton.office("party.party", "write", [person], {"name": "Ida Holm-Jensen"})
    changed = reading.again()[key]
    assert (changed["name"], changed["role"]) == ("Ida Holm-Jensen", "is contact person of")
    tryton.office("party.party", "write", [person], {"active": False})
    assert key in reading.gone()
    assert relation


def test_a_customer_without_a_territory_is_gone_and_a_closed_one_stays(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    reading = Reading(connector, "customers")
    moved, closed, left = tryton.summary["customers"][20:23]
    territories = tryton.summary["territories"]
    other = next(code for code in territories if code != moved["territory"])
    change = [["remove", [territories[moved["territory"]]]], ["add", [territories[other]]]]
    tryton.office("party.party", "write", [moved["id"]], {"categories": change})
    tryton.office("party.party", "write", [closed["id"]], {"active": False})
    tryton.office(
        "party.party", "write", [left["id"]], {"categories": [["remove", [territories[left["territory"]]]]]}
    )
    assert str(left["id"]) in reading.gone()
    changed = reading.again()
    assert changed[str(moved["id"])]["territory"] == other
    assert changed[str(closed["id"])]["status"] == "closed"
    assert str(left["id"]) not in set(connector.keys("customers"))
    assert str(closed["id"]) in set(connector.keys("customers"))


def test_the_overlap_reads_a_late_transaction(tryton: TrytonFixture) -> None:
    """Its stamp is that of its start, which lies before what was read already."""
    customer = tryton.summary["customers"][30]
    with closing(tryton.connect(overlap_seconds="300")) as connector:
        _, watermark = read_all(connector, "customers")
        late = sql.SQL(
            "UPDATE party_party SET name = 'Late', write_date = (SELECT max(coalesce(write_date, create_date)) "
            "FROM party_party) - interval '200 seconds' WHERE id = {}"
        ).format(sql.Literal(customer["id"]))
        tryton.server.postgres.execute(late, tryton.server.database)
        records, _ = read_all(connector, "customers", watermark)
    assert records[str(customer["id"])]["name"] == "Late"


def test_a_forwarded_order_is_read_back_with_its_submission(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    reading, order = Reading(connector, "orders"), tryton.order()
    outcome = connector.advance(order, connector.create(order))
    record = reading.again()[str(outcome.external_id)]
    assert (record["submission_id"], record["number"]) == (order.id, outcome.number)
    assert record["customer_reference"] == "PO 77"
    assert [line["line_no"] for line in record["lines"]] == [1, 2]
    assert record["net"] == "54.25"
    assert record["requested_date"] == order.body["requested_date"]
