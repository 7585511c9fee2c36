"""Expense claims: create a supplier invoice of the employee, attach the receipts, post it."""

import hashlib
import threading

from backend.connectors.tryton import workflow
from backend.connectors.tryton.client import Client, Domain
from backend.connectors.tryton.errors import TrytonRefusal, guard_reply
from backend.connectors.tryton.features import INVOICE, KEY_FIELD, Features
from backend.connectors.tryton.lookups import Lookups
from backend.connectors.tryton.mapping.expense_claim import ClaimFacts, values
from backend.connectors.tryton.mapping.text import word
from backend.connectors.tryton.row import Row
from backend.connectors.tryton.sources import ANY
from backend.connectors.tryton.workflow import Workflow, currency_id, find_single, tryton_id
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import Document, ErpDocument, Outcome, ReceiptFile, RepInfo

OFFICE, CONFIG = ErrorClass.REJECT_OFFICE, ErrorClass.CONFIG
CLAIM = Workflow(
    INVOICE,
    {"draft": "validate_invoice", "validated": "post"},
    frozenset({"posted", "paid"}),
    called="claim",
    goal="post",
    total="total_amount",
)
EMPLOYEE_FIELDS = ("party.name", "party.addresses", "party.account_payable")


class ExpenseClaims:
    """Sends expense claims to one Tryton."""

    def __init__(self, client: Client, lookups: Lookups) -> None:
        self._client = client
        self._lookups = lookups
        self._attaching = threading.Lock()

    def find(self, key: str, features: Features) -> list[ErpDocument]:
        """Return the supplier invoices that carry our key."""
        return workflow.find(self._client, CLAIM, key, self._ours(), keyed=INVOICE in features.keyed)

    def find_by_number(self, number: str, features: Features) -> list[ErpDocument]:
        """Return the supplier invoices with *number*."""
        return workflow.find_by_number(
            self._client, CLAIM, number, self._ours(), keyed=INVOICE in features.keyed
        )

    def _ours(self) -> Domain:
        return [["type", "=", "in"], ["company", "=", self._lookups.company]]

    def create(self, document: Document, features: Features) -> ErpDocument:
        """Create the draft. Raises `ErpError`, with the field if one is to blame."""
        with guard_reply(writes=False):
            invoice = values(document, self._facts(document, features))
        return ErpDocument(str(self._client.create(INVOICE, invoice)), None, "draft")

    def advance(self, document: Document, erp_document: ErpDocument) -> Outcome:
        """Attach missing receipts, validate and post."""
        record = tryton_id(erp_document.external_id, "")
        with self._attaching:
            self._attach(document, record)
        return workflow.advance(
            self._client, CLAIM, record, document, before=lambda row: None, hold_reason=self._hold_reason
        )

    def _facts(self, document: Document, features: Features) -> ClaimFacts:
        body = document.body
        employee = self._employee(document.rep)
        return ClaimFacts(
            party=employee["id"],
            address=employee["addresses"][0],
            payable=self._payable(employee),
            journal=self._journal(),
            currency=currency_id(self._client, body["currency"]),
            accounts=self._accounts(body["lines"]),
            customer=self._customer(body.get("customer_id")),
            date=document.captured_on,
            key_field=KEY_FIELD if INVOICE in features.keyed else None,
        )

    def _employee(self, rep: RepInfo) -> Row:
        if not rep.employee_number:
            raise ErpError(
                OFFICE,
                f"{rep.name} has no employee number, so the employee in Tryton is not known.",
                advice=f"Run `satchel rep add {rep.id} … --employee NUMBER`, then retry.",
            )
        domain = [["party.code", "=", rep.employee_number], ["company", "=", self._lookups.company]]
        unknown = ErpError(
            OFFICE,
            f"Tryton has no employee whose party has the code {rep.employee_number} ({rep.name}).",
            advice=f"Create {rep.name} as an employee in Tryton with that party code, then retry.",
        )
        party: Row = find_single(self._client, "company.employee", domain, EMPLOYEE_FIELDS, unknown)["party."]
        if not party["addresses"]:
            raise ErpError(
                OFFICE,
                f"{party['name']} has no address in Tryton; an expense claim needs one.",
                advice=f"Add an address of {party['name']} in Tryton, then retry.",
            )
        return party

    def _payable(self, party: Row) -> int:
        """Return the payable account: that of the option, the party or the company, or the only one."""
        code = self._lookups.options.payable_account
        payable = [["type.payable", "=", True], ["closed", "!=", True], ["company", "=", self._lookups.company]]
        if code:
            missing = ErpError(
                CONFIG, f"Tryton has no payable account {code!r}; set SATCHEL_ERP_PAYABLE_ACCOUNT."
            )
            domain = [["code", "=", code], *payable]
            return int(find_single(self._client, "account.account", domain, ["code"], missing)["id"])
        if party["account_payable"] is not None:
            return int(party["account_payable"])
        settings = self._client.search_read("account.configuration", [], ["default_account_payable"], limit=1)
        if settings and settings[0]["default_account_payable"] is not None:
            return int(settings[0]["default_account_payable"])
        accounts = self._client.search("account.account", [*payable, ["party_required", "=", True]])
        if len(accounts) != 1:
            raise ErpError(CONFIG, "Set SATCHEL_ERP_PAYABLE_ACCOUNT to the payable account of expense claims.")
        return accounts[0]

    def _journal(self) -> int:
        code = self._lookups.options.expense_journal
        missing = ErpError(CONFIG, f"Tryton has no journal {code!r}; set SATCHEL_ERP_EXPENSE_JOURNAL.")
        return int(find_single(self._client, "account.journal", [["code", "=", code]], ["code"], missing)["id"])

    def _accounts(self, lines: list[Row]) -> dict[str, int]:
        """Return the account of each category in *lines*, by category id."""
        domain = [
            ANY,
            ["type.expense", "=", True],
            ["closed", "!=", True],
            ["company", "=", self._lookups.company],
        ]
        rows = self._client.search_read("account.account", [*domain, ["code", "!=", None]], ["code", "active"])
        accounts = {word(row["code"]): row["id"] for row in rows if row["active"]}
        for n, line in enumerate(lines):
            if line["category_id"] not in accounts:
                raise ErpError(
                    ErrorClass.REJECT_REP,
                    f"Tryton no longer has the expense account {line['category_id']}; choose another category.",
                    field=f"lines[{n}].category_id",
                )
        return {line["category_id"]: accounts[line["category_id"]] for line in lines}

    def _customer(self, key: str | None) -> str | None:
        if key is None:
            return None
        rows = self._client.search_read(
            "party.party", [["id", "=", tryton_id(key, "customer_id")], ANY], ["code", "name"]
        )
        # The claim names the customer even if Tryton no longer has it.
        return " ".join(filter(None, (rows[0]["code"], rows[0]["name"]))) if rows else f"customer {key}"

    def _attach(self, document: Document, record: int) -> None:
        """Attach each receipt once; the attachment is named by the sha256 of its content."""
        if not document.receipts:
            return
        resource = f"{INVOICE},{record}"
        rows = self._client.search_read("ir.attachment", [["resource", "=", resource]], ["name"])
        attached = {row["name"] for row in rows}
        for receipt in document.receipts:
            if receipt.sha256 not in attached:
                values = {
                    "name": receipt.sha256, "resource": resource, "type": "data", "data": _content(receipt),
                    "description": f"{receipt.name} ({receipt.media_type})",
                }  # fmt: skip
                self._client.create("ir.attachment", values)
                attached.add(receipt.sha256)

    def _hold_reason(self, row: Row, refused: TrytonRefusal) -> str:
        return f"{refused.message} The claim is in Tryton as {row['rec_name']}; the office decides."


def _content(receipt: ReceiptFile) -> bytes:
    with receipt.open() as file:
        content = file.read()
    if hashlib.sha256(content).hexdigest() != receipt.content_sha256:
        raise ErpError(
            OFFICE,
            f"The file of receipt {receipt.name} is damaged; the rep must send it again.",
            advice="Return the claim to the rep, who sends it again with the receipt.",
        )
    return content
