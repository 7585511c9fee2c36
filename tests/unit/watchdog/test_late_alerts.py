"""The web processes' alert about a late worker: one for each incident, whoever looks and whatever fails."""

import datetime as dt
import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.delivery.alerts.notifiers import Message, Notifier, NotSent, configured_notifiers
from backend.settings import read_settings
from backend.watchdog.alerts import send_late_alerts
from backend.watchdog.heart import Heart
from backend.watchdog.models import WorkerAlert
from tests.eventually import SECONDS
from tests.unit.delivery.alerts.receivers import MailReceiver, WebReceiver, serving
from tests.unit.watchdog.conftest import LATE_SECONDS, WORKER

pytestmark = pytest.mark.both_dialects

SETTINGS = read_settings({"SATCHEL_WORKER_LATE_SECONDS": f"{LATE_SECONDS:g}"})


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


def look(sessions: Sessions, clock: ManualClock, *notifiers: Notifier) -> int:
    return send_late_alerts(sessions, notifiers, clock, SETTINGS)


def states(sessions: Sessions) -> list[str]:
    with sessions() as session:
        return list(session.scalars(select(WorkerAlert.state).order_by(WorkerAlert.id)))


def test_a_dead_worker_causes_one_message_and_a_second_death_another(
    sessions: Sessions, clock: ManualClock, heart: Heart
) -> None:
    recorder = Recorder()
    heart.start()
    assert look(sessions, clock, recorder) == 0
    for _ in range(100):
        clock.advance(minutes=5)
        look(sessions, clock, recorder)
    assert [message.subject for message in recorder.messages] == [
        f"Satchel: the worker {WORKER} does not respond since 2026-11-23 09:00:00 UTC"
    ]
    for name in ("forward-1", "ingest"):
        heart.duty(name).succeeded(2)
    heart.start()
    look(sessions, clock, recorder)
    clock.advance(minutes=5)
    look(sessions, clock, recorder)
    assert len(recorder.messages) == 2


def test_a_hanging_duty_and_the_later_death_of_its_process_are_two_incidents(
    sessions: Sessions, clock: ManualClock, heart: Heart
) -> None:
    recorder = Recorder()
    heart.start()
    heart.duty("ingest").beat()
    clock.advance(minutes=11)
    heart.duty("forward-1").succeeded(2)
    heart.write()
    look(sessions, clock, recorder)
    clock.advance(minutes=11)
    look(sessions, clock, recorder)
    first, second = (message.subject for message in recorder.messages)
    assert "reading the ERP" in first and "hangs" in first
    assert "does not respond" in second


def test_many_web_processes_at_once_send_one_message(
    sessions: Sessions, clock: ManualClock, heart: Heart
) -> None:
    heart.start()
    clock.advance(minutes=5)
    recorder, barrier, errors = Recorder(), threading.Barrier(6), list[BaseException]()

    def web_process() -> None:
        try:
            barrier.wait(SECONDS)
            for _ in range(3):
                look(sessions, clock, recorder)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=web_process) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert errors == []
    assert len(recorder.messages) == 1
    assert states(sessions) == ["sent"]


def test_a_message_that_was_not_received_is_tried_again_and_an_unknown_one_is_not(
    sessions: Sessions, clock: ManualClock, heart: Heart
) -> None:
    refused, broken = Recorder("email", NotSent("no connection")), Recorder("webhook", OSError("cut"))
    heart.start()
    clock.advance(minutes=5)
    look(sessions, clock, refused, broken)
    assert states(sessions) == ["due", "unknown"]
    refused.error = broken.error = None
    assert look(sessions, clock, refused, broken) == 0
    clock.advance(minutes=2)
    assert look(sessions, clock, refused, broken) == 1
    assert (len(refused.messages), len(broken.messages)) == (1, 0)
    assert states(sessions) == ["sent", "unknown"]


def test_a_web_process_that_dies_while_it_sends_leaves_an_unknown_alert(
    sessions: Sessions, clock: ManualClock, heart: Heart
) -> None:
    class Killed(BaseException):
        pass

    heart.start()
    clock.advance(minutes=5)

    class Dying(Recorder):
        def send(self, message: Message, now: dt.datetime) -> None:
            raise Killed

    with pytest.raises(Killed):
        look(sessions, clock, Dying())
    recorder = Recorder()
    clock.advance(minutes=11)
    assert look(sessions, clock, recorder) == 0
    assert states(sessions) == ["unknown"]


def test_an_alert_that_was_given_up_while_it_was_sent_stays_unknown(
    sessions: Sessions, clock: ManualClock, heart: Heart
) -> None:
    class Slow(Recorder):
        def send(self, message: Message, now: dt.datetime) -> None:
            clock.advance(minutes=11)
            look(sessions, clock, Recorder())

    heart.start()
    clock.advance(minutes=5)
    assert look(sessions, clock, Slow()) == 1
    assert states(sessions) == ["unknown"]


@pytest.fixture
def receivers() -> Iterator[tuple[MailReceiver, WebReceiver]]:
    with serving(MailReceiver()) as mail, serving(WebReceiver()) as web:
        yield mail, web


def notifiers_to(mail: MailReceiver, web: WebReceiver) -> Sequence[Notifier]:
    return configured_notifiers(
        read_settings(
            {
                "SATCHEL_SMTP_HOST": "127.0.0.1",
                "SATCHEL_SMTP_PORT": str(mail.server_address[1]),
                "SATCHEL_SMTP_SECURITY": "none",
                "SATCHEL_SMTP_FROM": "satchel@example.com",
                "SATCHEL_SMTP_TO": "desk@example.com it=admin@example.com",
                "SATCHEL_WEBHOOK_NETWORKS": "127.0.0.1",
                "SATCHEL_WEBHOOK_URL": f"http://127.0.0.1:{web.server_address[1]}/hook",
                "SATCHEL_WEBHOOK_SECRET": "s3cret",
            }
        )
    )


def test_it_is_an_email_to_it_and_a_signed_webhook(
    sessions: Sessions, clock: ManualClock, heart: Heart, receivers: tuple[MailReceiver, WebReceiver]
) -> None:
    mail, web = receivers
    heart.start()
    clock.advance(minutes=5)
    assert look(sessions, clock, *notifiers_to(mail, web)) == 2
    assert look(sessions, clock, *notifiers_to(mail, web)) == 0
    [text] = mail.mails
    assert "To: admin@example.com" in text
    assert "satchel serve --only worker" in text
    [(headers, body)] = web.posts
    assert headers["Satchel-Signature"].startswith("t=")
    content = json.loads(body)
    assert content["type"] == "worker_late"
    assert [(each["worker"], each["duty"]) for each in content["late"]] == [(WORKER, "process")]
    assert content["late"][0]["since"] == "2026-11-23T09:00:00Z"
