"""Alerts: each document, wait and channel once, whatever happens to mail server, webhook and worker."""

import datetime as dt
import email
import email.policy
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from backend.delivery.alerts import dispatch as telling
from backend.delivery.alerts.dispatch import send_alerts
from backend.delivery.alerts.message import Message, Waiting
from backend.delivery.alerts.notifiers import SIGNATURE, configured_notifiers, recipients, signature
from backend.delivery.alerts.rule import configured_rule
from backend.delivery.models import Alert
from backend.delivery.park_reasons import PARK_REASONS
from backend.settings import SettingError, Settings, read_settings
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.receivers import MailReceiver, WebReceiver, serving
from tests.unit.office.office_fixture import OfficeFixture


@pytest.fixture
def work(inbox: InboxFixture) -> OfficeFixture:
    return OfficeFixture(inbox)


@pytest.fixture
def mail() -> Iterator[MailReceiver]:
    with serving(MailReceiver()) as receiver:
        yield receiver


@pytest.fixture
def web() -> Iterator[WebReceiver]:
    with serving(WebReceiver()) as receiver:
        yield receiver


def by_mail(receiver: MailReceiver, **more: str) -> Settings:
    return read_settings(
        {
            "SATCHEL_SMTP_HOST": "127.0.0.1",
            "SATCHEL_SMTP_PORT": str(receiver.server_address[1]),
            "SATCHEL_SMTP_SECURITY": "none",
            "SATCHEL_SMTP_FROM": "satchel@example.com",
            "SATCHEL_SMTP_TO": "desk@example.com it=admin@example.com",
            **more,
        }
    )


def by_webhook(receiver: WebReceiver) -> Settings:
    url = f"http://127.0.0.1:{receiver.server_address[1]}/hook"
    return read_settings({"SATCHEL_WEBHOOK_URL": url, "SATCHEL_WEBHOOK_SECRET": "s3cret"})


def test_an_alert_gives_the_advice_of_the_class_and_each_document_its_own() -> None:
    now = dt.datetime(2026, 11, 25, tzinfo=dt.UTC)
    usual, own = PARK_REASONS["reject_office"].advice, "Raise the credit limit of Thorpe LLC, then retry."

    def waits(id: str, fix: str) -> Waiting:
        return Waiting((1,), id, "order", id, "R1", "parked", "office", "reject_office", "no", fix, now)

    lines = Message("office", "reject_office", [waits("A", own), waits("B", usual)]).text(now).splitlines()
    assert lines[0].endswith(usual)
    assert [line for line in lines[1:] if "What to do" in line] == [f"  What to do: {own}"]
    assert lines.index(f"  What to do: {own}") < next(n for n, line in enumerate(lines) if line.startswith("B"))


def run(work: OfficeFixture, settings: Settings) -> int:
    return send_alerts(
        work.inbox.sessions, configured_notifiers(settings), configured_rule(settings), work.inbox.clock
    )


def text_of(mail: str) -> str:
    content: str = email.message_from_string(mail, policy=email.policy.default).get_content()
    return content


def states(work: OfficeFixture) -> list[str]:
    with work.inbox.sessions() as session:
        return list(session.scalars(select(Alert.state).order_by(Alert.id)))


def test_one_mail_for_each_wait_and_never_a_second_one(work: OfficeFixture, mail: MailReceiver) -> None:
    id, settings = work.park(), by_mail(mail)
    work.inbox.later(hours=3, minutes=59)
    assert run(work, settings) == 0
    work.inbox.later(minutes=1)
    assert [run(work, settings) for _ in range(3)] == [1, 0, 0]
    work.inbox.later(hours=20)
    assert [run(work, settings) for _ in range(3)] == [1, 0, 0]
    assert len(mail.mails) == 2
    assert "Subject: Satchel: 1 document for office (reject_office)" in mail.mails[0]
    assert "To: desk@example.com" in mail.mails[0]
    for words in (id, "the customer is over the credit limit", "waits for 4 h", "Correct in the ERP"):
        assert words in text_of(mail.mails[0])


