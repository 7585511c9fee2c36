"""Whether everything is in place, in sentences for the operator."""

from backend.connectors.tryton import features
from backend.connectors.tryton.client import LANGUAGE, Client
from backend.connectors.tryton.lookups import Lookups
from backend.connectors.tryton.mapper import WRITES
from backend.erp.errors import ErpError
from backend.erp.records import Health

SERIES = ("8.0",)
"""What the tests run against. Others may work; the note says that nobody tried."""

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
    """Return version, clock and problems; never raises: an ERP that is down is a problem, not an error."""
    version, problems, said = "unknown", list[str](), tuple[str, ...]()
    try:
        version = client.version()
        found = features.look(client)
        if not version.startswith(SERIES):
            problems.append(f"Tryton is {version}; this connector was tried with {', '.join(SERIES)}.")
        problems += [f"Tryton lacks the module {module}; install it." for module in found.missing]
        problems += _rights(client, found)
        problems += _setting(lookups) if not found.missing else []
        said = notes(client, found)
    except ErpError as error:
        problems.append(error.message if error.raw == error.message else f"{error.message} ({error.raw})")
    return Health(version, client.server_time, tuple(problems), said)


def notes(client: Client, found: features.Features) -> tuple[str, ...]:
    """Return what works, but less well than it could."""
    said = []
    for write in WRITES.values():
        if write.model not in found.keyed:
            said.append(
                f"The companion module is not installed for {write.plural}. Satchel finds a document by the key "
                "in its reference and waits before it sends it again, but Tryton would accept a second one."
            )
    for model, module in features.OPTIONAL.items():
        if model not in found.models:
            said.append(f"Tryton lacks the module {module}, so {_WITHOUT[model]}.")
    if _may_exceed(client):
        said.append(
            "Satchel's user is in the group “Account Credit Limit”; take it out, so that Tryton refuses "
            "what exceeds a limit instead of asking."
        )
    return tuple(said)


_WITHOUT = {
    features.FORECAST: "forecasts cannot be forwarded",
    features.RELATIONS: "contact persons are not read",
}


def _rights(client: Client, found: features.Features) -> list[str]:
    documents = (model for write in WRITES.values() for model in write.creates)
    creatable = (*documents, *(FORECASTS if found.forecasts else ()))
    models = sorted({*READABLE, *creatable} - {m for m in features.MODULES if m not in found.models})
    access = client.call("model.ir.model.access.get_access", models)
    if not isinstance(access, dict):
        return ["Tryton does not say which rights Satchel's user has."]

    def lacks(model: str, right: str) -> bool:
        return not (isinstance(access.get(model), dict) and access[model].get(right))

    unread = [model for model in models if lacks(model, "read")]
    unmade = [model for model in creatable if lacks(model, "create") or lacks(model, "write")]
    said = [f"Satchel's user may not read {', '.join(unread)}; add a group that may."] if unread else []
    return said + (
        [f"Satchel's user may not create {', '.join(unmade)}; add a group that may."] if unmade else []
    )


def _setting(lookups: Lookups) -> list[str]:
    """Try what the first document would need."""
    said = []
    if lookups.client.context.get("language") != LANGUAGE:
        said.append("Tryton does not answer in English, by which refusals are told apart.")
    companies = lookups.client.search("company.company", [["id", "=", lookups.company]])
    if not companies:
        return [*said, f"Tryton has no company {lookups.company}; see the option company."]
    try:
        lookups.territories()
    except ErpError as error:
        said.append(error.message)
    wanted = lookups.options.warehouse
    if wanted and wanted not in {row["code"] for row in lookups.warehouses()}:
        said.append(f"Tryton has no warehouse with the code {wanted!r}; see the option warehouse.")
    return said


def _may_exceed(client: Client) -> bool:
    try:
        group = client.call("model.ir.model.data.get_id", *CREDIT_GROUP)
    except ErpError:
        return False
    return group in (client.context.get("groups") or [])
