"""Orders reach Tryton once, whatever happens on the way."""

import threading
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest

from backend.connectors.tryton.adapter import TrytonConnector
from backend.connectors.tryton.features import Features
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import Document, ErpDocument
from backend.erp.totals import total_note
from sync_protocol.submission import State
from tests.eventually import eventually
from tests.services import TrytonServer
from tests.services.proxy import Proxy
from tests.unit.connectors.tryton.tryton_fixture import TrytonFixture


@pytest.fixture(scope="module")
def tryton(tryton_server: TrytonServer) -> Iterator[TrytonFixture]:
    with tryton_server.fresh("orders") as server, closing(TrytonFixture(server)) as fixture:
        yield fixture


@pytest.fixture
def connector(tryton: TrytonFixture) -> Iterator[TrytonConnector]:
    with closing(tryton.connect()) as connector:
        yield connector


def test_the_sale_has_what_the_rep_entered(tryton: TrytonFixture, connector: TrytonConnector) -> None:
    order = tryton.order()
    outcome = connector.advance(order, connector.create(order))
    assert outcome.state is State.ACCEPTED
    [sale] = tryton.reader.sales(order.id)
    body = order.body
    assert (sale["satchel_key"], sale["reference"], sale["number"]) == (order.id, "PO 77", outcome.number)
    assert str(sale["party"]) == body["customer_id"]
    assert str(sale["shipment_address"]) == body["ship_to_id"]
    assert str(sale["warehouse"]) == body["warehouse_id"]
    assert (sale["sale_date"].isoformat(), sale["shipping_date"].isoformat()) == (
        body["order_date"],
        body["requested_date"],
    )
    assert sale["comment"] == "Ring twice"
    assert "Maren Claasen" in sale["description"]
    assert sale["payment_term"] == tryton.customer()["payment_term"]
    first, second = sale["lines"]
    assert (first["quantity"], first["unit_price"]) == (2.0, Decimal("12.50"))
    # 10.00 less 2.5 per cent
    assert (second["quantity"], second["unit_price"]) == (3.0, Decimal("9.75"))
    assert "10.00 less 2.5 %" in second["note"]
    assert sale["tax_amount"] > 0
    assert sale["untaxed_amount"] == Decimal("54.25")


def test_a_lost_answer_is_unknown_and_finding_it_makes_one_sale(tryton: TrytonFixture) -> None:
    order = tryton.order()
    with Proxy(tryton.server.port) as proxy:
        with closing(tryton.connect(url=f"http://127.0.0.1:{proxy.port}")) as connector:
            proxy.lose(b"model.sale.sale.create")
            with pytest.raises(ErpError) as lost:
                connector.create(order)
            assert lost.value.error_class is ErrorClass.UNKNOWN
            [erp_document] = connector.find("order", order.id)
            for step in (b"model.sale.sale.quote", b"model.sale.sale.confirm"):
                proxy.lose(step)
                with pytest.raises(ErpError) as lost:
                    connector.advance(order, erp_document)
                assert lost.value.error_class is ErrorClass.UNKNOWN
            assert connector.advance(order, erp_document).state is State.ACCEPTED
        assert proxy.lost == 3
    [sale] = tryton.reader.sales(order.id)
    assert sale["state"] == "processing"


def test_an_answer_that_comes_too_late_is_unknown(tryton: TrytonFixture) -> None:
    order = tryton.order()
    with closing(tryton.connect()) as patient:
        created = patient.create(order)
        with closing(tryton.connect(timeout_seconds="0.05")) as hasty:
            hasty._client._session = patient._client._session
            for _ in range(100):
                with pytest.raises(ErpError) as lost:
                    hasty.advance(order, created)
                # On a busy machine even the look at the order's state, which comes first, may be late.
                if lost.value.error_class is not ErrorClass.TRANSIENT:
                    break
        assert lost.value.error_class is ErrorClass.UNKNOWN
        assert "0.05 seconds" in lost.value.message
        assert patient.advance(order, created).state is State.ACCEPTED


def test_six_concurrent_creates_make_one_sale(tryton: TrytonFixture) -> None:
    order = tryton.order()
    started = threading.Barrier(6)
    answers: list[ErpDocument | ErpError] = []

    def send() -> None:
        with closing(tryton.connect()) as connector:
            connector.capabilities()
            started.wait()
            try:
                answers.append(connector.create(order))
            except ErpError as error:
                answers.append(error)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = [answer for answer in answers if isinstance(answer, ErpError)]
    assert len(answers) - len(refused) == 1
    assert {error.error_class for error in refused} == {ErrorClass.DUPLICATE_OK}
    assert len(tryton.reader.sales(order.id)) == 1


def test_an_order_continues_from_its_state_in_tryton(tryton: TrytonFixture, connector: TrytonConnector) -> None:
    order = tryton.order()
    created = connector.create(order)
    tryton.office("sale.sale", "quote", [int(created.external_id)])
    tryton.office("sale.sale", "confirm", [int(created.external_id)])
    outcome = connector.advance(order, created)
    assert outcome.state is State.ACCEPTED


