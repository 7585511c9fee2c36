"""Looking things up and filling in forms, with nothing but the replica."""

import pytest

from sync_protocol.device.capture import forms, pricing, views
from sync_protocol.device.capture.forms import ExpenseLine, Line
from sync_protocol.device.device import Device
from sync_protocol.device.errors import DeviceError, NotFound
from tests.unit.device.capture.test_capture import photo
from tests.unit.device.company import customer, order_body, price, stock
from tests.unit.device.feed_server import FeedServer


@pytest.mark.parametrize("text", ["C1", "n-c1", "alpha", "CAFE", "alp café"])
def test_a_customer_is_found_by_key_number_or_words_without_accents(device: Device, text: str) -> None:
    assert views.find_record(device.db, "customers", text)["id"] == "C1"


def test_a_name_that_is_not_clear_is_refused_with_those_it_could_mean(device: Device) -> None:
    with pytest.raises(NotFound, match=r"more than one customer: C1 Alpha Café, C2 Beta Stores"):
        views.find_record(device.db, "customers", "n-c")
    with pytest.raises(NotFound, match="no customer 'zzz'"):
        views.find_record(device.db, "customers", "zzz")
    with pytest.raises(NotFound, match="no expense category 'zzz'"):
        views.find_record(device.db, "expense_categories", "zzz")
    with pytest.raises(NotFound):
        views.find_record(device.db, "customers", " ")


def test_a_search_treats_no_character_as_a_wildcard(device: Device) -> None:
    assert device.records("customers", "%") == [] and device.records("customers", "_") == []
    assert [record["id"] for record in device.records("customers", "stores beta")] == ["C2"]


def test_a_customers_page_has_what_belongs_to_it(device: Device, server: FeedServer) -> None:
    waiting = device.capture("order", order_body("C1"))
    device.capture("order", order_body("C2"))
    page = device.customer("C1")
    assert [contact["id"] for contact in page.contacts] == ["c1"]
    assert [document.id for document in page.pending_documents] == [waiting.id]
    assert page.as_of["customers"] == "2026-11-23T08:00:00Z"


@pytest.mark.parametrize(
    ("quantity", "amount"), [("1", "1.50"), ("99.5", "1.50"), ("100", "1.20"), ("500", "1.20")]
)
def test_the_greatest_least_quantity_that_is_reached_sets_the_price(
    device: Device, quantity: str, amount: str
) -> None:
    product = views.find_record(device.db, "products", "P1")
    price = pricing.price(device.db, product, "L1", "pc", quantity, "2026-11-23")
    assert price is not None and (price.amount, price.currency) == (amount, "EUR")


def test_a_price_in_another_unit_is_converted(device: Device) -> None:
    product = views.find_record(device.db, "products", "P1")
    few = pricing.price(device.db, product, "L1", "box", "2", "2026-11-23")
    many = pricing.price(device.db, product, "L1", "box", "9", "2026-11-23")
    assert few is not None and many is not None
    assert (few.amount, many.amount) == ("18.00", "14.40")


def test_a_price_counts_only_while_it_is_valid(device: Device, server: FeedServer) -> None:
    dated = price("p3", "P1", "0.99", valid_from="2026-11-24", valid_to="2026-11-30")
    server.feed.put("everyone", "prices", "p3", dated)
    device.sync()
    product = views.find_record(device.db, "products", "P1")
    amounts = [
        getattr(pricing.price(device.db, product, "L1", "pc", "1", day), "amount", None)
        for day in ("2026-11-23", "2026-11-24", "2026-11-30", "2026-12-01")
    ]
    assert amounts == ["1.50", "0.99", "0.99", "1.50"]
    assert pricing.price(device.db, product, "L9", "pc", "1", "2026-11-23") is None


def test_an_order_fills_in_unit_price_currency_and_date(device: Device) -> None:
    body = forms.order(device.db, customer="alpha", lines=[Line("pencil", "120")], today=device.today())
    assert (body["customer_id"], body["currency"], body["price_list_id"]) == ("C1", "EUR", "L1")
    assert body["order_date"] == "2026-11-23"
    assert body["lines"][0] | {"notes": None} == {
        "line_no": 1, "product_id": "P1", "quantity": "120", "unit": "pc", "unit_price": "1.20",
        "discount_percent": "0", "notes": None,
    }  # fmt: skip
    assert device.capture("order", body).stage == "on_device"


