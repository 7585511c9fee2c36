"""Accounting: chart of accounts, three fiscal years, taxes, payment terms, expense accounts."""

import datetime as dt
from decimal import Decimal

from proteus import Model, Wizard
from proteus.config import get_config

TAXES = {"VAT 19 %": Decimal("0.19"), "VAT 7 %": Decimal("0.07")}
PAYMENT_TERMS = {"Immediately": 0, "14 days": 14, "30 days": 30}

# Of Tryton's universal chart.
CODES = {"revenue": "4.1.1", "expense": "5.1.1", "cash": "1.1.1", "tax": "6.3.6"}

# Made by us because most accounts of the chart which sound right (5.2.2 "Selling, General And
# Administrative") have a type that a supplier invoice's line refuses: it wants type.expense.
EXPENSES = {
    "5.3.1": "Travel",
    "5.3.2": "Lodging",
    "5.3.3": "Meals",
    "5.3.4": "Entertainment",
    "5.3.5": "Fuel and mileage",
    "5.3.9": "Other field expenses",
}


def load(summary: dict) -> dict:
    """Returns account ids by use, expense accounts by code, taxes, terms, journals, periods."""
    company = Model.get("company.company")(summary["company"])
    accounts = _chart(company)
    # Tryton uses UTC
    now = dt.datetime.now(dt.UTC).year
    for year in (now - 1, now, now + 1):
        _fiscal_year(company, year)
    expense = _expense_accounts(company, accounts["expense"])
    taxes = {name: _tax(name, rate, accounts["tax"]) for name, rate in TAXES.items()}
    return {
        "accounts": {name: account.id for name, account in accounts.items()},
        "expense_accounts": expense,
        "taxes": taxes,
        "account_categories": {name: _account_category(name, accounts, tax) for name, tax in taxes.items()},
        "payment_terms": {name: _payment_term(name, days) for name, days in PAYMENT_TERMS.items()},
        "payment_method": _payment_method(accounts["cash"]),
        "journals": {journal.code: journal.id for journal in Model.get("account.journal").find()},
    }


def _chart(company: Model) -> dict[str, Model]:
    root = Model.get("ir.model.data").get_id("account.account_template_root_en", get_config().context)
    wizard = Wizard("account.create_chart")
    wizard.execute("account")
    wizard.form.account_template = Model.get("account.account.template")(root)
    wizard.form.company = company
    wizard.execute("create_account")

    Account = Model.get("account.account")

    accounts = {}
    for kind in ("receivable", "payable"):
        # the chart has a heading of that type too, but only this one is kept per party
        (accounts[kind],) = Account.find([(f"type.{kind}", "=", True), ("party_required", "=", True)], limit=1)
    for use, code in CODES.items():
        (accounts[use],) = Account.find([("code", "=", code)])
    wizard.form.account_receivable = accounts["receivable"]
    wizard.form.account_payable = accounts["payable"]
    wizard.form.category_account_expense = accounts["expense"]
    wizard.form.category_account_revenue = accounts["revenue"]
    wizard.execute("create_properties")
    return accounts


def _fiscal_year(company: Model, number: int) -> None:
    """Make the calendar year with monthly periods and one gapless sequence per kind of document."""
    year = Model.get("account.fiscalyear")(name=str(number), company=company)
    year.start_date, year.end_date = dt.date(number, 1, 1), dt.date(number, 12, 31)
    year.move_sequence = _sequence("Account Move", f"M{number}-", company)
    (numbers,) = year.invoice_sequences
    numbers.out_invoice_sequence = _sequence("Invoice", f"{number}-", company)
    numbers.in_invoice_sequence = _sequence("Invoice", f"SI{number}-", company)
    numbers.out_credit_note_sequence = _sequence("Invoice", f"CN{number}-", company)
    numbers.in_credit_note_sequence = _sequence("Invoice", f"SC{number}-", company)
    year.save()
    year.click("create_period")


def _sequence(kind: str, prefix: str, company: Model) -> Model:
    kinds = Model.get("ir.sequence.type").find([("name", "=", kind)])
    sequence = Model.get("ir.sequence.strict")(
        name=f"{kind} {prefix}", sequence_type=kinds[0], prefix=prefix, padding=5, company=company
    )
    sequence.save()
    return sequence


def _expense_accounts(company: Model, like: Model) -> dict[str, dict]:
    made = {}
    for code, name in EXPENSES.items():
        account = Model.get("account.account")(name=name, code=code, company=company)
        account.type, account.parent = like.type, like.parent
        account.save()
        made[code] = {"id": account.id, "name": name}
    return made


def _tax(name: str, rate: Decimal, account: Model) -> int:
    tax = Model.get("account.tax")(name=name, description=name, type="percentage", rate=rate)
    tax.invoice_account = tax.credit_note_account = account
    tax.save()
    return tax.id


def _account_category(name: str, accounts: dict[str, Model], tax: int) -> int:
    category = Model.get("product.category")(name=f"Goods, {name}", accounting=True)
    category.account_revenue, category.account_expense = accounts["revenue"], accounts["expense"]
    category.customer_taxes.append(Model.get("account.tax")(tax))
    category.save()
    return category.id


def _payment_term(name: str, days: int) -> int:
    term = Model.get("account.invoice.payment_term")(name=name)
    line = term.lines.new(type="remainder")
    if days:
        line.relativedeltas.new(days=days)
    term.save()
    return term.id


def _payment_method(cash: Model) -> int:
    (journal,) = Model.get("account.journal").find([("type", "=", "cash")])
    method = Model.get("account.invoice.payment.method")(name="Bank transfer", journal=journal)
    method.credit_account = method.debit_account = cash
    method.save()
    return method.id
