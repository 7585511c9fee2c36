"""Staff: three employees, and the user `connector` that Satchel logs in as."""

from proteus import Model
from proteus.config import get_config

HOME = {"city": "Kiel", "postal_code": "24103"}
EMPLOYEES = {"E001": "Maren Claasen", "E002": "Jonas Reuter", "E003": "Aylin Demir"}

# The groups of an ordinary clerk of sales, stock and accounts. Not "Account Credit Limit", whose members may
# confirm an exceeded credit limit, which a program must not. Not an administrator.
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
    data = Model.get("ir.model.data")
    (language,) = Model.get("ir.lang").find([("code", "=", "en")])
    row = {
        "name": "Satchel",
        "login": "connector",
        "password": password,
        # refusals are distinguished by their text, so the language must stay English
        "language": language.id,
        "groups": [("add", [data.get_id(group, get_config().context) for group in GROUPS])],
        "companies": [("add", [company])],
        "company": company,
    }
    (user,) = Model.get("res.user")._proxy.create([row], get_config().context)
    return user
