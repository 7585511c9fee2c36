"""Reconciling: the ERP is asked, by key, about every document that our database may remember wrongly.

After a restore or a failover our rows may be older than what was sent. So each document that we believe
unsent or open is looked up: what the ERP has already is settled without sending anything, what it has
twice goes to the office, what it does not have waits for the hold to end. Documents that we believe
accepted, and that were settled lately, are looked up too: the ERP must have each of them once.
"""

import datetime as dt
import logging
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.db import Sessions
from backend.delivery.fates import MOST_RAW, Bound, Fate
from backend.delivery.follow_up import decided_state
from backend.delivery.settle import apply
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.port import Connector
from backend.erp.records import Found
from backend.feed.changes import publish
from backend.inbox.models import Submission
from backend.inbox.submissions import as_record, get
from sync_protocol.catalogue import KINDS
from sync_protocol.change import Put
from sync_protocol.submission import State

log = logging.getLogger(__name__)

UNSENT = (State.RECEIVED.value, State.AWAITING_APPROVAL.value, State.QUEUED.value)
OPEN = (State.SENDING.value, State.UNKNOWN.value)
SENT = (State.ACCEPTED.value, State.HANDED_OVER.value, State.ON_HOLD.value)
LOOK_BACK = dt.timedelta(days=1)
"""How much earlier than the newest thing our database remembers a settled document is looked up again."""


