"""`check()`: what is wrong or could be better, in sentences for the operator."""

import datetime as dt
from collections.abc import Iterator

from backend.clock import AHEAD
from backend.connectors.tryton import features
from backend.connectors.tryton.client import LANGUAGE, Client
from backend.connectors.tryton.lookups import Lookups
from backend.connectors.tryton.mapper import READS, WRITES
from backend.erp.errors import ErpError
from backend.erp.records import Health

SERIES = ("8.0",)
"""Series that the tests run against. Another series may work; `check` says that it was not tested."""

READABLE = (
    "party.party", "party.address", "party.category", "party.contact_mechanism", "product.product",
    "product.template", "product.category", "product.uom", "product.price_list", "product.price_list.line",
    "stock.location", "stock.move", "stock.shipment.out", "sale.sale", "sale.line", "account.invoice",
    "account.invoice.line", "account.move", "account.move.line", "account.account", "account.journal",
    "company.employee", "currency.currency",
)  # fmt: skip
FORECASTS = (features.FORECAST, f"{features.FORECAST}.line")
CREDIT_GROUP = ("account_credit_limit", "group_credit_limit")


def check(client: Client, lookups: Lookups) -> Health:
    """Return version, clock, problems and notes. Never raises: an ERP that is down is a problem to report."""
    version, problems, hints = "unknown", list[str](), tuple[str, ...]()
    try:
        version = client.version()
        present = features.look(client)
        if not version.startswith(SERIES):
            problems.append(f"Tryton is {version}; this connector was tested with {', '.join(SERIES)}.")
        problems += [f"Tryton lacks the module {module}; install it." for module in present.missing]
        problems += _rights(client, present)
        problems += _configuration(lookups) if not present.missing else []
        hints = (*notes(client, present), *(_dated_ahead(client, lookups, present) if not problems else ()))
    except ErpError as error:
        problems.append(error.message if error.raw == error.message else f"{error.message} ({error.raw})")
    return Health(version, client.server_time, tuple(problems), hints)


def notes(client: Client, present: features.Features) -> tuple[str, ...]:
    """Return what works, and how it could work better."""
    hints = []
    for write in WRITES.values():
        if write.model not in present.keyed:
            hints.append(
                f"The companion module is not installed for {write.plural}. Satchel finds a document by the "
                "key in its reference and waits before it sends it again, but Tryton would accept a second one."
            )
    for model, module in features.OPTIONAL.items():
        if model not in present.models:
            hints.append(f"Tryton lacks the module {module}, so {_WITHOUT[model]}.")
    if _may_exceed(client):
        hints.append(
            "Satchel's user is in the group “Account Credit Limit”. Remove it from the group, so that Tryton "
            "refuses an order over the limit instead of asking."
        )
    return tuple(hints)


def _dated_ahead(client: Client, lookups: Lookups, present: features.Features) -> Iterator[str]:
    """Yield a sentence for each model that has rows of a time more than a day ahead."""
    latest = (dt.datetime.now(dt.UTC) + AHEAD).replace(tzinfo=None)
    triggers = {
        (trigger.model, trigger.stamp)
        for read in READS.values()
        for trigger in read.source(lookups, present).triggers
        if trigger.stamp
    }
    for model, stamp in sorted(triggers):
        if count := client.count(model, [[stamp, ">", latest]]):
            yield (
                f"{count} rows of {model} have a time of change that is more than a day ahead. They are read "
                "again every time. Correct the clock of Tryton's server, then save them again in Tryton."
            )


_WITHOUT = {
    features.FORECAST: "forecasts cannot be forwarded",
    features.RELATIONS: "contact persons are not read",
}


def _rights(client: Client, present: features.Features) -> list[str]:
    documents = (model for write in WRITES.values() for model in write.creates)
    creatable = (*documents, *(FORECASTS if present.forecasts else ()))
    models = sorted({*READABLE, *creatable} - {m for m in features.MODULES if m not in present.models})
    access = client.call("model.ir.model.access.get_access", models)
    if not isinstance(access, dict):
        return ["Tryton does not report the rights of Satchel's user."]

    def lacks(model: str, right: str) -> bool:
        return not (isinstance(access.get(model), dict) and access[model].get(right))

    not_readable = [model for model in models if lacks(model, "read")]
    not_writable = [model for model in creatable if lacks(model, "create") or lacks(model, "write")]
    problems = []
    if not_readable:
        problems.append(f"Satchel's user may not read {', '.join(not_readable)}; add it to a group that may.")
    if not_writable:
        problems.append(f"Satchel's user may not create {', '.join(not_writable)}; add it to a group that may.")
    return problems


def _configuration(lookups: Lookups) -> list[str]:
    """Return what would stop the first document."""
    problems = []
    if lookups.client.context.get("language") != LANGUAGE:
        problems.append("Tryton does not answer in English, so its refusals cannot be recognized.")
    companies = lookups.client.search("company.company", [["id", "=", lookups.company]])
    if not companies:
        return [*problems, f"Tryton has no company {lookups.company}; set SATCHEL_ERP_COMPANY."]
    try:
        lookups.territories()
    except ErpError as error:
        problems.append(error.message)
    warehouse = lookups.options.warehouse
    if warehouse and warehouse not in {row["code"] for row in lookups.warehouses()}:
        problems.append(f"Tryton has no warehouse with the code {warehouse!r}; set SATCHEL_ERP_WAREHOUSE.")
    return problems


def _may_exceed(client: Client) -> bool:
    try:
        group = client.call("model.ir.model.data.get_id", *CREDIT_GROUP)
    except ErpError:
        return False
    return group in (client.context.get("groups") or [])
