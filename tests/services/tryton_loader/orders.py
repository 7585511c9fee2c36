"""Orders in every state Tryton knows, from draft to shipped and paid.

Made in batches, one call per step: Tryton spends most of a call's time per call.
"""

import datetime as dt
import random
from decimal import Decimal

import trytond.config
from proteus import Model
from proteus.config import get_config

# Each stage, and how many of thirty orders are in it.
STAGES = {
    "draft": 3,
    "quotation": 4,
    "cancelled": 2,
    "confirmed": 2,
    "processing": 6,
    "partly shipped": 2,
    "shipped": 4,
    "invoiced": 4,
    "paid": 3,
}
OVER_DAYS = 90
A_LONG_TIME = dt.timedelta(days=36_500)


def load(summary: dict, chance: random.Random, number: int) -> dict:
    """Returns sale ids by stage. The older ones of "invoiced" are overdue."""
    stages = [stage for stage, share in STAGES.items() for _ in range(share)]
    # the older an order, the further along it is
    plan = sorted((stages[index % len(stages)] for index in range(number)), key=list(STAGES).index)
    plan.reverse()
    rows = [_sale(place, number, chance, summary) for place in range(number)]
    Sale = Model.get("sale.sale")
    context = get_config().context
    ids = Sale._proxy.create(rows, context)
    sales: dict[str, list[int]] = {stage: [] for stage in STAGES}
    for sale, stage in zip(ids, plan, strict=True):
        sales[stage].append(sale)
    Sale._proxy.quote([sale for sale in ids if sale not in sales["draft"]], context)
    Sale._proxy.cancel(sales["cancelled"], context)
    _confirm_for_later(sales["confirmed"])
    onward = [s for stage in list(STAGES)[4:] for s in sales[stage]]
    Sale._proxy.confirm(onward, context)
    _ship(sales["shipped"] + sales["invoiced"] + sales["paid"])
    _ship(sales["partly shipped"], partly=True)
    _invoice(sales["invoiced"] + sales["paid"], sales["paid"], summary)
    return {"sales": sales}


def _sale(place: int, number: int, chance: random.Random, summary: dict) -> dict:
    """Return a draft as `create` needs it: no on_change runs, so every field is given."""
    with_limit_to_spare = [c for c in summary["customers"] if c["credit_limit"] in (None, "100000", "50000")]
    customer = chance.choice(with_limit_to_spare)
    sold = [p for p in summary["products"] if p["unit"] == p["sale_unit"]]
    date = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=OVER_DAYS * (number - place) // number)
    taxes = {category: summary["taxes"][name] for name, category in summary["account_categories"].items()}
    lines = [
        {
            "type": "line",
            "product": product["id"],
            "quantity": float(chance.randrange(2, 12)),
            "unit": product["sale_unit"],
            "unit_price": Decimal(product["list_price"]),
            "taxes": [("add", [taxes[product["account_category"]]])],
        }
        for product in chance.sample(sold, chance.randrange(1, 4))
    ]
    return {
        "reference": f"PO-{place + 1:04d}",
        "sale_date": date,
        "party": customer["id"],
        "invoice_address": customer["address"],
        "shipment_address": customer["address"],
        "payment_term": customer["payment_term"],
        "price_list": customer["price_list"],
        "warehouse": summary["warehouses"][chance.choice(["W1", "W2"])]["id"],
        "lines": [("create", lines)],
    }


def _confirm_for_later(ids: list[int]) -> None:
    """Confirm them, with processing by a worker planned in a hundred years, so that they stay "confirmed"."""
    Settings = Model.get("sale.configuration")
    settings = Settings(1)
    settings.sale_process_after = A_LONG_TIME
    settings.save()
    # without a worker, Tryton would process them at once, whenever they are due
    trytond.config.set("queue", "worker", "True")
    try:
        Model.get("sale.sale")._proxy.confirm(ids, get_config().context)
    finally:
        trytond.config.set("queue", "worker", "False")
    settings = Settings(1)
    settings.sale_process_after = None
    settings.save()


def _ship(ids: list[int], partly: bool = False) -> None:
    context = get_config().context
    Shipment = Model.get("stock.shipment.out")
    shipments = [s.id for sale in Model.get("sale.sale").find([("id", "in", ids)]) for s in sale.shipments]
    if partly:
        _take_one_less(shipments)
    Shipment._proxy.assign_force(shipments, context)
    Shipment._proxy.pick(shipments, context)
    Shipment._proxy.pack(shipments, context)
    Shipment._proxy.do(shipments, context)


def _take_one_less(shipments: list[int]) -> None:
    """Send one piece less of each line; Tryton plans a second shipment for the rest."""
    for shipment in Model.get("stock.shipment.out").find([("id", "in", shipments)]):
        # both legs, shelf to dock and dock to customer, or packing warns that they differ
        for move in [*shipment.inventory_moves, *shipment.outgoing_moves]:
            move.quantity -= 1
            move.save()


def _invoice(ids: list[int], paid: list[int], summary: dict) -> None:
    """Post in the order of dates, as the numbers must follow them; then pay some."""
    context = get_config().context
    # Tryton asks to confirm a due date in the past. It is intended: these invoices are overdue.
    get_config().skip_warning = True
    Invoice = Model.get("account.invoice")
    sales = sorted(Model.get("sale.sale").find([("id", "in", ids)]), key=lambda sale: sale.sale_date)
    for sale in sales:
        for invoice in sale.invoices:
            Invoice._proxy.write([invoice.id], {"invoice_date": sale.sale_date}, context)
            Invoice._proxy.post([invoice.id], context)
            if sale.id in paid:
                wizard = Invoice(invoice.id).click("pay")
                wizard.form.payment_method = Model.get("account.invoice.payment.method")(
                    summary["payment_method"]
                )
                wizard.execute("choice")
