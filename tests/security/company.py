"""A company under attack: reps R1 and R2 with a phone each, and an office with a parked document."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from sqlalchemy import select

from backend.clock import ManualClock
from backend.inbox.models import Submission
from backend.settings import Settings
from tests.conftest import MONDAY
from tests.databases import make_tables
from tests.unit.api.installation import Installation, Phone, install
from tests.unit.delivery.recording_erp import RecordingErp
from tests.unit.office.people import store
from tests.unit.sync import company

OFFICE_TOKEN = "so1.anna-s-token"
PARKED = "01KBR9YJ3P0000000000000001"
"""A document of R2 that waits for the office."""


@dataclass
class Attacked:
    """An installation that counts the status of every reply."""

    installation: Installation
    phone: Phone
    other_phone: Phone
    statuses: Counter[int] = field(default_factory=Counter)
    not_yet: int = 0
    """Replies 503 `not_yet`: the answer to a cursor ahead of the server, as after a failover."""

    @property
    def requests(self) -> int:
        return self.statuses.total()

    @property
    def server_errors(self) -> int:
        return sum(number for status, number in self.statuses.items() if status >= 500) - self.not_yet


@contextmanager
def attacked(settings: Settings) -> Iterator[Attacked]:
    """Yield an installation on *settings* with two phones, one office account and one parked document."""
    settings.folder.mkdir(parents=True, exist_ok=True)
    if settings.database_url.startswith("sqlite"):
        make_tables(settings.database_url)
    with install(settings, ManualClock(MONDAY)) as installation:
        erp = RecordingErp(settings.folder / "erp")
        phone, other_phone = installation.phone("R1"), installation.phone("R2")
        body = company.order_body("C2")
        assert other_phone.push(company.submission(PARKED, body)).json["results"][0]["status"] == "received"
        installation.change(park)
        installation.change(
            lambda s: store(s, "anna", "order_desk", OFFICE_TOKEN, now=installation.clock.now())
        )
        target = Attacked(installation, phone, other_phone)
        installation.app.outermost = _counted(target, installation.app.outermost)
        with patch("backend.api.endpoints.office.connect", lambda name, options: erp):
            yield target


def park(session: Any) -> None:
    """Park the document `PARKED`."""
    row = session.scalars(select(Submission).where(Submission.id == PARKED)).one()
    row.state, row.owner, row.error_class = "parked", "office", "reject_office"
    row.reason = row.raw_reason = "The credit limit"


def _counted(target: Attacked, app: Any) -> Any:
    """Count replies. Each request has another address: guessers are slowed down, which is tested elsewhere."""
    chance = random.Random(1)

    def respond(environ: Any, start_response: Any) -> Any:
        def start(status: str, headers: Any, *rest: Any) -> Any:
            target.statuses[int(status[:3])] += 1
            target.not_yet += ("Satchel-Error", "not_yet") in headers
            return start_response(status, headers, *rest)

        environ["REMOTE_ADDR"] = ".".join(str(chance.randrange(1, 255)) for _ in range(4))
        return app(environ, start)

    return respond