def test_a_user_who_confirms_at_the_same_time_does_no_harm(
    tryton: TrytonFixture, connector: TrytonConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tryton then says that the button cannot be pressed, and the sale is where it should be."""
    order = tryton.order()
    press = connector._client.click_button

    def pressed_before(model: str, button: str, record: int) -> None:
        tryton.office(model, button, [record])
        press(model, button, record)

    monkeypatch.setattr(connector._client, "click_button", pressed_before)
    created = connector.create(order)
    outcome = connector.advance(order, created)
    assert outcome.state is State.ACCEPTED
    assert tryton.reader.sales(order.id)[0]["state"] == "processing"


def test_the_option_names_the_warehouse_of_orders_without_one(tryton: TrytonFixture) -> None:
    order = tryton.order(warehouse_id=None)
    with closing(tryton.connect(warehouse="W2")) as connector:
        connector.create(order)
    [sale] = tryton.reader.sales(order.id)
    assert sale["warehouse"] == tryton.summary["warehouses"]["W2"]["id"]


def test_customers_without_a_price_list_order_at_the_list_price(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    order = tryton.order(price_list_id="list")
    connector.create(order)
    assert tryton.reader.sales(order.id)[0]["price_list"] is None


def test_without_the_companion_our_key_is_the_reference(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    """The module's field is left aside, as if it were not there."""
    features, notes = connector._cached_features()
    plain = Features(frozenset(), features.models, ())
    order = tryton.order()
    connector._features = (connector._clock(), plain, notes)
    capabilities = connector.capabilities()
    assert capabilities.enforces_key == frozenset()
    assert capabilities.quiet_seconds >= 1800
    created = connector.create(order)
    assert [f.external_id for f in connector.find("order", order.id)] == [created.external_id]
    [sale] = tryton.reader.sales(order.id)
    assert (sale["reference"], sale["satchel_key"]) == (order.id, None)
    assert sale["comment"].splitlines() == ["Customer's order number: PO 77", "Ring twice"]
    connector._features = None
    assert len(connector.find("order", order.id)) == 1


def test_two_sales_with_our_key_are_both_found(tryton: TrytonFixture, connector: TrytonConnector) -> None:
    order = tryton.order()
    for _ in range(2):
        values = {"party": tryton.customer()["id"], "reference": order.id}
        tryton.office("sale.sale", "create", [values])
    assert len(connector.find("order", order.id)) == 2


def test_a_copied_sale_is_not_found_by_our_key(tryton: TrytonFixture, connector: TrytonConnector) -> None:
    order = tryton.order(customer_reference=None)
    created = connector.create(order)
    tryton.office("sale.sale", "copy", [int(created.external_id)], {})
    assert [erp_document.external_id for erp_document in connector.find("order", order.id)] == [
        created.external_id
    ]


def test_confirming_with_limits_in_parallel_loses_nothing(tryton: TrytonFixture) -> None:
    """Tryton locks whole tables then: whoever is refused tries again, and each order is there once."""
    customers = [c for c in tryton.summary["customers"] if c["credit_limit"] == "100000"][:4]
    orders = [_for(tryton, customer) for customer in customers]
    outcomes: dict[str, State] = {}

    def send(order: Document) -> None:
        with closing(tryton.connect()) as connector:
            created = connector.create(order)

            def advanced() -> bool:
                try:
                    outcomes[order.id] = connector.advance(order, created).state
                except ErpError as error:
                    assert error.error_class is ErrorClass.TRANSIENT, error.raw
                return order.id in outcomes

            eventually(advanced, "Tryton confirms it")

    threads = [threading.Thread(target=send, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == {order.id: State.ACCEPTED for order in orders}
    assert all(len(tryton.reader.sales(order.id)) == 1 for order in orders)


def _for(tryton: TrytonFixture, customer: dict[str, Any]) -> Document:
    return tryton.order(
        customer_id=str(customer["id"]),
        ship_to_id=str(customer["address"]),
        price_list_id=str(customer["price_list"]),
    )


def test_an_order_that_tryton_rounds_in_another_way_is_accepted_and_says_so(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    """Tryton rounds half to even: 0.125 becomes 0.12, and the rep was shown 0.13."""
    line = {**tryton.order_body()["lines"][0], "quantity": "1", "unit_price": "0.125"}
    order = tryton.order(lines=[line])
    outcome = connector.advance(order, connector.create(order))
    assert (outcome.state, outcome.total) == (State.ACCEPTED, Decimal("0.12"))
    note = total_note("order", order.body, outcome.total)
    assert note == "Its total in the ERP is 0.12 EUR, and the rep was shown 0.13 EUR."


def test_a_discount_gives_the_total_that_the_rep_was_shown(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    line = {**tryton.order_body()["lines"][0], "quantity": "1000", "unit_price": "12.3456"}
    order = tryton.order(lines=[{**line, "discount_percent": "10"}])
    outcome = connector.advance(order, connector.create(order))
    assert (outcome.state, outcome.total) == (State.ACCEPTED, Decimal("11111.00"))
    assert total_note("order", order.body, outcome.total) is None


def test_an_order_that_somebody_changed_before_it_was_confirmed_waits_for_the_office(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    order = tryton.order()
    created = connector.create(order)
    [sale] = tryton.reader.sales(order.id)
    tryton.office("sale.line", "write", [sale["lines"][0]["id"]], {"unit_price": Decimal("10.00")})
    outcome = connector.advance(order, created)
    assert outcome.state is State.ON_HOLD
    assert "Its total in the ERP is 49.25 EUR, and the rep was shown 54.25 EUR." in (outcome.reason or "")
    assert tryton.reader.sales(order.id)[0]["state"] == "draft"
