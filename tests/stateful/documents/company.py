"""A company whose server may be restored from a backup: one rep with phones, the real server, and an ERP.

Each step is what a person or a worker does: capture, push, forward, back up, restore, reconcile. The ERP is
outside of the database, so a restore does not touch it.
"""

import datetime as dt
import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, select
from ulid import ULID

from backend.clock import ManualClock
from backend.database.core import Model, Sessions
from backend.delivery import sending_hold
from backend.delivery.documents import receipts_in
from backend.delivery.forwarder import Forwarder
from backend.delivery.reconciliation.reconcile import reconcile
from backend.feed.changes import live
from backend.identity import principals
from backend.identity.models import Device
from backend.identity.principals import Principal
from backend.inbox.models import Submission
from backend.inbox.restored import begin_checks, newest_loss
from backend.maintenance import Maintenance
from backend.office.errors import ActionRefused
from backend.office.service import OfficeService
from backend.receipts import uploads
from backend.retry import Backoff
from backend.settings import Settings
from backend.sync import push, restore
from backend.sync.waiting_for_receipts import receipts_arrived
from sync_protocol.submission import State
from tests.conftest import MONDAY
from tests.unit.delivery.memory_erp import MemoryErp
from tests.unit.receipts.checked import mark_checked
from tests.unit.sync.company import customer, master_data, order_body, product, reps, say, submission

QUIET = 30.0
"""Seconds after which no earlier call can be executed in the ERP."""
Document = dict[str, Any]
Tables = dict[str, list[dict[str, Any]]]


