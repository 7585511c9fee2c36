"""Alerts: each document, wait and channel once, whatever happens to mail server, webhook and worker."""

import email
import email.policy
import hashlib
import hmac
import json
import threading
from typing import Any

import pytest
from sqlalchemy import select

from backend.delivery.alerts import dispatch
from backend.delivery.alerts.dispatch import send_alerts
from backend.delivery.alerts.notifiers import configured_notifiers
from backend.delivery.alerts.rule import configured_rule
from backend.delivery.alerts.webhook import SIGNATURE
from backend.delivery.models import Alert
from backend.settings import Settings, read_settings
from tests.unit.delivery.alerts.receivers import MailReceiver, WebReceiver
from tests.unit.delivery.alerts.settings import by_mail, by_webhook
from tests.unit.office.office_fixture import OfficeFixture


def run(office: OfficeFixture, settings: Settings) -> int:
    return send_alerts(
        office.inbox.sessions, configured_notifiers(settings), configured_rule(settings), office.inbox.clock
    )


def text_of(mail: str) -> str:
    content: str = email.message_from_string(mail, policy=email.policy.default).get_content()
    return content


def states(office: OfficeFixture) -> list[str]:
    with office.inbox.sessions() as session:
        return list(session.scalars(select(Alert.state).order_by(Alert.id)))


def test_each_wait_causes_one_mail(office: OfficeFixture, mail: MailReceiver) -> None:
    id, settings = office.park(), by_mail(mail)
    office.inbox.later(hours=3, minutes=59)
    assert run(office, settings) == 0
    office.inbox.later(minutes=1)
    assert [run(office, settings) for _ in range(3)] == [1, 0, 0]
    office.inbox.later(hours=20)
    assert [run(office, settings) for _ in range(3)] == [1, 0, 0]
    assert len(mail.mails) == 2
    assert "Subject: Satchel: 1 document for office (reject_office)" in mail.mails[0]
    assert "To: desk@example.com" in mail.mails[0]
    for words in (id, "the customer is over the credit limit", "waits for 4 h", "Correct in the ERP"):
        assert words in text_of(mail.mails[0])


def test_many_documents_are_one_mail_and_a_weekend_is_one_wait(
    office: OfficeFixture, mail: MailReceiver
) -> None:
    for n in range(60):
        id = office.inbox.capture(customer=f"C{n}")
        office.inbox.change(id, state="parked", owner="office", error_class="reject_office", reason="no")
    office.inbox.later(hours=60)
    assert run(office, by_mail(mail)) == 1
    assert run(office, by_mail(mail)) == 0
    text = text_of(*mail.mails)
    assert "60 documents for office" in mail.mails[0] and "and 10 more" in text


def test_a_settled_document_is_left_out_and_a_new_wait_is_alerted(
    office: OfficeFixture, mail: MailReceiver
) -> None:
    id, settings = office.park(), by_mail(mail)
    office.inbox.later(hours=5)
    assert run(office, settings) == 1
    office.inbox.erp.script("create", "refuse_office", "ok")
    office.act("retry", id)
    office.inbox.forwarder().drain()
    assert run(office, settings) == 0
    office.inbox.later(hours=4)
    assert run(office, settings) == 1
    office.act("cancel", id, why="no")
    office.inbox.later(hours=40)
    assert run(office, settings) == 0


@pytest.mark.parametrize(("mode", "state"), [("down", "queued"), ("timeout", "unknown")])
def test_a_document_retried_for_days_is_alerted(
    office: OfficeFixture, mail: MailReceiver, mode: str, state: str
) -> None:
    office.inbox.erp.script("create", mode)
    id, forwarder = office.inbox.capture(), office.inbox.forwarder()
    mails = []
    for _ in range(15):
        office.inbox.probe()
        forwarder.drain()
        mails.append(run(office, by_mail(mail)))
        office.inbox.later(hours=3)
    assert (office.inbox.row(id).state, office.inbox.row(id).owner) == (state, "office")
    assert mails == [0] * 8 + [1] + [0] * 6, "both waits are over when the office becomes its owner"
    office.inbox.erp.script("create", "ok")
    forwarder.drain()
    office.inbox.later(hours=30)
    assert run(office, by_mail(mail)) == 0