def test_many_documents_are_one_mail_and_after_a_weekend_one_wait(
    work: OfficeFixture, mail: MailReceiver
) -> None:
    for n in range(60):
        id = work.inbox.capture(customer=f"C{n}")
        work.inbox.change(id, state="parked", owner="office", error_class="reject_office", reason="no")
    work.inbox.later(hours=60)
    assert run(work, by_mail(mail)) == 1
    assert run(work, by_mail(mail)) == 0
    text = text_of(*mail.mails)
    assert "60 documents for office" in mail.mails[0] and "and 10 more" in text


def test_who_is_settled_before_is_not_told_of_and_a_new_wait_is(
    work: OfficeFixture, mail: MailReceiver
) -> None:
    id, settings = work.park(), by_mail(mail)
    work.inbox.later(hours=5)
    assert run(work, settings) == 1
    work.inbox.erp.script("create", "refuse_office", "ok")
    work.act("retry", id)
    work.inbox.forwarder().drain()
    assert run(work, settings) == 0
    work.inbox.later(hours=4)
    assert run(work, settings) == 1
    work.act("cancel", id, why="no")
    work.inbox.later(hours=40)
    assert run(work, settings) == 0


@pytest.mark.parametrize(("mode", "state"), [("down", "queued"), ("timeout", "unknown")])
def test_what_the_erp_does_not_take_for_days_is_told_of_though_each_try_touches_it(
    work: OfficeFixture, mail: MailReceiver, mode: str, state: str
) -> None:
    work.inbox.erp.script("create", mode)
    id, forwarder = work.inbox.capture(), work.inbox.forwarder()
    told = []
    for _ in range(15):
        work.inbox.probe()
        forwarder.drain()
        told.append(run(work, by_mail(mail)))
        work.inbox.later(hours=3)
    assert (work.inbox.row(id).state, work.inbox.row(id).owner) == (state, "office")
    assert told == [0] * 8 + [1] + [0] * 6, "both waits are over when the office becomes its owner"
    work.inbox.erp.script("create", "ok")
    forwarder.drain()
    work.inbox.later(hours=30)
    assert run(work, by_mail(mail)) == 0


def test_a_mail_server_that_is_away_or_refuses_gets_it_later_and_once(
    work: OfficeFixture, mail: MailReceiver
) -> None:
    work.park()
    work.inbox.later(hours=5)
    assert run(work, by_mail(mail, SATCHEL_SMTP_PORT="1")) == 0
    assert states(work) == ["due"]
    mail.mode = "refuse"
    assert run(work, by_mail(mail)) == 0, "it is not tried again at once"
    work.inbox.later(minutes=3)
    assert run(work, by_mail(mail)) == 0
    mail.mode = "ok"
    work.inbox.later(minutes=10)
    assert [run(work, by_mail(mail)) for _ in range(2)] == [1, 0]
    assert (len(mail.mails), states(work)) == (1, ["sent"])


def test_what_may_have_been_received_is_not_sent_again(work: OfficeFixture, mail: MailReceiver) -> None:
    work.park()
    work.inbox.later(hours=5)
    mail.mode = "cut"
    assert run(work, by_mail(mail)) == 0
    mail.mode = "ok"
    work.inbox.later(hours=1)
    assert run(work, by_mail(mail)) == 0
    assert (len(mail.mails), states(work)) == (1, ["unclear"])


