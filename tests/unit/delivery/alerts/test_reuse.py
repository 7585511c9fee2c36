"""The alert about a reused refresh token: once for each reuse and notifier, with what to do."""

import datetime as dt
import json
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.delivery.alerts.notifiers import Message, NotSent
from backend.delivery.alerts.reuse import send_reuse_alerts
from backend.delivery.models import ReuseAlert
from backend.identity.models import Device, Rep


@dataclass
class Recorder:
    """A notifier that keeps what it sends, or raises *error*."""

    name: str = "webhook"
    error: Exception | None = None
    messages: list[Message] = field(default_factory=list)

    def send(self, message: Message, now: dt.datetime) -> None:
        if self.error is not None:
            raise self.error
        self.messages.append(message)


@pytest.fixture
def reused(sessions: Sessions, clock: ManualClock) -> Sessions:
    """Two devices of R1; a refresh token of D1 was reused."""
    now = clock.now()
    with sessions() as session, session.begin():
        session.add(Rep(id="R1", name="Ana", role="sales", active=True))
        session.flush()
        for id in ("D1", "D2"):
            session.add(
                Device(
                    id=id, rep="R1", name="Pixel", public_key={}, enrolled_at=now, family_began_at=now,
                    refreshed_at=now, reuse_noticed_at=now if id == "D1" else None,
                )
            )  # fmt: skip
    return sessions


def test_a_reuse_is_alerted_once_by_each_notifier(reused: Sessions, clock: ManualClock) -> None:
    webhook, email = Recorder(), Recorder("email")
    for _ in range(3):
        send_reuse_alerts(reused, [webhook, email], clock)
        clock.advance(minutes=1)
    for recorder in (webhook, email):
        (message,) = recorder.messages
        assert message.owner == "it" and "R1" in message.subject
    body = json.loads(message.as_json(clock.now()))
    assert (body["type"], body["device"], body["rep"]) == ("refresh_token_reused", "D1", "R1")
    assert "satchel rep revoke D1" in body["advice"] and "--device D1" in message.text(clock.now())
    assert message.log_lines()


def test_a_second_reuse_of_the_same_device_is_alerted_again(reused: Sessions, clock: ManualClock) -> None:
    recorder = Recorder()
    send_reuse_alerts(reused, [recorder], clock)
    clock.advance(days=1)
    with reused() as session, session.begin():
        session.get_one(Device, "D1").reuse_noticed_at = clock.now()
    send_reuse_alerts(reused, [recorder], clock)
    assert len({message.id for message in recorder.messages}) == 2


def test_an_alert_that_was_not_sent_is_tried_again(reused: Sessions, clock: ManualClock) -> None:
    recorder = Recorder(error=NotSent("away"))
    assert send_reuse_alerts(reused, [recorder], clock) == 0
    recorder.error = None
    clock.advance(hours=2)
    assert send_reuse_alerts(reused, [recorder], clock) == 1
    with reused() as session:
        assert session.scalars(select(ReuseAlert.state)).all() == ["sent"]


def test_an_old_reuse_is_not_alerted_after_a_notifier_was_added(reused: Sessions, clock: ManualClock) -> None:
    clock.advance(days=8)
    assert send_reuse_alerts(reused, [Recorder()], clock) == 0
