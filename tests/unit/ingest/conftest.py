"""An ERP to read and a place that reads it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.feed import positions
from backend.feed.changes import live, live_keys
from backend.ingest.importer import ImportResult, import_collection
from backend.ingest.models import RejectedRow, Watermark
from backend.ingest.sweep import SweepResult, sweep
from backend.settings import Settings
from tests.unit.ingest.scripted_erp import ScriptedErp


@dataclass
class Intake:
    """One database that reads one ERP."""

    sessions: Sessions
    erp: ScriptedErp
    clock: ManualClock
    settings: Settings

    def read(self, collection: str = "units", **options: Any) -> ImportResult:
        return import_collection(
            self.sessions, self.erp, collection, clock=self.clock, settings=self.settings, **options
        )

    def sweep(self, collection: str = "units", **options: Any) -> SweepResult:
        return sweep(self.sessions, self.erp, collection, clock=self.clock, settings=self.settings, **options)

    def keys(self, collection: str = "units") -> list[str]:
        with self.sessions() as session:
            return live_keys(session, collection)

    def record(self, collection: str, key: str) -> dict[str, Any] | None:
        with self.sessions() as session:
            return live(session, collection, key)

    def head(self) -> int:
        with self.sessions() as session:
            return positions.head(session).position

    def watermark(self, collection: str = "units") -> Watermark:
        with self.sessions() as session:
            row = session.get(Watermark, (self.erp.name, collection))
            assert row is not None
            session.expunge(row)
            return row

    def rejected(self) -> Sequence[tuple[str, str]]:
        with self.sessions() as session:
            return [(row.external_id, row.error) for row in session.query(RejectedRow)]


@pytest.fixture
def intake(sessions: Sessions, clock: ManualClock, settings: Settings) -> Intake:
    """A fresh database with nothing read yet."""
    return Intake(sessions, ScriptedErp(), clock, settings)
