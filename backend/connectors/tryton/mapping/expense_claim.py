"""An expense claim as the values of `create`: a supplier invoice of the employee."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from backend.connectors.tryton.row import Row, Values
from backend.erp.records import Document


@dataclass(frozen=True)
class ClaimFacts:
    """What was looked up in Tryton for one claim."""

    party: int
    address: int
    payable: int
    journal: int
    currency: int
    accounts: dict[str, int]
    """By expense category."""
    customer: str | None
    """Number and name of the customer that the claim names."""
    date: dt.date
    key_field: str | None


def values(document: Document, facts: ClaimFacts) -> Values:
    """Return the values to create. Amounts include tax, so no tax is added. Our key is the reference too."""
    body = document.body
    about = [body["purpose"]]
    if facts.customer:
        about.append(f"for {facts.customer}")
    if body.get("project"):
        about.append(f"project {body['project']}")
    key: dict[str, Any] = {facts.key_field: document.id} if facts.key_field else {}
    return key | {
        "type": "in",
        "party": facts.party,
        "invoice_address": facts.address,
        "account": facts.payable,
        "journal": facts.journal,
        "currency": facts.currency,
        "reference": document.id,
        "description": "Expense claim: " + ", ".join(about),
        "invoice_date": facts.date,
        "comment": f"Captured by {document.rep.name} at {document.captured_at}",
        "lines": [["create", [line_values(line, facts) for line in body["lines"]]]],
    }


def line_values(line: Row, facts: ClaimFacts) -> Values:
    """Return the values of one expense."""
    text = f"{line['date']} {line['description']}"
    if line.get("merchant"):
        text += f" ({line['merchant']})"
    if line.get("justification"):
        text += f": {line['justification']}"
    return {
        "type": "line",
        "sequence": line["line_no"],
        "description": text,
        "quantity": 1.0,
        "unit_price": Decimal(line["amount"]),
        "account": facts.accounts[line["category_id"]],
    }
