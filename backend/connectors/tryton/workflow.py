"""What all kinds share: finding a document by our key, and taking it through its workflow in Tryton."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from backend.connectors.tryton.client import Client, Domain, Row
from backend.connectors.tryton.errors import TrytonRefusal
from backend.connectors.tryton.features import KEY_FIELD, Features
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import Document, ErpDocument, Outcome
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
    """What a person calls one document."""
    goal: str
    """The name of the last button, for a sentence to a person."""
    total: str
    """The model's field that is compared with the total of the kind (`Kind.total`)."""


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


def find_by_number(client: Client, model: str, number: str, also: Domain, *, keyed: bool) -> list[ErpDocument]:
    """Return the documents of *model* with *number*, whoever created them, each with the key it carries."""
    key = KEY_FIELD if keyed else "reference"
    rows = client.search_read(model, [["number", "=", number], *also], [*FIELDS, key])
    return [replace(erp_document(row), key=_our_key(row[key])) for row in rows]


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
    *,
    before: Callable[[Row], Outcome | None],
    hold_reason: Callable[[Row, TrytonRefusal], str],
) -> Outcome:
    """Click the buttons that lead *record* from its state to the end of the workflow.

    *before* may stop it before a button is clicked; *hold_reason* returns the reason for a refusal. The state
    is read after every step and every refusal, because Tryton may refuse after it has committed, and somebody
    else may click the same button.
    """
    for _ in range(MAX_STEPS):
        row = client.read(workflow.model, [record], FIELDS)[0]
        if row["state"] in workflow.accepted:
            return Outcome(State.ACCEPTED, str(record), row["number"])
        button = workflow.buttons.get(row["state"])
        if button is None:
            reason = f"The {workflow.called} was {row['state']} in Tryton."
            return Outcome(State.REJECTED, str(record), row["number"], reason, raw=row["state"])
        if stopped := before(row):
            return stopped
        try:
            client.click_button(workflow.model, button, record)
        except TrytonRefusal as refused:
            if client.read(workflow.model, [record], FIELDS)[0]["state"] != row["state"]:
                continue
            if refused.error_class is ErrorClass.TRANSIENT or refused.rule in ("access", "login"):
                raise
            return on_hold(workflow, row, hold_reason(row, refused), refused.raw, refused.remedy)
    raise ErpError(
        ErrorClass.TRANSIENT,
        f"The {workflow.called} keeps changing in Tryton while it is sent.",
        raw=str(record),
    )


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


def one(client: Client, model: str, domain: Domain, fields: Iterable[str], otherwise: ErpError) -> Row:
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
    return int(one(client, "currency.currency", [["code", "=", code]], ["code"], missing)["id"])
