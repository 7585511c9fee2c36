"""The installation of the golden exchanges, which is the same each time: keys, ids, epoch and time."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from unittest.mock import patch

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import update

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.feed.changes import publish
from backend.feed.models import FeedHead
from backend.identity.models import EnrolmentCode
from backend.settings import Settings
from sync_protocol.change import Put
from tests.conftest import MONDAY
from tests.unit.api.installation import Installation, install
from tests.unit.sync import company

CODE = "7KQ2M-X9D4T-0HB6R"
SECOND_CODE = "PPPPP-PPPPP-PPPPP"
DEVICE_KEY = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
USES_ULIDS = ("identity.enrolment", "identity.tokens", "receipts.uploads", "feed.positions")


class CountingUlids:
    """Stands in for `ULID`: its ids count up instead of being random."""

    def __init__(self) -> None:
        self._made = 0

    def __call__(self) -> str:
        self._made += 1
        return f"01KBR9Z8Q5T{self._made:015}"

    def from_datetime(self, moment: datetime) -> str:
        return self()


def stock_level(on_hand: str) -> Put:
    record = {
        "id": "W1-P1",
        "product_id": "P1",
        "warehouse_id": "W1",
        "unit": "u",
        "on_hand": on_hand,
        "reserved": "2",
        "available": "10",
        "incoming": [{"date": "2026-12-01", "quantity": "40"}],
        "as_of": "2026-11-23T08:55:00Z",
    }
    return Put("stock_levels", "W1-P1", record)


def first_records() -> list[Put]:
    """Return what R1's first page shows."""
    return [
        company.unit(),
        company.warehouse("W1"),
        company.expense_category(),
        company.product("P1"),
        company.customer("C1", "NW"),
        company.customer("C2", "NW"),
        company.receivable("RE-1", "C1"),
        stock_level("12"),
    ]


def begin(sessions: Sessions, records: Iterable[Put]) -> None:
    """Publish *records* under an epoch that is always the same."""
    with sessions() as session, session.begin():
        session.execute(update(FeedHead).values(epoch="01KBR9Z8Q5T0000000000EPOCH"))
        publish(session, list(records))


@contextmanager
def world(settings: Settings, records: Iterable[Put] = ()) -> Iterator[Installation]:
    """Yield the installation of the golden exchanges; it starts with *records*, by default
    `first_records()`."""
    first = list(records) or first_records()
    keys = settings.folder / "keys"
    keys.mkdir(parents=True)
    signing = Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)
    pem = signing.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (keys / "signing.pem").write_bytes(pem)
    (keys / "refresh.secret").write_bytes(b"\x03" * 32)
    clock = ManualClock(MONDAY)
    with ExitStack() as stack:
        ulids = CountingUlids()
        for module in USES_ULIDS:
            stack.enter_context(patch(f"backend.{module}.ULID", ulids))
        installation = stack.enter_context(install(settings, clock, lambda sessions: begin(sessions, first)))
        for code in (CODE, SECOND_CODE):
            hashed = hashlib.sha256(code.replace("-", "").encode()).hexdigest()
            until = MONDAY.replace(month=12)
            installation.change(
                lambda s, h=hashed, u=until: s.add(EnrolmentCode(code_hash=h, rep="R1", expires_at=u))
            )
        yield installation
