"""The servers that other tests use, and the behaviour of Tryton that we rely on."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from tests.eventually import eventually
from tests.services import PostgresServer, RedisServer, ServiceMissing, TrytonServer
from tests.services.binaries import postgres_folder
from tests.services.tryton_rpc import TrytonRefused, TrytonSession


def _connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("postgresql+psycopg", "postgresql"), connect_timeout=60)


def test_postgres_keeps_what_was_committed_through_a_kill(tmp_path: Path) -> None:
    with PostgresServer(tmp_path / "server", durable=True) as server:
        url = server.create_database("books")
        with _connect(url) as connection:
            connection.execute("CREATE TABLE kept (word text)")
            connection.execute("INSERT INTO kept VALUES ('yes')")
        lost = _connect(url)
        lost.execute("INSERT INTO kept VALUES ('no')")

        server.kill()
        with pytest.raises(psycopg.OperationalError):
            lost.execute("SELECT 1")
        lost.close()
        server.start()

        assert server.url("books") == url
        with _connect(url) as connection:
            assert connection.execute("SELECT word FROM kept").fetchall() == [("yes",)]
    server.remove()


def test_a_database_can_be_copied_and_dropped(postgres_server: PostgresServer) -> None:
    with _connect(postgres_server.create_database("original")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with _connect(postgres_server.create_database("copy", template="original")) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    postgres_server.drop_database("original")
    postgres_server.drop_database("copy")
    assert not {"original", "copy"} & postgres_server.databases()


def test_redis_keeps_what_it_acknowledged_through_a_kill(tmp_path: Path) -> None:
    with RedisServer(tmp_path / "server") as server, redis.Redis.from_url(server.url) as client:
        client.set("kept", "yes")
        server.kill()
        with pytest.raises(redis.ConnectionError):
            client.ping()
        server.start()
        assert client.get("kept") == b"yes"


def test_a_wrong_program_folder_is_an_error_and_not_a_skip(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SATCHEL_POSTGRES_BIN", str(tmp_path))
    with pytest.raises(ServiceMissing, match="holds no initdb"):
        postgres_folder()


def _sale(erp: TrytonServer, customer: dict[str, Any], quantity: float = 1, **fields: Any) -> dict[str, Any]:
    """Return a sale as `create` needs it: no on_change runs, so every field is given."""
    made = erp.summary
    product = next(p for p in made["products"] if p["unit"] == p["sale_unit"] and p["kind"] == "Product")
    line = {
        "type": "line",
        "product": product["id"],
        "quantity": float(quantity),
        "unit": product["sale_unit"],
        "unit_price": Decimal(product["list_price"]),
    }
    return {
        "party": customer["id"],
        "invoice_address": customer["address"],
        "shipment_address": customer["address"],
        "payment_term": customer["payment_term"],
        "warehouse": made["warehouses"]["W1"]["id"],
        "lines": [["create", [line]]],
        **fields,
    }


def _unlimited(erp: TrytonServer) -> dict[str, Any]:
    return next(c for c in erp.summary["customers"] if c["credit_limit"] is None)


def test_the_sample_company_has_all_its_records(running_tryton: TrytonServer) -> None:
    made = running_tryton.summary
    with TrytonSession(running_tryton) as call:
        for code, stages in made["sales"].items():
            states = {row["state"] for row in call("sale.sale", "read", stages, ["state"])}
            if code in {"draft", "quotation", "cancelled", "confirmed", "processing"}:
                assert states == {code}
        party = call.read_one("party.party", made["customers"][0]["id"], "code", "categories.name")
        assert party["code"] == "C00001"
        in_place = [["type", "=", "warehouse"], ["code", "in", ["W1", "W2"]]]
        warehouses = call("stock.location", "search_count", in_place)
    assert (warehouses, len(made["territories"]), len(made["employees"])) == (2, 6, 3)


def test_six_creates_at_once_with_one_key_leave_one_sale(running_tryton: TrytonServer) -> None:
    sale = _sale(running_tryton, _unlimited(running_tryton), satchel_key="01JDXKEYOFSIXPARALLELSALES")

    def create(_: int) -> str:
        with TrytonSession(running_tryton) as call:
            try:
                call("sale.sale", "create", [sale])
            except TrytonRefused as refusal:
                return f"{refusal.kind} {refusal.text}"
            return "created"

    with ThreadPoolExecutor(6) as pool:
        answers = sorted(pool.map(create, range(6)))
    assert answers == ["UserError SATCHEL_KEY_EXISTS"] * 5 + ["created"]
    with TrytonSession(running_tryton) as call:
        assert call("sale.sale", "search_count", [["satchel_key", "=", sale["satchel_key"]]]) == 1


def test_a_copied_sale_has_no_key_and_an_empty_key_is_null(running_tryton: TrytonServer) -> None:
    with TrytonSession(running_tryton) as call:
        empty = _sale(running_tryton, _unlimited(running_tryton), satchel_key="")
        first, second = call("sale.sale", "create", [empty, empty])
        call("sale.sale", "write", [first], {"satchel_key": "01JDXKEYOFTHEONECOPIEDSALE"})
        (copy,) = call("sale.sale", "copy", [first])
        assert call.read_one("sale.sale", second, "satchel_key")["satchel_key"] is None
        assert call.read_one("sale.sale", copy, "satchel_key")["satchel_key"] is None


def test_the_connector_takes_an_order_to_its_shipment(running_tryton: TrytonServer) -> None:
    with TrytonSession(running_tryton) as call:
        (sale,) = call("sale.sale", "create", [_sale(running_tryton, _unlimited(running_tryton), 2)])
        call("sale.sale", "quote", [sale])
        call("sale.sale", "confirm", [sale])
        read = call.read_one("sale.sale", sale, "state", "number", "shipments", "invoices")
    assert read["state"] == "processing"
    assert read["number"]
    assert (len(read["shipments"]), len(read["invoices"])) == (1, 1)


def test_an_order_over_the_limit_is_refused_and_not_asked_about(running_tryton: TrytonServer) -> None:
    customer = running_tryton.summary["customers"][0]
    assert customer["id"] == running_tryton.summary["over_limit_customer"]
    with TrytonSession(running_tryton) as call:
        (sale,) = call("sale.sale", "create", [_sale(running_tryton, customer, 100)])
        call("sale.sale", "quote", [sale])
        with pytest.raises(TrytonRefused, match="credit limit") as refusal:
            call("sale.sale", "confirm", [sale])
        # a program could confirm a UserWarning
        assert refusal.value.kind == "UserError"
        assert call.read_one("sale.sale", sale, "state")["state"] == "quotation"


def test_the_connector_posts_an_expense_claim_with_its_receipt(running_tryton: TrytonServer) -> None:
    made = running_tryton.summary
    employee = made["employees"][0]
    claim = {
        "type": "in",
        "party": employee["party"],
        "invoice_address": employee["address"],
        "account": made["accounts"]["payable"],
        "journal": made["journals"]["EXP"],
        "currency": made["currency"],
        "reference": "EXP-1",
        "satchel_key": "01JDXKEYOFANEXPENSECLAIM00",
        "invoice_date": dt.datetime.now(dt.UTC).date(),
        "lines": [["create", [
            {
                "type": "line", "description": "Train", "quantity": 1.0, "unit_price": Decimal("84.30"),
                "account": made["expense_accounts"]["5.3.1"]["id"],
            }
        ]]],
    }  # fmt: skip
    with TrytonSession(running_tryton) as call:
        (invoice,) = call("account.invoice", "create", [claim])
        with pytest.raises(TrytonRefused, match="SATCHEL_KEY_EXISTS"):
            call("account.invoice", "create", [claim])
        to = f"account.invoice,{invoice}"
        receipt = {"name": "train.jpg", "resource": to, "data": b"\xff\xd8 a photograph"}
        call("ir.attachment", "create", [receipt])
        call("account.invoice", "post", [invoice])
        read = call.read_one("account.invoice", invoice, "state", "number", "total_amount")
        attached = call("ir.attachment", "search_count", [["resource", "=", to]])
    assert (read["state"], read["total_amount"], attached) == ("posted", Decimal("84.30"), 1)
    assert read["number"].startswith("SI")


def test_the_connector_completes_a_forecast_and_a_second_one_may_not_overlap(
    running_tryton: TrytonServer,
) -> None:
    made = running_tryton.summary
    today = dt.datetime.now(dt.UTC).date()
    product = made["products"][1]
    forecast = {
        "warehouse": made["warehouses"]["W2"]["id"],
        "destination": made["customer_location"],
        "from_date": today,
        "to_date": today + dt.timedelta(days=30),
        "lines": [["create", [
            {"product": product["id"], "unit": product["unit"], "quantity": 40.0, "minimal_quantity": 1.0}
        ]]],
    }  # fmt: skip
    with TrytonSession(running_tryton) as call:
        first, second = call("stock.forecast", "create", [forecast, forecast])
        call("stock.forecast", "confirm", [first])
        assert call.read_one("stock.forecast", first, "state")["state"] == "done"
        with pytest.raises(TrytonRefused, match="overlap"):
            call("stock.forecast", "confirm", [second])


def test_a_killed_server_comes_back_with_its_sessions_and_a_worker_does_the_rest(
    running_tryton: TrytonServer,
) -> None:
    with running_tryton.fresh("with_worker", queue=True) as erp, TrytonSession(erp) as call:
        (sale,) = call("sale.sale", "create", [_sale(erp, _unlimited(erp))])
        call("sale.sale", "quote", [sale])
        erp.kill()
        erp.start()
        call("sale.sale", "confirm", [sale])
        eventually(lambda: call.read_one("sale.sale", sale, "state")["state"] == "processing")
        # what the sample left "confirmed" stays so, worker or not
        waiting = call("sale.sale", "read", erp.summary["sales"]["confirmed"], ["state"])
    assert {row["state"] for row in waiting} == {"confirmed"}
    assert "with_worker" not in running_tryton.postgres.databases()
