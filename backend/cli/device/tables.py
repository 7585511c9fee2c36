"""Print the device's data as tables for people."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from rich.markup import escape

from backend.cli.context import console
from backend.cli.device.saved import print_warning
from backend.cli.tables import print_table
from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.collection import Collection
from sync_protocol.device.capture.documents import Document
from sync_protocol.device.capture.views import CustomerPage, ProductLine
from sync_protocol.device.device import Status
from sync_protocol.device.sync.report import SyncReport
from sync_protocol.fault_sentence import fault_sentence, warning_sentence
from sync_protocol.fields import Instant
from sync_protocol.json_types import Record
from sync_protocol.local_time import local_time

_MAX_COLUMNS = 6


def print_report(report: SyncReport) -> None:
    """Print the result of a sync in one or a few lines."""
    if report.unchanged and not report.results and not report.receipts:
        console.print("Nothing new.")
    else:
        deleted = report.gone + sum(report.dropped.values())
        console.print(
            f"{_count(report.put, 'record')} stored, {deleted:,} deleted, in {_count(report.pages, 'page')};"
            f" {_size(report.received)} received, {_size(report.sent)} sent."
        )
    for label, count in report.lost.items():
        console.print(
            f"You no longer have {label}: {_count(count, 'record')} deleted from this device.", markup=False
        )
    for label in report.gained:
        console.print(f"You now have {label}.", markup=False)
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
            sentence = fault_sentence(error["field"], error["message"])
            console.print(f"  {result['id']}: {sentence}", markup=False)
        for warning in result.get("warnings", []):
            print_warning(f"{result['id']} {warning_sentence(warning['field'], warning['message'])}")
    if report.receipts:
        console.print(f"{_count(report.receipts, 'receipt')} sent.")
    for note in report.notes:
        console.print(note, style="yellow", markup=False)
    if report.problem is not None:
        console.print(f"{report.problem}.".capitalize(), style="yellow", markup=False)
        if report.problem.technical:
            console.print(f"For support: {report.problem.technical}", style="dim", markup=False)


def print_status(status: Status, zone: str) -> None:
    """Print the rep of the device, its records, how old they are, and the outbox in numbers.

    *zone* is the rep's time zone, here and below.
    """
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
        console.print(f"Last synced {local_time(state.synced_at, zone)}, {completeness}.")
        if state.then is not None:
            download = status.download
            console.print(
                f"Download: {download.rows_applied:,} of {download.rows:,} records,"
                f" {_size(download.bytes_applied)} of {_size(download.bytes)}; sync again to continue."
            )
        if state.verified_at is not None:
            changed = "" if state.verified else "; records have changed since"
            console.print(f"Last verified {local_time(state.verified_at, zone)}{changed}.")
    print_table(
        status.counts.items(),
        {
            "collection": lambda item: item[0],
            "records": lambda item: f"{item[1]:,}",
            "read from the ERP": lambda item: _when(status.freshness.get(item[0]), zone),
        },
    )
    if status.clock_warning:
        print_warning(status.clock_warning)
    stages = Counter(document.state_label for document in status.documents)
    for label, count in stages.items():
        console.print(f"{_count(count, 'document')} {label}", markup=False)


def print_records(collection: str, records: Sequence[Record], zone: str, match: str = "") -> None:
    """Print records, one row each, with the fields that distinguish them; *match* was searched for.

    Those are the `columns` of the collection's declaration; without them, its first fields.
    """
    declared = COLLECTIONS.get(collection)
    first_fields = tuple(dict.fromkeys(("id", *next(iter(records), ()))))[:_MAX_COLUMNS]
    fields = (declared.columns if declared else ()) or first_fields
    times = _times(declared)
    columns: dict[str, Callable[[Mapping[str, Any]], object]] = {
        name.replace("_", " "): partial(_value, name, zone if name in times else None) for name in fields
    }
    condition = f" that contain {match!r}" if match else ""
    print_table(records, columns, empty=f"No {collection.replace('_', ' ')}{condition} on this device.")


def _times(declared: Collection | None) -> frozenset[str]:
    """Return the fields of a collection that hold a time."""
    fields = declared.schema().fields if declared else {}
    return frozenset(name for name, field in fields.items() if isinstance(field, Instant))


def _value(name: str, zone: str | None, record: Mapping[str, Any]) -> object:
    value = record.get(name)
    return value if zone is None else _when(value, zone)


def _when(moment: str | None, zone: str) -> str:
    return local_time(moment, zone) if moment else ""


def print_customer(page: CustomerPage, zone: str) -> None:
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
        print_outbox(page.pending_documents, zone)
    ages = ", ".join(f"{name} {local_time(as_of, zone)}" for name, as_of in page.as_of.items() if as_of)
    if ages:
        console.print(f"Read from the ERP: {ages}", style="dim")


def _print_orders(orders: Sequence[Record]) -> None:
    print_table(
        orders[:20],
        {
            "order": lambda order: order["number"] or order["id"],
            "date": lambda order: order["order_date"],
            "gross": lambda order: f"{order['gross']} {order['currency']}",
            "state": _order_state,
        },
        title="Orders",
    )


def _order_state(order: Record) -> str:
    axes = order["axes"]
    return f"{axes['transport']}, " + ", ".join(
        f"{name} {axes[name]}" for name in ("approval", "delivery", "billing") if axes[name] != "none"
    )


def _print_receivables(receivables: Sequence[Record]) -> None:
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


def print_products(lines: Sequence[ProductLine], remarks: Sequence[str] = ()) -> None:
    """Print products with price and stock, and *remarks* on an order for the customer."""
    for remark in remarks:
        print_warning(remark)
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


def print_outbox(documents: Sequence[Document], zone: str) -> None:
    """Print documents with their states."""
    print_table(
        documents,
        {
            "id": lambda document: document.id,
            "document": lambda document: document.title,
            "captured": lambda document: local_time(document.captured_at, zone),
            "state": state_of,
        },
        empty="The outbox is empty.",
        style=lambda document: "red" if document.needs_rep else None,
    )


def state_of(document: Document) -> str:
    """Return the state of *document* as its rep reads it."""
    lines = [document.state_label]
    lines += document.explanation
    lines += [
        f"note: {warning_sentence(warning['field'], warning['message'])}" for warning in document.warnings
    ]
    if document.missing:
        lines.append(f"receipts to send: {len(document.missing)}")
    return "\n".join(lines)


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _size(count: int) -> str:
    return f"{count:,} bytes" if count < 10_000 else f"{count / 1024:,.0f} KiB"
