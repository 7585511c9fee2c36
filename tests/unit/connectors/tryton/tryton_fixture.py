"""A Tryton for tests: the sample company, and the office that works in it behind the connector's back."""

import datetime as dt
import hashlib
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from ulid import ULID

from backend.connectors.tryton import connect
from backend.connectors.tryton.adapter import TrytonConnector
from backend.erp.records import Document, ForecastLine, ReceiptFile, RepInfo
from tests.services import TrytonServer
from tests.services.process import free_port
from tests.unit.connectors.tryton.tryton_reader import TrytonReader

RECEIPT = b"%PDF-1.4 a receipt of a hotel\n%%EOF\n"
REP = RepInfo("R1", "Maren Claasen", "E001")


class TrytonFixture:
    """Implements `ConnectorFixture`, and more that only Tryton's own tests need."""

    def __init__(self, server: TrytonServer) -> None:
        self.server = server
        self.summary = server.summary
        self.reader = TrytonReader(server)
        self.office = self.reader.session
        self.today = dt.datetime.now(dt.UTC).date()
        self._changes = 0

    def close(self) -> None:
        self.reader.close()

    def connect(self, **options: str) -> TrytonConnector:
        settings = self.server.settings.items()
        erp = {name.removeprefix("SATCHEL_ERP_").lower(): v for name, v in settings if "_ERP_" in name}
        return connect({**erp, **options})

    def connect_dead(self) -> TrytonConnector:
        return self.connect(url=f"http://127.0.0.1:{free_port()}")

    # What a rep may send

    def customer(self, **properties: Any) -> dict[str, Any]:
        """Return the first customer of the sample with these *properties*; by default, no credit limit."""
        properties = properties or {"credit_limit": None}
        return next(c for c in self.summary["customers"] if all(c[n] == v for n, v in properties.items()))

    def products(self) -> Iterator[dict[str, Any]]:
        """Yield products that are kept and sold in pieces."""
        unit = self.summary["units"]["u"]
        return (p for p in self.summary["products"] if p["unit"] == p["sale_unit"] == unit)

    def order_body(self, **changes: Any) -> dict[str, Any]:
        customer, products = self.customer(), self.products()
        lines = [
            {
                "line_no": number,
                "product_id": str(product["id"]),
                "quantity": quantity,
                "unit": str(product["sale_unit"]),
                "unit_price": price,
                "discount_percent": discount,
            }
            for number, (product, quantity, price, discount) in enumerate(
                zip(products, ("2", "3"), ("12.50", "10.00"), ("0", "2.5"), strict=False), 1
            )
        ]
        return {
            "customer_id": str(customer["id"]),
            "ship_to_id": str(customer["address"]),
            "customer_reference": "PO 77",
            "order_date": self.today.isoformat(),
            "requested_date": (self.today + dt.timedelta(days=7)).isoformat(),
            "currency": "EUR",
            "price_list_id": str(customer["price_list"]),
            "warehouse_id": str(self.summary["warehouses"]["W1"]["id"]),
            "notes": "Ring twice",
            "lines": lines,
            **changes,
        }

    def order(self, **changes: Any) -> Document:
        return self.document("order", self.order_body(**changes))

    def example(self, kind: str) -> Document:
        return {"order": self.order, "expense_claim": self.claim}[kind]()

    def refused_order(self) -> Document:
        body = self.order_body()
        body["lines"][0]["quantity"] = "1.5"
        return self.document("order", body)

    def refusal_words(self) -> str:
        return "The number of digits in the value"

    def claim_body(self, **changes: Any) -> dict[str, Any]:
        digest = hashlib.sha256(RECEIPT).hexdigest()
        day = (self.today - dt.timedelta(days=3)).isoformat()
        return {
            "purpose": "Visit",
            "customer_id": str(self.customer()["id"]),
            "project": "Hall 4",
            "currency": "EUR",
            "lines": [
                {"line_no": 1, "date": day, "category_id": "5.3.2", "description": "One night",
                 "amount": "129.00", "merchant": "Hotel am Hafen", "receipts": [f"sha256:{digest}"],
                 "justification": None},
                {"line_no": 2, "date": day, "category_id": "5.3.1", "description": "Train",
                 "amount": "84.30", "merchant": None, "receipts": [], "justification": "no other train"},
            ],
            **changes,
        }  # fmt: skip

    def claim(self, **changes: Any) -> Document:
        return self.document("expense_claim", self.claim_body(**changes), receipt_file())

    def document(
        self,
        kind: str,
        body: dict[str, Any],
        *receipts: ReceiptFile,
        rep: RepInfo = REP,
        key: str | None = None,
    ) -> Document:
        """Return a document with a ULID of its own."""
        received = dt.datetime.now(dt.UTC)
        return Document(key or str(ULID()), kind, body, rep, f"{self.today}T08:59:00Z", received, receipts)

    def month(self, ahead: int = 1) -> str:
        """Return the month *ahead* of this one."""
        months = self.today.year * 12 + self.today.month - 1 + ahead
        return f"{months // 12}-{months % 12 + 1:02d}"

    def forecast_lines(self) -> list[ForecastLine]:
        warehouse, products = str(self.summary["warehouses"]["W1"]["id"]), self.products()
        return [
            ForecastLine(warehouse, self.month(2), str(p["id"]), str(p["unit"]), Decimal(quantity))
            for p, quantity in zip(products, ("40", "7"), strict=False)
        ]

    # What the office does

    def changeable(self) -> tuple[str, ...]:
        return (
            "customers",
            "contacts",
            "products",
            "prices",
            "price_lists",
            "stock_levels",
            "orders",
            "credit",
        )

    def change(self, collection: str) -> str:
        self._changes += 1
        return str(getattr(self, f"_change_{collection}")(f"changed {self._changes}"))

    def _change_customers(self, text: str) -> int:
        """Only the address: the party's own stamp stays."""
        customer = self.summary["customers"][3]
        self.office("party.address", "write", [customer["address"]], {"city": text})
        return customer["id"]

    def _change_contacts(self, text: str) -> str:
        person = self.summary["contact_persons"][2]
        [mechanism] = self.office(
            "party.contact_mechanism",
            "search",
            [["party", "=", person["id"]], ["type", "=", "email"]],
            0,
            None,
            None,
        )
        mail = f"{text.replace(' ', '')}@example.com"
        self.office("party.contact_mechanism", "write", [mechanism], {"value": mail})
        return f"{person['customer']}-p{person['id']}"

    def _change_products(self, text: str) -> int:
        """Only the template: the variant's own stamp stays."""
        product = self.summary["products"][4]
        template = self.office.read_one("product.product", product["id"], "template")["template"]
        self.office("product.template", "write", [template], {"name": text})
        return product["id"]

    def _change_prices(self, text: str) -> str:
        product = self.summary["products"][5]
        template = self.office.read_one("product.product", product["id"], "template")["template"]
        self.office("product.template", "write", [template], {"list_price": Decimal(1000 + self._changes)})
        return f"list-{product['id']}-{product['sale_unit']}-0"

    def _change_price_lists(self, text: str) -> int:
        price_list = self.summary["price_lists"]["Dealer"]
        self.office("product.price_list", "write", [price_list], {"name": text})
        return price_list

    def _change_stock_levels(self, text: str) -> str:
        warehouse, product = self.summary["warehouses"]["W1"], self.summary["products"][6]
        line = {"product": product["id"], "quantity": float(7000 + self._changes)}
        inventory = {"location": warehouse["storage"], "lines": [["create", [line]]]}
        ids = self.office("stock.inventory", "create", [inventory])
        self.office("stock.inventory", "confirm", ids)
        return f"{product['id']}-{warehouse['id']}"

    def _change_orders(self, text: str) -> int:
        sale = self.summary["sales"]["draft"][0]
        self.office("sale.sale", "write", [sale], {"reference": text})
        return sale

    def _change_credit(self, text: str) -> int:
        customer = self.summary["customers"][7]
        self.office(
            "party.party", "write", [customer["id"]], {"credit_limit_amount": Decimal(70000 + self._changes)}
        )
        return customer["id"]

    def work(self) -> None:
        """Tryton answers at once."""

    def count(self, kind: str, key: str) -> int:
        return len(self.reader.sales(key) if kind == "order" else self.reader.claims(key))


def receipt_file(content: bytes = RECEIPT, name: str = "hotel.pdf") -> ReceiptFile:
    """Return *content* as it goes with a document."""
    digest = hashlib.sha256(content).hexdigest()
    return ReceiptFile(digest, digest, "application/pdf", name, len(content), lambda: io.BytesIO(content))
