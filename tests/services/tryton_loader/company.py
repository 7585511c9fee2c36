"""The company itself: currency, country, warehouses, and how parties are numbered."""

from decimal import Decimal

from proteus import Model, Wizard
from proteus.config import get_config

NAME = "Nordhaven Supply"
WAREHOUSES = {"W1": "Nord", "W2": "Süd"}


def load() -> dict:
    """Returns company, currency and country ids, warehouses and locations by code."""
    currency = Model.get("currency.currency")(
        name="Euro", symbol="€", code="EUR", numeric_code="978", digits=2, rounding=Decimal("0.01")
    )
    currency.save()
    germany = Model.get("country.country")(name="Germany", code="DE", code3="DEU", code_numeric="276")
    germany.save()
    party = Model.get("party.party")(name=NAME, code="NORDHAVEN")
    (address,) = party.addresses or [party.addresses.new()]
    address.street, address.postal_code, address.city = "Speicherkai 4", "24103", "Kiel"
    address.country = germany
    party.save()

    wizard = Wizard("company.company.config")
    wizard.execute("company")
    wizard.form.party = party
    wizard.form.currency = currency
    wizard.execute("add")
    # from here on every create belongs to the company, as in a client after login
    get_config()._context = Model.get("res.user").get_preferences(True, {})
    (company,) = Model.get("company.company").find()
    _number_parties()
    return {
        "company": company.id,
        "company_name": NAME,
        "currency": currency.id,
        "country": germany.id,
        "warehouses": _warehouses(),
        "customer_location": Model.get("stock.location").find([("type", "=", "customer")])[0].id,
    }


def _number_parties() -> None:
    """Number customers C00001 and so on; all other parties get an explicit code."""
    sequence = Model.get("party.configuration")(1).party_sequence
    sequence.prefix, sequence.padding = "C", 5
    sequence.save()


def _warehouses() -> dict[str, dict[str, int]]:
    """Tryton comes with one warehouse; it becomes W1, and W2 is made like it."""
    Location = Model.get("stock.location")
    (first,) = Location.find([("type", "=", "warehouse")])
    first.code, first.name = "W1", WAREHOUSES["W1"]
    first.save()

    def child(kind: str, name: str, code: str) -> Location:
        location = Location(name=f"{WAREHOUSES['W2']}: {name}", code=code, type=kind)
        location.save()
        return location

    second = Location(name=WAREHOUSES["W2"], code="W2", type="warehouse")
    second.input_location = child("storage", "Input", "W2-IN")
    second.output_location = child("storage", "Output", "W2-OUT")
    second.storage_location = child("storage", "Storage", "W2-STO")
    # of its own, or inventories of this warehouse cannot be confirmed
    second.lost_found_location = child("lost_found", "Lost and found", "W2-LF")
    second.save()
    return {
        location.code: {"id": location.id, "storage": location.storage_location.id}
        for location in (first, second)
    }
