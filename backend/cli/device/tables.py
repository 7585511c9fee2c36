"""Print the device's data as tables for people."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from rich.markup import escape

from backend.cli.context import console
from backend.cli.tables import print_table
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
    """Print the result of a sync in one or a few lines."""
    if report.unchanged and not report.results and not report.receipts:
        console.print("Nothing new.")
    else:
        console.print(
            f"{report.put:,} records stored, {report.gone:,} deleted, in {report.pages} pages;"
            f" {_size(report.received)} received, {_size(report.sent)} sent."
        )
    if report.reset:
        console.print("The server was restored: everything was fetched again, and the outbox is sent again.")
    if report.rebased:
        console.print(
            "The server was restored: the records were compared with it, and the outbox is sent again."
        )
    if report.altered:
        console.print(f"Records that had been altered on this device: {report.altered:,}.", style="yellow")
    if report.repaired or report.removed:
        console.print(f"Repaired: {report.repaired:,} records replaced, {report.removed:,} removed.")
    if report.verified:
        console.print("Verified: the records equal those on the server.", style="green")
    if report.results:
        statuses = Counter(result["status"] for result in report.results)
        console.print("Documents: " + ", ".join(f"{n} {status}" for status, n in statuses.items()) + ".")
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
    """Print the rep of the device, its records, how old they are, and the outbox in numbers."""
    identity, state = status.identity, status.sync_state
    if identity is None:
        console.print("Not enrolled. Next: satchel device enrol CODE --server URL")
    else:
        console.print(
            f"[bold]{escape(identity.rep_name)}[/bold] ({identity.rep}) at {escape(identity.company)},"
            f" {identity.server}"
        )
        console.print(f"device {identity.device_id}", style="dim")
    if state.synced_at is None:
        console.print("Never synced.")
    else:
        completeness = "complete" if state.complete else "not complete yet; sync again"
        console.print(f"Last synced {state.synced_at}, {completeness}.")
        if state.then is not None:
            download = status.download
            console.print(
                f"Download: {download.rows_applied:,} of {download.rows:,} records,"
                f" {_size(download.bytes_applied)} of {_size(download.bytes)}; sync again to continue."
            )
        if state.verified_at is not None:
            changed = "" if state.verified else "; records have changed since"
            console.print(f"Last verified {state.verified_at}{changed}.")
    print_table(
        status.counts.items(),
        {
            "collection": lambda item: item[0],
            "records": lambda item: f"{item[1]:,}",
            "read from the ERP": lambda item: status.freshness.get(item[0]),
        },
    )
    stages = Counter(document.state_label for document in status.documents)
    for label, count in stages.items():
        console.print(f"{count} {'document' if count == 1 else 'documents'} {label}", markup=False)


def print_records(collection: str, records: Sequence[Mapping[str, Any]]) -> None:
    """Print records, one row each, with the fields that distinguish them.

    A collection without an entry in `_COLUMNS` shows its first fields.
    """
    fields = _COLUMNS.get(collection) or tuple(dict.fromkeys(("id", *next(iter(records), ()))))[:_MAX_COLUMNS]
    columns: dict[str, Callable[[Mapping[str, Any]], object]] = {name: partial(_value, name) for name in fields}
    print_table(records, columns, empty=f"No {collection.replace('_', ' ')} on this device.")


def _value(name: str, record: Mapping[str, Any]) -> object:
    return record.get(name)


def print_customer(page: CustomerPage) -> None:
    """Print a customer with everything that belongs to them."""
    customer = page.customer
    console.print(
        f"[bold]{escape(customer['name'])}[/bold]  {customer['number'] or customer['id']}, {customer['status']}"
    )
    for flag, effect in (("block_order", "no new orders"), ("block_delivery", "no deliveries")):
        if customer[flag]:
            console.print(f"Blocked: {effect}.", style="red")
    for address in customer["addresses"]:
        place = ", ".join(
            text
            for text in (*address["lines"], address["postal_code"], address["city"], address["country"])
            if text
        )
        console.print(f"{place}  ({', '.join(address['uses']) or 'address'})", markup=False)
    for contact in page.contacts:
        numbers_and_emails = [phone["number"] for phone in contact["phones"]] + contact["emails"]
        console.print(
            f"{contact['name'] or 'Contact'}  {contact['role'] or ''}  {', '.join(numbers_and_emails)}",
            markup=False,
        )
    for credit in page.credit:
        limit = f"limit {credit['limit']}" if credit["limit"] else "no limit"
        console.print(
            f"Credit in {credit['currency']}: {limit}, exposure {credit['exposure']},"
            f" overdue {credit['overdue']}"
        )
    _print_orders(page.orders)
    _print_receivables(page.receivables)
    if page.pending_documents:
        print_outbox(page.pending_documents)
    ages = ", ".join(f"{name} {as_of}" for name, as_of in page.as_of.items() if as_of)
    if ages:
        console.print(f"Read from the ERP: {ages}", style="dim")


def _print_orders(orders: Sequence[Mapping[str, Any]]) -> None:
    print_table(
        orders[:20],
        {
            "order": lambda order: order["number"] or order["id"],
            "date": lambda order: order["order_date"],
            "gross": lambda order: f"{order['gross']} {order['currency']}",
            "transport": lambda order: order["axes"]["transport"],
            "approval": lambda order: order["axes"]["approval"],
            "delivery": lambda order: order["axes"]["delivery"],
            "billing": lambda order: order["axes"]["billing"],
        },
        title="Orders",
    )


def _print_receivables(receivables: Sequence[Mapping[str, Any]]) -> None:
    print_table(
        receivables,
        {
            "type": lambda item: item["type"],
            "number": lambda item: item["number"],
            "date": lambda item: item["date"],
            "due": lambda item: item["due_date"],
            "open": lambda item: f"{item['open_amount']} {item['currency']}",
        },
        title="Open items",
    )


def print_products(lines: Sequence[ProductLine]) -> None:
    """Print products with price and stock."""
    print_table(
        lines,
        {
            "product": lambda line: line.product["sku"] or line.product["id"],
            "name": lambda line: line.product["name"],
            "unit": lambda line: line.product["units"][0]["unit"],
            "price": lambda line: f"{line.price.amount} {line.price.currency}" if line.price else "",
            "stock": lambda line: [f"{level['warehouse_id']} {level['available']}" for level in line.stock],
        },
        empty="No matching products on this device.",
    )


def print_outbox(documents: Sequence[Document]) -> None:
    """Print documents with their states."""
    print_table(
        documents,
        {
            "id": lambda document: document.id,
            "document": lambda document: document.title,
            "captured": lambda document: document.captured_at[:19],
            "state": _state,
        },
        empty="The outbox is empty.",
        style=lambda document: "red" if document.needs_rep else None,
    )


def _state(document: Document) -> str:
    lines = [document.state_label]
    lines += [f"{error['field']}: {error['message']}" for error in document.errors]
    if document.missing:
        lines.append(f"receipts to send: {len(document.missing)}")
    return "\n".join(lines)


def _size(count: int) -> str:
    return f"{count:,} bytes" if count < 10_000 else f"{count / 1024:,.0f} KiB"