@dataclass
class Report:
    """What the ERP answered, each document counted once. `lines` tell of those that somebody must look at."""

    confirmed: int = 0
    """We believed it sent, and the ERP has it."""
    found: int = 0
    """We believed it unsent or open, and the ERP has it: settled here."""
    missing: int = 0
    """We believe it unsent or open, and the ERP does not have it: it is sent once sending goes on."""
    lost: int = 0
    """We believe the ERP has it, and it does not show it."""
    doubled: int = 0
    """The ERP has it more than once."""
    unclear: int = 0
    """It could not be asked, or somebody else holds the document now."""
    lines: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nobody needs to look before sending goes on."""
        return not (self.lost or self.doubled or self.unclear)

    def counts(self) -> dict[str, int]:
        """Return the numbers by name."""
        return {name: value for name, value in vars(self).items() if isinstance(value, int)}


def newest_memory(session: Session, before: dt.datetime | None = None) -> dt.datetime | None:
    """Return when our database was last written to, as far as its documents tell: the backup's time, about.

    *before*: since when it lives on; what phones have pushed and reconciling has settled since then says
    nothing of the backup.
    """
    newest = select(func.max(Submission.updated_at))
    return session.scalar(newest if before is None else newest.where(Submission.updated_at < before))


def reconcile(
    sessions: Sessions,
    connector: Connector,
    *,
    clock: Clock,
    kinds: Collection[str],
    since: dt.datetime,
    dry_run: bool = False,
    progress: Callable[[int, int], None] = lambda done, all: None,
) -> Report:
    """Ask the ERP about every open document and those settled after *since*; settle what it has.

    *kinds* are those that the connector forwards. Nothing is sent; with *dry_run* nothing is changed either.
    It may be run again at any time.
    """
    # Forecasts have no document of their own in the ERP: their sums are set again, which repeats nothing.
    asked = [name for name in kinds if name in KINDS and not KINDS[name].aggregated]
    with sessions() as session:
        ids = session.scalars(
            select(Submission.id)
            .where(
                Submission.kind.in_(asked),
                or_(
                    Submission.state.in_((*UNSENT, *OPEN)),
                    and_(Submission.state.in_(SENT), Submission.updated_at >= since),
                ),
            )
            .order_by(Submission.seq)
        ).all()
    report = Report()
    counted: Counter[str] = Counter()
    for done, id in enumerate(ids):
        progress(done, len(ids))
        outcome, line = _one(sessions, connector, id, clock, dry_run)
        counted[outcome] += 1
        if line:
            report.lines.append(f"{id}: {line}")
    progress(len(ids), len(ids))
    for outcome, count in counted.items():
        setattr(report, outcome, count)
    return report


def _one(sessions: Sessions, connector: Connector, id: str, clock: Clock, dry_run: bool) -> tuple[str, str]:
    """Return under what the document *id* counts, and what is to be said about it."""
    with sessions() as session:
        row = get(session, id)
        if row is None:
            return "unclear", "it is gone"
        kind, before = row.kind, row.state
    try:
        hits = connector.find(kind, id)
    except ErpError as error:
        return "unclear", f"the ERP could not be asked: {error.message}"
    except Exception as error:
        log.exception("%s: find failed in the connector", id)
        return "unclear", f"the ERP's answer was not understood: {error!r}"
    with sessions() as session, session.begin():
        row = get(session, id, lock=True)
        if row is None or row.state != before:
            return "unclear", "it has moved meanwhile; run this again"
        return _judge(session, row, hits, connector.name, clock.now(), dry_run)


def _judge(
    session: Session, row: Submission, hits: list[Found], connector: str, now: dt.datetime, dry_run: bool
) -> tuple[str, str]:
    numbers = ", ".join(hit.number or hit.external_id for hit in hits)
    if row.state in SENT:
        return _as_believed(row, hits, numbers)
    if row.state == State.SENDING and row.lease_until is not None and row.lease_until > now:
        return "unclear", f"{row.lease_owner} is sending it; run this again when it has ended"
    if not hits:
        return "missing", ""
    fate = _doubled(row, numbers, now) if len(hits) > 1 else _had(session, row, hits[0], now)
    if not dry_run:
        # Whoever held a claim from before must not settle over this.
        row.fence += 1
        apply(session, row, fate, connector=connector, actor="erp", now=now)
        publish(session, [Put("submissions", row.id, as_record(row))])
    if len(hits) > 1:
        return "doubled", f"the ERP has it more than once: {numbers}; the office must keep one of them"
    return "found", f"the ERP has it as {numbers}"


def _as_believed(row: Submission, hits: list[Found], numbers: str) -> tuple[str, str]:
    if len(hits) > 1:
        return "doubled", f"the ERP has it more than once: {numbers}; the office must keep one of them"
    if not hits:
        return "lost", f"it is {row.state} ({row.erp_number or 'no number'}), and the ERP does not show it"
    if row.state == State.ACCEPTED and row.erp_id not in (None, hits[0].external_id):
        return "doubled", f"it is bound to {row.erp_id}, and the ERP shows {hits[0].external_id}"
    return "confirmed", ""


def _had(session: Session, row: Submission, found: Found, now: dt.datetime) -> Fate:
    """Return the fate of a document that the ERP turns out to have."""
    if decided_state(session, row.kind, found) is State.ACCEPTED:
        return Fate(
            state=State.ACCEPTED,
            sent_at=now,
            raw=f"reconciled: the ERP says {found.state}",
            erp_id=found.external_id,
            erp_number=found.number,
            bindings=(Bound(row.kind, found.external_id, found.number),),
        )
    # It is there and not done: the forwarder finds it and takes it on from where it stands.
    return Fate(
        state=State.UNKNOWN,
        sent_at=now,
        reason="The ERP has it already; how far it got will be asked",
        raw=f"reconciled: the ERP says {found.state}"[:MOST_RAW],
        error_class=ErrorClass.UNKNOWN,
        due_at=now,
        erp_id=found.external_id,
        erp_number=found.number,
    )


def _doubled(row: Submission, numbers: str, now: dt.datetime) -> Fate:
    return Fate(
        state=State.PARKED,
        sent_at=now,
        reason="The ERP has this document more than once; the office must keep one of them",
        raw=f"find({row.id}) returned {numbers}",
        error_class=ErrorClass.DUPLICATE_BAD,
        owner="office",
    )