class Company:
    """The server and the ERP of rep R1; its phones are dictionaries of documents."""

    def __init__(self, sessions: Sessions, settings: Settings, folder: Path, *, enforces_key: bool) -> None:
        self.sessions, self.settings, self._folder = sessions, settings, folder
        reps(sessions)
        master_data(sessions)
        self._empty = self.back_up()
        self.restored_histories = 0
        self._is_restored = False
        self._reset(enforces_key)

    def begin(self, *, enforces_key: bool) -> None:
        """Begin another history: an empty inbox, and an ERP without documents."""
        self._load(self._empty)
        self._reset(enforces_key)

    def _reset(self, enforces_key: bool) -> None:
        self.clock = ManualClock(MONDAY)
        self.erp = MemoryErp(self._folder, enforces_key=enforces_key, quiet=QUIET)
        self._maintenance = Maintenance(self.settings, self.sessions, self.erp, self.clock)
        self._number = 0
        self._is_restored = False

    # The rep

    def order(self, **more: Any) -> Document:
        """Capture an order."""
        return submission(self._id(), order_body(customer_reference=f"PO-{self._number}"), **more)

    def copy(self, original: Document) -> Document:
        """Capture an edited copy of *original*, which replaces it."""
        return self.order(supersedes=original["id"])

    def withdrawal(self, original: Document) -> Document:
        """Take *original* back."""
        body = {"submission_id": original["id"], "reason": "the customer called"}
        return submission(self._id(), body, "withdrawal", schema=2, supersedes=original["id"])

    def change_request(self, original: Document) -> Document:
        """Ask the office to cancel *original*."""
        body = {"submission_id": original["id"], "action": "cancel", "message": "the customer called"}
        return submission(self._id(), body, "change_request", schema=2)

    def upload(self, data: bytes) -> list[str]:
        """Upload a receipt; return the ids of the documents that it queues."""
        sha256, now = hashlib.sha256(data).hexdigest(), self.clock.now()
        folder = self.settings.folder
        with self.sessions() as session, session.begin():
            upload = uploads.create(
                session, folder, rep="R1", sha256=sha256, size=len(data), name="lunch.jpg", now=now
            )
            uploads.add(session, folder, rep="R1", upload_id=upload.id, offset=0, data=data, now=now)
        mark_checked(self.sessions, folder)
        with self.sessions() as session, session.begin():
            return receipts_arrived(session, rep_id="R1", sha256=sha256, now=now)

    def push(self, *documents: Document, device: str = "D1") -> list[str]:
        """Push *documents*; return the status of each result."""
        with self.sessions() as session, session.begin():
            results = push.push(
                session, rep_id="R1", device_id=device, submissions=list(documents), now=self.clock.now()
            )
        return [str(result["status"]) for result in results]

    def enrol(self, *phones: str) -> None:
        """Enrol *phones*. As long as the rep has none, the server waits for none."""
        now = self.clock.now()
        with self.sessions() as session, session.begin():
            for id in phones:
                times = dict.fromkeys(("enrolled_at", "family_began_at", "refreshed_at", "last_seen_at"), now)
                session.add(Device(id=id, rep="R1", name=f"Phone {id}", public_key={}, **times))

    def contact(self, phone: str) -> None:
        """Let *phone* be in contact with the server, and send nothing."""
        with self.sessions() as session, session.begin():
            device = session.get_one(Device, phone)
            principals.note_seen(session, Principal("R1", phone, device.last_seen_at), self.clock.now())

    def sync(self, phone: str, *documents: Document) -> None:
        """Let *phone* sync twice, some minutes apart, and send *documents* in the second sync."""
        for _ in range(2):
            self.clock.advance(minutes=6)
            self.contact(phone)
        self.push(*documents, device=phone)

    def _id(self) -> str:
        self._number += 1
        moment = int(self.clock.now().timestamp() * 1000)
        return str(ULID.from_int((moment << 80) + self._number))

    # The server

    def forward(self) -> None:
        """Send what is due."""
        Forwarder(
            self.sessions,
            self.erp,
            clock=self.clock,
            settings=self.settings,
            worker="w1",
            receipts_of=receipts_in(self.settings.folder),
            backoff=Backoff(1.0, 1.0, random=lambda: 1.0),
        ).drain()

    def maintain(self) -> None:
        """Do the jobs of a worker beside sending."""
        self._maintenance.run_once()

    def work(self) -> None:
        """Let a worker run until nothing changes: longer than the quiet period."""
        for _ in range(3):
            self.clock.advance(seconds=QUIET + 60)
            self.maintain()
            self.forward()

    # The operator

    def back_up(self) -> Tables:
        """Return a backup of the database."""
        with self.sessions() as session:
            return {
                table.name: [dict(row) for row in session.execute(select(table)).mappings()]
                for table in Model.metadata.sorted_tables
            }

    def restore(self, backup: Tables) -> None:
        """Restore *backup* and run `satchel feed restore-check`."""
        self.restored_histories += not self._is_restored
        self._is_restored = True
        self._load(backup)
        with self.sessions() as session, session.begin():
            restore.start_epoch(session, None)
            newest_loss(session, self.clock.now())
        begin_checks(self.sessions, self.clock.now())

    def _load(self, tables: Tables) -> None:
        with self.sessions() as session, session.begin():
            for table in reversed(Model.metadata.sorted_tables):
                session.execute(delete(table))
            for table in Model.metadata.sorted_tables:
                if tables[table.name]:
                    session.execute(insert(table), tables[table.name])

    def reconcile(self) -> None:
        """Run `satchel delivery reconcile`; sending resumes if there are no findings."""
        now = self.clock.now()
        with self.sessions() as session, session.begin():
            sending_hold.check(session, now)
        kinds = self.erp.capabilities().kinds
        since = now - dt.timedelta(days=1)
        report = reconcile(self.sessions, self.erp, clock=self.clock, kinds=kinds, since=since)
        with self.sessions() as session, session.begin():
            hold = sending_hold.in_force(session)
            if hold is not None and report.clean:
                sending_hold.release(session, hold, "user:test", now, report.counts())

    def sell(self, *, sellable: bool) -> None:
        """Let the product of all orders be for sale, or not."""
        say(self.sessions, product("P1", sellable=sellable, units=("u", "box")))

    def office(self, action: str, document: Document, **arguments: Any) -> None:
        """Let the office act on the parked *document*."""
        office = OfficeService(self.sessions, self.clock, self.settings, lambda: self.erp)
        office.perform(action, document["id"], by="anna", **arguments)

    def office_tries(self, action: str, document: Document) -> None:
        """Let the office try to act on *document*; it may be refused."""
        with suppress(ActionRefused):
            self.office(action, document, why="the customer called")

    def give_away(self) -> None:
        """Let the customer move to the territory of another rep."""
        say(self.sessions, customer("C1", "SE"))

    # What can be seen

    def row(self, document: Document) -> Submission:
        """Return the server's row of *document*."""
        row = self.find_row(document)
        assert row is not None
        return row

    def find_row(self, document: Document) -> Submission | None:
        """Return the server's row of *document*, or None."""
        with self.sessions() as session:
            return session.scalars(select(Submission).where(Submission.id == document["id"])).one_or_none()

    def withdrawn(self) -> set[str]:
        """Return the ids of the documents that are withdrawn."""
        with self.sessions() as session:
            return set(session.scalars(select(Submission.id).where(Submission.state == State.WITHDRAWN.value)))

    def states(self, *documents: Document) -> list[str]:
        """Return the states of *documents* on the server, which must equal those of their records."""
        with self.sessions() as session:
            rows = {row.id: row.state for row in session.scalars(select(Submission))}
            for document in documents:
                record = live(session, "submissions", document["id"])
                assert record is not None and record["state"] == rows[document["id"]]
        return [rows[document["id"]] for document in documents]

    def in_erp(self, *documents: Document) -> list[int]:
        """Return how many documents the ERP has of each of *documents*."""
        return [self.erp.created(document["id"]) for document in documents]

    def wrong_states(self) -> list[str]:
        """Return the documents whose state says that the ERP cannot have them, although it has them."""
        absent = {State.QUEUED, State.WITHDRAWN, State.SUPERSEDED, State.REJECTED, State.CANCELLED}
        with self.sessions() as session:
            rows = session.scalars(select(Submission).order_by(Submission.seq)).all()
        return [f"{row.id} is {row.state}" for row in rows if row.state in absent and self.erp.created(row.id)]
