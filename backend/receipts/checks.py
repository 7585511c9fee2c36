"""Checks of receipts: a worker takes one at a time, has it decoded in a confined process, stores the result.

No transaction is open while the process runs. Several workers may check at once: each moves `check_due_at` into
the future before it begins, so that a receipt whose worker died is taken again later.
"""

import datetime as dt
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVarTuple

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from backend import metrics
from backend.clock import Clock
from backend.database.core import Sessions
from backend.failpoints import failpoint
from backend.files import rename_synced, sync_folder
from backend.receipts import files
from backend.receipts.checking.process import CheckFailed, CheckResult, inspect
from backend.receipts.checking.refusals import Refusal
from backend.receipts.models import Receipt, ReceiptHolder, ReceiptState

log = logging.getLogger(__name__)
Columns = TypeVarTuple("Columns")

MAX_TRIES = 3
"""Checks that end without a result before the receipt is refused: it may be made to kill its decoder."""
PAUSE = dt.timedelta(minutes=3)
"""Longer than one check may take; then another worker takes the receipt."""

Arrived = Callable[[Session, str, str, dt.datetime], object]
"""Called with (session, rep, sha256, now) for each rep who has uploaded the receipt, once it has a result."""


@dataclass(frozen=True)
class _Due:
    sha256: str
    tries: int
    source: Path
    """What is checked: the original, or the earlier copy if the original was deleted."""
    source_sha256: str
    media_type: str


def _due(statement: Select[*Columns], now: dt.datetime) -> Select[*Columns]:
    """Let *statement* select receipts that are due at *now*, with each rep who uploaded them."""
    return statement.join(ReceiptHolder, ReceiptHolder.sha256 == Receipt.sha256, isouter=True).where(
        Receipt.state == ReceiptState.UNCHECKED.value,
        or_(Receipt.check_due_at.is_(None), Receipt.check_due_at <= now),
    )


class ReceiptChecks:
    """Checks the receipts of one installation. *arrived* continues the documents that waited for one."""

    def __init__(self, sessions: Sessions, folder: Path, clock: Clock, arrived: Arrived) -> None:
        self.sessions, self.folder, self.clock = sessions, folder, clock
        self.arrived = arrived
        self._warned = False
        self._turns: dict[str | None, int] = {}
        """When each rep last had a receipt checked, counted in checks."""

    def run_due(self, stop: Callable[[], bool] = lambda: False) -> int:
        """Check what is due, oldest first, until *stop* returns True; return how many got a result."""
        done = 0
        while not stop() and (due := self._begin()) is not None:
            done += self._check(due)
        return done

    def _begin(self) -> _Due | None:
        """Take a receipt that is due, in a transaction of its own.

        The reps take turns: a rep with a thousand receipts that take a minute each delays no other one.
        """
        now = self.clock.now()
        with self.sessions() as session, session.begin():
            for rep in self._reps_in_turn(session, now):
                receipt = session.scalars(
                    _due(select(Receipt), now)
                    .where(ReceiptHolder.rep.is_not_distinct_from(rep))
                    .order_by(Receipt.check_tries, Receipt.stored_at)
                    .limit(1)
                    .with_for_update(skip_locked=True, of=Receipt)
                ).first()
                if receipt is None:
                    continue  # another worker takes it in this moment
                self._turns[rep] = max(self._turns.values(), default=0) + 1
                receipt.check_due_at = now + PAUSE
                receipt.check_tries += 1
                return self._due(receipt)
        return None

    def _due(self, receipt: Receipt) -> _Due:
        sha256, tries = receipt.sha256, receipt.check_tries
        if receipt.original_deleted_at is None or not (receipt.copy_sha256 and receipt.copy_media_type):
            source = files.receipt_path(self.folder, sha256)
            return _Due(sha256, tries, source, sha256, receipt.media_type)
        source = files.copy_path(self.folder, sha256)
        return _Due(sha256, tries, source, receipt.copy_sha256, receipt.copy_media_type)

    def _reps_in_turn(self, session: Session, now: dt.datetime) -> list[str | None]:
        """Return the reps with receipts that are due, the one whose last check is longest ago first."""
        oldest = select(ReceiptHolder.rep, func.min(Receipt.stored_at)).select_from(Receipt)
        waiting = session.execute(_due(oldest, now).group_by(ReceiptHolder.rep)).all()
        return [rep for rep, _ in sorted(waiting, key=lambda each: (self._turns.get(each[0], 0), each[1]))]

    def _check(self, due: _Due) -> bool:
        """Check one receipt; return whether there is a result. Its draft is deleted in any case."""
        target = files.copy_path(self.folder, due.sha256)
        draft = target.with_name(f".{due.sha256}.{secrets.token_hex(4)}")
        try:
            result = self._result(due, draft)
            if result is None:
                metrics.RECEIPT_CHECKS.labels("failed").inc()
                return False
            metrics.RECEIPT_CHECKS.labels("refused" if result.refusal else "checked").inc()
            failpoint("receipts.after_check")
            self._store(due, result, draft, target)
            return True
        finally:
            draft.unlink(missing_ok=True)

    def _result(self, due: _Due, draft: Path) -> CheckResult | None:
        """Return the result of the check; None if it failed and is tried again later."""
        try:
            if files.digest(due.source) != due.source_sha256:
                # No fault of the receipt: it is not refused, however often this is found.
                log.error("receipt %s: its file is damaged; restore it from a backup", due.sha256)
                return None
            result = inspect(due.source, due.media_type, draft)
        except FileNotFoundError:
            # The device sends it again when the document says that it is missing; a backup may have it too.
            log.error("receipt %s: its file is missing; restore it from a backup", due.sha256)
            return None
        except CheckFailed as error:
            log.warning("receipt %s: check %d failed: %s", due.sha256, due.tries, error)
            return CheckResult(None, Refusal.TOO_COSTLY, ()) if due.tries >= MAX_TRIES else None
        self._warn_once(result)
        return result

    def _warn_once(self, result: CheckResult) -> None:
        if not self._warned and result.walls and not {"namespace", "seccomp"}.intersection(result.walls):
            self._warned = True
            log.warning("receipts are decoded with limits but with access to the network: see docs/receipts.md")

    def _store(self, due: _Due, result: CheckResult, draft: Path, target: Path) -> None:
        """Store the copy, then the result, and continue the documents of each rep who uploaded the receipt."""
        digest, size = None, None
        if result.refusal is None:
            digest, size = files.digest(draft), files.size(draft)
            rename_synced(draft, target)
            sync_folder(target.parent.parent)
        now = self.clock.now()
        with self.sessions() as session, session.begin():
            receipt = session.get(Receipt, due.sha256, with_for_update=True)
            if receipt is None or receipt.state != ReceiptState.UNCHECKED:
                return
            refused = result.refusal is not None
            receipt.state = (ReceiptState.REFUSED if refused else ReceiptState.CHECKED).value
            receipt.refusal = result.refusal.value if result.refusal else None
            receipt.copy_sha256, receipt.copy_size, receipt.copy_media_type = digest, size, result.media_type
            receipt.checked_at = now
            session.flush()
            holders = session.scalars(
                select(ReceiptHolder.rep).where(ReceiptHolder.sha256 == due.sha256).order_by(ReceiptHolder.rep)
            ).all()
            for rep in holders:
                self.arrived(session, rep, due.sha256, now)
        if result.refusal is not None:
            log.info("receipt %s is refused: %s", due.sha256, result.refusal.value)