def test_a_worker_that_dies_while_it_sends_tells_nobody_twice(
    work: OfficeFixture, mail: MailReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    work.park()
    work.inbox.later(hours=5)

    def die(*args: Any) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(telling, "_send", die)
        with pytest.raises(KeyboardInterrupt):
            run(work, by_mail(mail))
    assert run(work, by_mail(mail)) == 0
    assert states(work) == ["sending"]
    work.inbox.later(minutes=11)
    assert run(work, by_mail(mail)) == 0
    assert (mail.mails, states(work)) == ([], ["unclear"])


def test_two_workers_at_once_send_one_mail(work: OfficeFixture, mail: MailReceiver) -> None:
    for n in range(5):
        work.park(customer=f"C{n}")
    work.inbox.later(hours=5)
    barrier, sent = threading.Barrier(4), []

    def worker() -> None:
        barrier.wait()
        sent.append(run(work, by_mail(mail)))

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = [line for text in mail.mails for line in text_of(text).splitlines() if line.startswith("Order for")]
    assert len(told) == 5 and len(set(told)) == 5
    assert sum(sent) == len(mail.mails)


def test_the_webhook_is_signed_and_tried_again_after_a_refusal(work: OfficeFixture, web: WebReceiver) -> None:
    id, settings = work.park(), by_webhook(web)
    work.inbox.later(hours=5)
    web.status = 503
    assert run(work, settings) == 0
    web.status = 204
    work.inbox.later(minutes=3)
    assert [run(work, settings) for _ in range(2)] == [1, 0]
    (first, body), (second, again) = web.posts
    assert json.loads(body)["id"] == json.loads(again)["id"]
    told = json.loads(again)
    assert (told["owner"], told["class"], [one["id"] for one in told["documents"]]) == (
        "office",
        "reject_office",
        [id],
    )
    at = int(work.inbox.clock.now().timestamp())
    assert second[SIGNATURE] == f"t={at},v1={signature('s3cret', at, again)}"
    assert first[SIGNATURE] != second[SIGNATURE]


def test_a_webhook_that_cuts_the_line_is_not_asked_again(work: OfficeFixture, web: WebReceiver) -> None:
    work.park()
    work.inbox.later(hours=5)
    web.status = 0
    assert run(work, by_webhook(web)) == 0
    work.inbox.later(hours=1)
    assert run(work, by_webhook(web)) == 0
    assert (len(web.posts), states(work)) == (1, ["unclear"])


def test_without_a_channel_there_is_a_line_in_the_log_once(
    work: OfficeFixture, caplog: pytest.LogCaptureFixture
) -> None:
    id = work.park()
    work.inbox.later(hours=5)
    assert [run(work, read_settings({})) for _ in range(2)] == [1, 0]
    assert caplog.text.count(f"{id} waits for office (reject_office)") == 1


def test_a_class_wins_over_its_owner_and_an_owner_has_addresses_of_its_own(mail: MailReceiver) -> None:
    rule = configured_rule(read_settings({"SATCHEL_ALERT_AFTER": "office=8,2 poison=0.5"}))
    hour = dt.timedelta(hours=1)
    assert rule.waits("office", "reject_office") == (2 * hour, 8 * hour)
    assert rule.waits("office", "poison") == (hour / 2,)
    assert rule.waits("it", "config") == ()
    assert recipients(by_mail(mail), "it") == ["admin@example.com"]
    assert recipients(by_mail(mail), "rep") == ["desk@example.com"]


@pytest.mark.parametrize("text", ["office", "office=", "office=x", "office=0", "nobody=4", "office=-1"])
def test_a_rule_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(SettingError, match="SATCHEL_ALERT_AFTER"):
        configured_rule(read_settings({"SATCHEL_ALERT_AFTER": text}))


def test_addresses_may_stand_with_commas_between() -> None:
    settings = read_settings(
        {
            "SATCHEL_SMTP_HOST": "mail.example.com",
            "SATCHEL_SMTP_FROM": "satchel@example.com",
            "SATCHEL_SMTP_TO": "it=admin@example.com,desk@example.com",
        }
    )
    assert [channel.name for channel in configured_notifiers(settings)] == ["email"]
    assert (recipients(settings, "it"), recipients(settings, "rep")) == (
        ["admin@example.com"],
        ["desk@example.com"],
    )


def test_half_a_channel_is_named() -> None:
    with pytest.raises(SettingError, match="SATCHEL_SMTP_FROM"):
        configured_notifiers(
            read_settings({"SATCHEL_SMTP_HOST": "mail.example.com", "SATCHEL_SMTP_TO": "a@example.com"})
        )
    with pytest.raises(SettingError, match="SATCHEL_WEBHOOK_SECRET"):
        configured_notifiers(read_settings({"SATCHEL_WEBHOOK_URL": "https://example.com/hook"}))
