"""Who works there: three employees, and the user `connector` by which Satchel comes in."""

from proteus import Model
from proteus.config import get_config

HOME = {"city": "Kiel", "postal_code": "24103"}
EMPLOYEES = {"E001": "Maren Claasen", "E002": "Jonas Reuter", "E003": "Aylin Demir"}

# What an ordinary clerk of sales, stock and accounts has. Not "Account Credit Limit": who is in
# it may click a customer's exceeded limit away, and a machine must not. Not an administrator.
GROUPS = (
    "sale.group_sale",
    "stock.group_stock",
    "account.group_account",
    "stock_forecast.group_stock_forecast",
)


def load(summary: dict, connector_password: str) -> dict:
    """Returns employees (code, party, address) and users by login."""
    context = get_config().context
    rows = [
        {
            "name": name,
            "code": code,
            "addresses": [("create", [{**HOME, "country": summary["country"]}])],
            "contact_mechanisms": [("create", [{"type": "email", "value": f"{code.lower()}@example.com"}])],
        }
        for code, name in EMPLOYEES.items()
    ]
    Party = Model.get("party.party")
    parties = Party._proxy.create(rows, context)
    employees = Model.get("company.employee")._proxy.create([{"party": party} for party in parties], context)
    addresses = {row["id"]: row["addresses"][0] for row in Party._proxy.read(parties, ["addresses"], context)}
    return {
        "employees": [
            {"code": code, "name": name, "party": party, "employee": employee, "address": addresses[party]}
            for (code, name), party, employee in zip(EMPLOYEES.items(), parties, employees, strict=True)
        ],
        "users": {"connector": _connector(summary["company"], connector_password)},
    }


def _connector(company: int, password: str) -> int:
    known = Model.get("ir.model.data")
    (language,) = Model.get("ir.lang").find([("code", "=", "en")])
    row = {
        "name": "Satchel",
        "login": "connector",
        "password": password,
        # refusals are told apart by their text, so the language must stay English
        "language": language.id,
        "groups": [("add", [known.get_id(group, get_config().context) for group in GROUPS])],
        "companies": [("add", [company])],
        "company": company,
    }
    (user,) = Model.get("res.user")._proxy.create([row], get_config().context)
    return user
