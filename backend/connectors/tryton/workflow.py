"""What all kinds share: finding a document by our key, and taking it through its workflow in Tryton."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from backend.connectors.tryton.client import Client, Domain
from backend.connectors.tryton.errors import TrytonRefusal
from backend.connectors.tryton.features import KEY_FIELD, Features
from backend.connectors.tryton.row import Row
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import Document, ErpDocument, Outcome
from backend.erp.totals import is_rounding, total_note
from sync_protocol.submission import State

MAX_STEPS = 8
FIELDS = ("number", "state", "rec_name")
ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


@dataclass(frozen=True)
class Workflow:
    """The workflow of a model: which button to click in which state, and where Satchel has finished."""

    model: str
    buttons: Mapping[str, str]
    accepted: frozenset[str]
    called: str
    """The noun that a person uses for one document."""
    goal: str
    """The name of the last button, for a sentence to a person."""
    total: str
    """The model's field that is compared with the total of the kind (`Kind.total`)."""
    customer: str | None = None
    """The model's field with the customer; None if its party is not the customer of the kind."""


class Sender(Protocol):
    """Sends the documents of one kind; one class per kind, listed in `mapper.WRITES`."""

    def find(self, key: str, features: Features) -> list[ErpDocument]:
        """Return the documents that carry our key."""

    def find_by_number(self, number: str, features: Features) -> list[ErpDocument]:
        """Return the documents under *number*, each with the key it carries."""

    def create(self, document: Document, features: Features) -> ErpDocument:
        """Create the draft; raises `ErpError`, naming the field if one is to blame."""

    def advance(self, document: Document, erp_document: ErpDocument) -> Outcome:
        """Take the document that is there to the end of its workflow."""


def find(client: Client, workflow: Workflow, key: str, also: Domain, *, keyed: bool) -> list[ErpDocument]:
    """Return the documents of the workflow's model that carry our key, each with its total.

    The companion module's field is searched first. The reference holds the key of documents that were created
    before the module was installed; a person may copy it.
    """
    if keyed and (hits := _find(client, workflow, [[KEY_FIELD, "=", key], *also])):
        return hits
    return _find(client, workflow, [["reference", "=", key], *also])


def _find(client: Client, workflow: Workflow, domain: Domain) -> list[ErpDocument]:
    rows = client.search_read(workflow.model, domain, [*FIELDS, workflow.total])
    return [replace(erp_document(row), total=row[workflow.total]) for row in rows]


def find_by_number(
    client: Client, workflow: Workflow, number: str, also: Domain, *, keyed: bool
) -> list[ErpDocument]:
    """Return all documents of the workflow's model with *number*, also those that we did not create.

    Each has its key, its customer and its total.
    """
    key = KEY_FIELD if keyed else "reference"
    customer = workflow.customer
    fields = [*FIELDS, key, workflow.total, *([customer] if customer else [])]
    return [
        replace(
            erp_document(row),
            key=_our_key(row[key]),
            total=row[workflow.total],
            customer_id=str(row[customer]) if customer and row[customer] is not None else None,
        )
        for row in client.search_read(workflow.model, [["number", "=", number], *also], fields)
    ]


def _our_key(value: str | None) -> str | None:
    """Return *value* if it has the form of our keys: a reference may contain any text."""
    return value if value and ULID.fullmatch(value) else None


def erp_document(row: Row) -> ErpDocument:
    """Return a document of Tryton as a value of the port."""
    return ErpDocument(str(row["id"]), row["number"] or None, row["state"])


def advance(
    client: Client,
    workflow: Workflow,
    record: int,
    document: Document,
    *,
    before: Callable[[Row], Outcome | None],
    hold_reason: Callable[[Row, TrytonRefusal], str],
) -> Outcome:
    """Click the buttons that lead *record* from its state to the end of the workflow.

    *before* may stop it before a button is clicked; *hold_reason* returns the reason for a refusal. The state
    is read after every step and every refusal, because Tryton may refuse after it has committed, and somebody
    else may click the same button. A record whose total is not that of *document* is left to a person.
    """
    for _ in range(MAX_STEPS):
        row = client.read(workflow.model, [record], [*FIELDS, workflow.total])[0]
        total = row[workflow.total]
        if row["state"] in workflow.accepted:
            return Outcome(State.ACCEPTED, str(record), row["number"], total=total)
        button = workflow.buttons.get(row["state"])
        if button is None:
            reason = f"The {workflow.called} was {row['state']} in Tryton."
            return Outcome(State.REJECTED, str(record), row["number"], reason, raw=row["state"])
        if stopped := _other_total(workflow, document, row) or before(row):
            return replace(stopped, total=total)
        try:
            client.click_button(workflow.model, button, record)
        except TrytonRefusal as refused:
            if client.read(workflow.model, [record], FIELDS)[0]["state"] != row["state"]:
                continue
            if refused.error_class is ErrorClass.TRANSIENT or refused.rule in ("access", "login"):
                raise
            outcome = on_hold(workflow, row, hold_reason(row, refused), refused.raw, refused.remedy)
            return replace(outcome, total=total)
    raise ErpError(
        ErrorClass.TRANSIENT,
        f"The {workflow.called} keeps changing in Tryton while it is sent.",
        raw=str(record),
    )


def _other_total(workflow: Workflow, document: Document, row: Row) -> Outcome | None:
    """Return the outcome of a record whose total differs from that of *document* by more than rounding."""
    total = row[workflow.total]
    note = total_note(document.kind, document.body, total)
    if note is None or is_rounding(document.kind, document.body, total):
        return None
    reason = f"{note} The {workflow.called} is in Tryton as {row['rec_name']}; the office decides."
    return on_hold(workflow, row, reason, f"{workflow.total} is {total}", "Compare the lines")


def on_hold(workflow: Workflow, row: Row, reason: str, raw: str, remedy: str) -> Outcome:
    """Return the outcome of a document that is in Tryton and on which a person there decides.

    *remedy* is what the person does first, without a full stop; empty if it is not known.
    """
    goal = f"{workflow.goal} the {workflow.called} in Tryton, or cancel it there."
    advice = f"{remedy}, then {goal}" if remedy else goal.capitalize().replace("tryton", "Tryton")
    return Outcome(State.ON_HOLD, str(row["id"]), row["number"], reason, raw=raw, advice=advice)


def tryton_id(key: str, field: str) -> int:
    """Return Tryton's id from the key of a record. Raises `ErpError` for a key that is not from Tryton."""
    if not (key.isascii() and key.isdigit() and 0 < len(key) < 16):
        raise ErpError(
            ErrorClass.REJECT_OFFICE,
            f"Tryton does not have {key} yet; create it there first.",
            field=field,
            advice="Create it in Tryton and correct the document, or enter the document in Tryton and link it.",
        )
    return int(key)


def find_single(client: Client, model: str, domain: Domain, fields: Iterable[str], otherwise: ErpError) -> Row:
    """Return the first matching record. Raises *otherwise* if there is none."""
    rows = client.search_read(model, domain, fields, limit=1)
    if not rows:
        raise otherwise
    return rows[0]


def currency_id(client: Client, code: str) -> int:
    """Return the id of a currency by its code."""
    missing = ErpError(
        ErrorClass.REJECT_OFFICE,
        f"Tryton does not know the currency {code}.",
        field="currency",
        advice=f"Add {code} to Tryton's currencies or activate it again, then retry.",
    )
    return int(find_single(client, "currency.currency", [["code", "=", code]], ["code"], missing)["id"])
