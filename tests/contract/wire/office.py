"""The golden exchanges of the office's API: documents are parked, and the office acts on them.

They are apart from the exchanges of phones, which are frozen with each revision of the wire.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from sqlalchemy import select

from backend.feed.changes import publish
from backend.inbox.models import Submission
from backend.inbox.records import as_record
from sync_protocol.change import Put
from tests.contract.wire import exchange
from tests.contract.wire.exchange import Golden
from tests.unit.api.installation import Installation
from tests.unit.delivery.recording_erp import RecordingErp
from tests.unit.office.people import store
from tests.unit.sync import company

FOLDER = exchange.FOLDER / "office_api"
TOKENS = {"anna": "so1.anna-s-token", "bert": "so1.bert-s-token", "ivo": "so1.ivo-s-token"}
IDS = [f"01KBR9YJ3P00000000000000{n:02}" for n in range(1, 8)]
PARKED = "/v1/office/parked"
BATCHES = "/v1/office/batches"
BATCH = "01KBR9YJ3P0000000000000099"


def play(installation: Installation) -> Iterator[tuple[str, Golden]]:
    """Yield every exchange as (name, golden)."""
    story = _Story(installation)
    with patch("backend.api.endpoints.office.connect", lambda name, options: story.erp):
        yield from story.errors_of_the_lock()
        yield from story.actions()
        yield from story.refusals()
        yield from story.batches()


class _Story:
    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.erp = RecordingErp(installation.settings.folder / "erp")
        for name, role in (("anna", "order_desk"), ("bert", "order_desk"), ("ivo", "it")):
            installation.change(
                lambda s, n=name, r=role: store(s, n, r, TOKENS[n], now=installation.clock.now())
            )
        phone = installation.phone()
        phone.push(*(company.submission(id, company.order_body(notes=id[-2:])) for id in IDS))
        for id in IDS:
            self.park(id)

    def park(self, id: str, **values: Any) -> None:
        def change(session: Any) -> None:
            row = session.scalars(select(Submission).where(Submission.id == id)).one()
            parked = {
                "state": "parked", "owner": "office", "error_class": "reject_office",
                "reason": "The customer would exceed the credit limit", "raw_reason": "credit_limit: 1000.00",
            }  # fmt: skip
            for name, value in {**parked, **values}.items():
                setattr(row, name, value)
            row.updated_at = self.installation.clock.now()
            session.flush()
            publish(session, [Put("submissions", id, as_record(row))])

        self.installation.change(change)

    def ask(
        self, name: str, description: str, method: str, path: str, who: str | None = "anna", **request: Any
    ) -> tuple[str, Golden]:
        headers = {"Authorization": f"Bearer {TOKENS.get(who, who)}"} if who else {}
        if "body" in request:
            headers["Content-Type"] = "application/json"
        golden: Golden = {"method": method, "path": path, "headers": headers, **request}
        response = exchange.send(self.installation.client, name, golden, "")
        self.installation.clock.advance(seconds=10)
        return name, {"about": description, "request": golden, "reply": exchange.reply_of(response)}

    def act(
        self, name: str, description: str, id: str, action: str, who: str = "anna", **body: Any
    ) -> tuple[str, Golden]:
        return self.ask(name, description, "POST", f"{PARKED}/{id}/{action}", who, body=body)

    def errors_of_the_lock(self) -> Iterator[tuple[str, Golden]]:
        description = "No account has the token, or the account is revoked."
        yield self.ask("problem-office_token_invalid", description, "GET", PARKED, "so1.nobody-s-token")
        description = "The role of those who run the connection may retry, and decide nothing."
        yield self.act("problem-role_missing", description, IDS[0], "cancel", "ivo", why="no")

    def actions(self) -> Iterator[tuple[str, Golden]]:
        yield self.ask("list", "The longest-waiting document comes first.", "GET", PARKED, query={"limit": "1"})
        yield self.ask("show", "One document.", "GET", f"{PARKED}/{IDS[0]}")
        yield self.act("reserve", "Anna reserves it.", IDS[0], "reserve")
        description = "Bert learns who has reserved it. With `force` he would overrule her."
        yield self.act("problem-reserved_by_another", description, IDS[0], "retry", "bert")
        yield self.act("release", "Anna ends her reservation.", IDS[0], "release")
        yield self.act("retry", "It is sent again, unchanged.", IDS[0], "retry", why="The limit was raised")
        yield self.act("problem-not_parked", "It is not parked any more.", IDS[0], "cancel", why="no")
        number = self.erp.by_hand()
        yield self.act("link", "Somebody has entered it in the ERP.", IDS[1], "link", number=number)
        yield self.act("cancel", "The rep reads the reason.", IDS[2], "cancel", why="Ordered twice")
        yield self.act("return", "The rep edits a copy.", IDS[3], "return", why="Which address?")

    def refusals(self) -> Iterator[tuple[str, Golden]]:
        yield self.act("problem-not_in_erp", "No such number.", IDS[4], "link", number="SO99")
        description = "Another document is linked to the number."
        yield self.act("problem-linked_elsewhere", description, IDS[4], "link", number="SO1")
        number = self.erp.by_hand(body=company.order_body("C2"))
        description = (
            "The number is an order of another customer. With `force` and `why` it is linked all the same."
        )
        yield self.act("problem-link_doubtful", description, IDS[4], "link", number=number)
        why = "It is an order of another customer"
        yield self.act("unlink", "The number was the wrong one.", IDS[1], "unlink", why=why)
        yield self.act("problem-envelope_invalid", "The rep must learn the reason.", IDS[4], "cancel")
        yield self.act("problem-not_for_this", "An order is no change request.", IDS[4], "done")
        description = "The corrected body has faults; each names its field."
        body = company.order_body("C9")
        yield self.act("problem-body_refused", description, IDS[4], "fix", body=body)
        self.park(IDS[5], last_sent_at=self.installation.clock.now() - dt.timedelta(seconds=5))
        description = "The ERP may still execute a call that was made for it."
        yield self.act("problem-may_be_in_erp", description, IDS[5], "cancel", why="Ordered twice")
        self.erp.script("find", "503")
        description = "The ERP must be asked whether it has the document."
        yield self.act("problem-erp_unavailable", description, IDS[5], "cancel", why="Ordered twice")

    def batches(self) -> Iterator[tuple[str, Golden]]:
        cause = "reject_office-29ae3d55f1"
        for id in (IDS[4], IDS[6]):
            self.park(id, cause=cause, last_sent_at=None)
        yield self.ask("causes", "Documents that one repair settles.", "GET", "/v1/office/causes")
        with patch("backend.office.batches.ULID", lambda: BATCH):
            yield self.ask(
                "batch-begin", "Anna wants to retry them all.", "POST", BATCHES,
                body={"action": "retry", "cause": cause, "limit": 5, "why": "The limit was raised"},
            )  # fmt: skip
        yield self.ask(
            "batch-continue", "The next documents are settled.", "POST", f"{BATCHES}/{BATCH}/continue"
        )
        body = {"why": "The limit was lowered again"}
        yield self.ask(
            "batch-undo", "What is not sent is parked again.", "POST", f"{BATCHES}/{BATCH}/undo", body=body
        )
        yield self.ask("batch", "What became of each document.", "GET", f"{BATCHES}/{BATCH}")