def test_a_unit_may_be_named_as_people_name_it(device: Device) -> None:
    body = forms.order(device.db, customer="C1", lines=[Line("P1", "1", "BOX")], today=device.today())
    assert (body["lines"][0]["unit"], body["lines"][0]["unit_price"]) == ("box", "18.00")


def test_an_order_without_a_price_says_which_line_and_what_to_do(device: Device, server: FeedServer) -> None:
    server.feed.put("territory:NW", "customers", "C3", customer("C3", "Gamma", price_list_id="L9"))
    device.sync()
    with pytest.raises(DeviceError, match="line 1: there is no price for Pencil in pc in price list L9"):
        forms.order(device.db, customer="C3", lines=[Line("P1", "1")], today=device.today())
    with pytest.raises(DeviceError, match="priced in EUR, not CHF"):
        forms.order(device.db, customer="C1", lines=[Line("P1", "1")], today=device.today(), currency="CHF")


def test_a_quantity_that_is_no_number_is_reported_as_a_fault(device: Device) -> None:
    with pytest.raises(DeviceError, match="line 1"):
        forms.order(device.db, customer="C1", lines=[Line("P1", "2,5")], today=device.today())


def test_each_forecast_for_the_same_month_has_the_next_revision(device: Device, server: FeedServer) -> None:
    def next_body(period: str = "2026-12", buyer: str | None = None) -> dict[str, object]:
        return forms.forecast(device.db, warehouse="W1", period=period, lines=[Line("P1", "5")], customer=buyer)

    for revision in (1, 2):
        body = next_body()
        assert body["revision"] == revision
        device.capture("forecast", body)
    assert next_body("2027-01")["revision"] == next_body(buyer="C1")["revision"] == 1
    device.sync()
    device.db.run("DELETE FROM document")
    assert next_body()["revision"] == 3, "the replica remembers what this device has let go"


def test_a_claim_takes_the_currency_of_its_categories_and_its_receipts(device: Device) -> None:
    line = ExpenseLine("meals", "42.00", "Lunch", receipts=[photo().ref])
    body = forms.expense_claim(device.db, purpose="Visit", lines=[line], today=device.today(), customer="C1")
    assert body["currency"] == "EUR" and body["lines"][0]["date"] == "2026-11-23"
    saved = device.capture("expense_claim", body, receipts=[photo()])
    assert saved.missing == [photo().ref]


def test_products_show_price_and_stock_and_leave_out_what_is_not_for_sale(device: Device) -> None:
    (line,) = device.products("", "C1")
    assert line.product["id"] == "P1" and line.price is not None and line.price.amount == "1.50"
    assert [level["available"] for level in line.stock] == ["8"]


def test_an_order_takes_the_only_warehouse_that_the_rep_has(device: Device, server: FeedServer) -> None:
    """An ERP with two warehouses refuses an order without one; the rep may read the stock of one."""

    def warehouse(named: str | None = None) -> str | None:
        body = forms.order(
            device.db, customer="C1", lines=[Line("P1", "1")], today=device.today(), warehouse=named
        )
        key: str | None = body["warehouse_id"]
        return key

    server.feed.put("everyone", "warehouses", "W2", {"id": "W2", "name": "South"})
    device.sync()
    assert (warehouse(), warehouse("South")) == ("W1", "W2")
    server.feed.grant(("warehouse:W2", "stock_levels"))
    server.feed.put("warehouse:W2", "stock_levels", "P1@W2", {**stock("P1@W2", "P1"), "warehouse_id": "W2"})
    device.sync()
    assert warehouse() is None


def test_a_rep_without_stock_has_the_only_warehouse_of_the_company(device: Device, server: FeedServer) -> None:
    server.feed.revoke(("warehouse:W1", "stock_levels"))
    device.sync()
    order = forms.order(device.db, customer="C1", lines=[Line("P1", "1")], today=device.today())
    assert order["warehouse_id"] == "W1"
