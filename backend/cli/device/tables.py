"""How the device's commands show things: tables for people."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from backend.cli.context import console
from sync_protocol.device.capture.documents import Document
from sync_protocol.device.capture.views import CustomerPage, ProductLine
from sync_protocol.device.device import Status
from sync_protocol.device.sync.report import SyncReport

_COLUMNS: dict[str, tuple[str, ...]] = {
    "customers": ("id", "number", "name", "status", "territory"),
    "expense_categories": ("id", "name", "limit_per_line", "receipt_above", "currency", "active"),
    "contacts": ("id", "customer_id", "name", "role", "emails"),
    "products": ("id", "sku", "name", "kind", "base_unit", "sellable"),
    "prices": ("id", "price_list_id", "product_id", "unit", "min_quantity", "amount", "currency"),
    "stock_levels": ("id", "product_id", "warehouse_id", "unit", "on_hand", "available"),
    "orders": ("id", "number", "customer_id", "order_date", "gross", "currency", "axes"),
    "receivables": ("id", "customer_id", "type", "number", "due_date", "open_amount", "currency"),
    "credit": ("id", "customer_id", "limit", "exposure", "overdue", "currency"),
    "submissions": ("id", "kind", "title", "state", "erp_number", "reason"),
}
_MAX_COLUMNS = 6


def print_report(report: SyncReport) -> None:
    """Print what a sync did, in a line or a few."""
    if report.unchanged and not report.results and not report.receipts:
        console.print("Nothing new.")
    else:
        console.print(
            f"{report.put:,} records new or changed, {report.gone:,} gone, in {report.pages} pages;"
            f" {_size(report.received)} received, {_size(report.sent)} sent."
        )
    if report.reset:
        console.print("The server was restored; everything was fetched again and the outbox is sent again.")
    if report.rebased:
        console.print(
            "The server was restored; what is here was compared with it and the outbox is sent again."
        )
    if report.mended:
        console.print(f"Records that had been altered on this device: {report.mended:,}.", style="yellow")
    if report.repaired or report.removed:
        console.print(f"Repaired: {report.repaired:,} records replaced, {report.removed:,} removed.")
    if report.verified:
        console.print("Verified: this device holds what the server holds for it.", style="green")
    if report.results:
        said = Counter(result["status"] for result in report.results)
        console.print("Documents: " + ", ".join(f"{n} {status}" for status, n in said.items()) + ".")
    for result in report.results:
        for error in result["errors"]:
            console.print(f"  {result['id']} {error['field']}: {error['message']}", markup=False)
    if report.receipts:
        console.print(f"{report.receipts} receipts sent.")
    for note in report.notes:
        console.print(note, style="yellow", markup=False)
    if report.problem is not None:
        console.print(str(report.problem), style="yellow", markup=False)


def print_status(status: Status) -> None:
    """Print whose device it is, what it holds, how old that is, and the outbox in numbers."""
    who, held = status.identity, status.sync_state
    if who is None:
        console.print("Not enrolled. Next: satchel device enrol CODE --server URL")
    else:
        console.print(f"[bold]{escape(who.rep_name)}[/bold] ({who.rep}) at {escape(who.company)}, {who.server}")
        console.print(f"device {who.device_id}", style="dim")
    if held.synced_at is None:
        console.print("Never synced.")
    else:
        whole = "complete" if held.complete else "not complete yet; sync again"
        console.print(f"Last synced {held.synced_at}, {whole}.")
        if held.then is not None:
            offered = status.offered
            console.print(
                f"Being fetched: {offered.rows_applied:,} of {offered.rows:,} records,"
                f" {_size(offered.bytes_applied)} of {_size(offered.bytes)}; sync again to go on."
            )
        if held.verified_at is not None:
            now = "as it is now" if held.verified else "before the last change"
            console.print(f"Found equal to the server {held.verified_at}, {now}.")
    table = Table("collection", "records", "read from the ERP")
    for name, count in status.counts.items():
        table.add_row(name, f"{count:,}", status.freshness.get(name, ""))
    if status.counts:
        console.print(table)
    stages = Counter(document.state_label for document in status.documents)
    for words, count in stages.items():
        console.print(f"{count} {'document' if count == 1 else 'documents'} {words}", markup=False)


def print_records(collection: str, records: Sequence[Mapping[str, Any]]) -> None:
    """Print records, a row each, with the fields that tell them apart."""
    if not records:
        console.print(f"No {collection.replace('_', ' ')} here.")
        return
    columns = _COLUMNS.get(collection) or tuple(dict.fromkeys(("id", *records[0])))[:_MAX_COLUMNS]
    table = Table(*columns)
    for record in records:
        table.add_row(*(_cell(record.get(column)) for column in columns))
    console.print(table)


def print_customer(page: CustomerPage) -> None:
    """Print a customer with everything that belongs to it."""
    customer = page.customer
    console.print(
        f"[bold]{escape(customer['name'])}[/bold]  {customer['number'] or customer['id']}, {customer['status']}"
    )
    for flag, words in (("block_order", "no new orders"), ("block_delivery", "no deliveries")):
        if customer[flag]:
            console.print(f"Blocked: {words}.", style="red")
    for address in customer["addresses"]:
        place = ", ".join(
            text
            for text in (*address["lines"], address["postal_code"], address["city"], address["country"])
            if text
        )
        console.print(f"{place}  ({', '.join(address['uses']) or 'address'})", markup=False)
    for contact in page.contacts:
        ways = [phone["number"] for phone in contact["phones"]] + contact["emails"]
        console.print(
            f"{contact['name'] or 'Contact'}  {contact['role'] or ''}  {', '.join(ways)}", markup=False
        )
    for credit in page.credit:
        limit = f"limit {credit['limit']}" if credit["limit"] else "no limit"
        console.print(
            f"Credit in {credit['currency']}: {limit}, exposure {credit['exposure']},"
            f" overdue {credit['overdue']}"
        )
    _print_orders(page.orders)
    _print_receivables(page.receivables)
    if page.waiting:
        print_outbox(page.waiting)
    ages = ", ".join(f"{name} {as_of}" for name, as_of in page.as_of.items() if as_of)
    if ages:
        console.print(f"Read from the ERP: {ages}", style="dim")


def _print_orders(orders: Sequence[Mapping[str, Any]]) -> None:
    if not orders:
        return
    table = Table("order", "date", "gross", "transport", "approval", "delivery", "billing", title="Orders")
    for order in orders[:20]:
        axes = order["axes"]
        table.add_row(
            order["number"] or order["id"], order["order_date"], f"{order['gross']} {order['currency']}",
            axes["transport"], axes["approval"], axes["delivery"], axes["billing"],
        )  # fmt: skip
    console.print(table)


def _print_receivables(receivables: Sequence[Mapping[str, Any]]) -> None:
    if not receivables:
        return
    table = Table("type", "number", "date", "due", "open", title="Open items")
    for item in receivables:
        table.add_row(
            item["type"],
            item["number"],
            item["date"],
            item["due_date"],
            f"{item['open_amount']} {item['currency']}",
        )
    console.print(table)


def print_products(lines: Sequence[ProductLine]) -> None:
    """Print products with price and stock."""
    if not lines:
        console.print("No such products here.")
        return
    table = Table("product", "name", "unit", "price", "stock")
    for line in lines:
        product = line.product
        stock = ", ".join(f"{level['warehouse_id']} {level['available']}" for level in line.stock)
        price = f"{line.price.amount} {line.price.currency}" if line.price else ""
        table.add_row(
            product["sku"] or product["id"], escape(product["name"]), product["units"][0]["unit"], price, stock
        )
    console.print(table)


def print_outbox(documents: Sequence[Document]) -> None:
    """Print documents and where each stands."""
    if not documents:
        console.print("The outbox is empty.")
        return
    table = Table("id", "document", "captured", "where it stands")
    for document in documents:
        words = [document.state_label]
        words += [f"{error['field']}: {error['message']}" for error in document.errors]
        if document.missing:
            words.append(f"receipts to send: {len(document.missing)}")
        style = "red" if document.needs_rep else None
        table.add_row(
            document.id,
            escape(document.title),
            document.captured_at[:19],
            escape("\n".join(words)),
            style=style,
        )
    console.print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return escape(", ".join(str(inner) for inner in value.values()))
    if isinstance(value, list):
        return escape(", ".join(str(inner) for inner in value if not isinstance(inner, Mapping)))
    return escape(str(value))


def _size(count: int) -> str:
    return f"{count:,} bytes" if count < 10_000 else f"{count / 1024:,.0f} KiB"