def test_an_unavailable_mail_server_gets_the_mail_once_later(office: OfficeFixture, mail: MailReceiver) -> None:
    office.park()
    office.inbox.later(hours=5)
    assert run(office, by_mail(mail, SATCHEL_SMTP_PORT="1")) == 0
    assert states(office) == ["due"]
    mail.mode = "refuse"
    assert run(office, by_mail(mail)) == 0, "it is not tried again at once"
    office.inbox.later(minutes=3)
    assert run(office, by_mail(mail)) == 0
    mail.mode = "ok"
    office.inbox.later(minutes=10)
    assert [run(office, by_mail(mail)) for _ in range(2)] == [1, 0]
    assert (len(mail.mails), states(office)) == (1, ["sent"])


def test_a_mail_that_may_have_arrived_is_not_repeated(office: OfficeFixture, mail: MailReceiver) -> None:
    office.park()
    office.inbox.later(hours=5)
    mail.mode = "cut"
    assert run(office, by_mail(mail)) == 0
    mail.mode = "ok"
    office.inbox.later(hours=1)
    assert run(office, by_mail(mail)) == 0
    assert (len(mail.mails), states(office)) == (1, ["unknown"])


def test_a_worker_that_dies_while_sending_repeats_no_alert(
    office: OfficeFixture, mail: MailReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.park()
    office.inbox.later(hours=5)

    def die(*args: Any) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(dispatch, "send", die)
        with pytest.raises(KeyboardInterrupt):
            run(office, by_mail(mail))
    assert run(office, by_mail(mail)) == 0
    assert states(office) == ["sending"]
    office.inbox.later(minutes=11)
    assert run(office, by_mail(mail)) == 0
    assert (mail.mails, states(office)) == ([], ["unknown"])


def test_two_workers_at_once_send_one_mail(office: OfficeFixture, mail: MailReceiver) -> None:
    for n in range(5):
        office.park(customer=f"C{n}")
    office.inbox.later(hours=5)
    barrier, sent = threading.Barrier(4), []

    def worker() -> None:
        barrier.wait()
        sent.append(run(office, by_mail(mail)))

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = [line for text in mail.mails for line in text_of(text).splitlines() if line.startswith("Order for")]
    assert len(lines) == 5 and len(set(lines)) == 5
    assert sum(sent) == len(mail.mails)


def test_the_webhook_is_signed_and_retried_after_a_refusal(office: OfficeFixture, web: WebReceiver) -> None:
    id, settings = office.park(), by_webhook(web)
    office.inbox.later(hours=5)
    web.status = 503
    assert run(office, settings) == 0
    web.status = 204
    office.inbox.later(minutes=3)
    assert [run(office, settings) for _ in range(2)] == [1, 0]
    (first, body), (second, second_body) = web.posts
    assert json.loads(body)["id"] == json.loads(second_body)["id"]
    alert = json.loads(second_body)
    assert (alert["owner"], alert["class"], [document["id"] for document in alert["documents"]]) == (
        "office",
        "reject_office",
        [id],
    )
    at = int(office.inbox.clock.now().timestamp())
    # As the receiver computes it, by the documentation.
    digest = hmac.new(b"s3cret", f"{at}.".encode() + second_body, hashlib.sha256).hexdigest()
    assert second[SIGNATURE] == f"t={at},v1={digest}"
    assert first[SIGNATURE] != second[SIGNATURE]


def test_the_body_of_a_webhooks_answer_is_not_read(office: OfficeFixture, web: WebReceiver) -> None:
    # It may be endless, or unpack to more than the memory: only the status counts.
    office.park()
    office.inbox.later(hours=5)
    web.status, web.answers_for_ever = 200, True
    assert run(office, by_webhook(web)) == 1
    assert len(web.posts) == 1


def test_a_webhook_that_cuts_the_connection_is_not_called_again(
    office: OfficeFixture, web: WebReceiver
) -> None:
    office.park()
    office.inbox.later(hours=5)
    web.status = 0
    assert run(office, by_webhook(web)) == 0
    office.inbox.later(hours=1)
    assert run(office, by_webhook(web)) == 0
    assert (len(web.posts), states(office)) == (1, ["unknown"])


def test_without_a_notifier_one_log_line_is_written(
    office: OfficeFixture, caplog: pytest.LogCaptureFixture
) -> None:
    id = office.park()
    office.inbox.later(hours=5)
    assert [run(office, read_settings({})) for _ in range(2)] == [1, 0]
    assert caplog.text.count(f"{id} waits for office (reject_office)") == 1
