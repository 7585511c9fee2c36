"""An alert to those who must correct something says what the ERP has said; one to the rep does not."""

import json
import logging

import pytest

from backend.delivery.alerts.message import MAX_RAW_SHOWN
from tests.unit.delivery.alerts.receivers import MailReceiver, WebReceiver
from tests.unit.delivery.alerts.settings import by_mail, by_webhook
from tests.unit.delivery.alerts.test_alerts import run, text_of
from tests.unit.office.office_fixture import OfficeFixture

SENTENCE = "The ERP refused it. The office can see why and decides what to do."
RAW = "psycopg.errors.CheckViolation: sale_line_price\nat /usr/lib/tryton/sale.py:117"
ONE_LINE = "psycopg.errors.CheckViolation: sale_line_price at /usr/lib/tryton/sale.py:117"


def parked(office: OfficeFixture, owner: str = "office", raw: str | None = RAW) -> str:
    id = office.inbox.capture()
    state = "rejected" if owner == "rep" else "parked"
    error_class = {"rep": "reject_rep", "office": "reject_office", "it": "config"}[owner]
    office.inbox.change(id, state=state, owner=owner, error_class=error_class, reason=SENTENCE, raw_reason=raw)
    office.inbox.later(hours=60)
    return id


@pytest.mark.parametrize("owner", ["office", "it"])
def test_a_mail_has_the_erps_own_words_in_one_line(
    office: OfficeFixture, mail: MailReceiver, owner: str
) -> None:
    parked(office, owner)
    run(office, by_mail(mail, SATCHEL_ALERT_AFTER="office=4 it=4"))
    lines = text_of(*mail.mails).splitlines()
    assert lines[lines.index(f"  {SENTENCE}") + 1] == f"  The ERP's own words: {ONE_LINE}"


def test_a_webhook_has_all_that_is_stored(office: OfficeFixture, web: WebReceiver) -> None:
    parked(office, raw="x" * 4000)
    run(office, by_webhook(web))
    [(_, body)] = web.posts
    [document] = json.loads(body)["documents"]
    assert (document["reason"], document["raw"]) == (SENTENCE, "x" * 4000)


def test_a_line_of_the_log_stays_one_line(office: OfficeFixture, caplog: pytest.LogCaptureFixture) -> None:
    id = parked(office)
    with caplog.at_level(logging.WARNING):
        run(office, office.inbox.settings)
    assert f"{id} waits for office (reject_office): {SENTENCE} | {ONE_LINE}" in caplog.messages


def test_a_long_answer_of_the_erp_is_shortened_in_a_mail(office: OfficeFixture, mail: MailReceiver) -> None:
    parked(office, raw="y" * 4000)
    run(office, by_mail(mail))
    assert text_of(*mail.mails).count("y") < MAX_RAW_SHOWN + 20


@pytest.mark.parametrize(("owner", "raw"), [("rep", RAW), ("office", None), ("office", SENTENCE)])
def test_a_mail_to_the_rep_or_without_other_words_has_none(
    office: OfficeFixture, mail: MailReceiver, owner: str, raw: str | None
) -> None:
    parked(office, owner, raw)
    run(office, by_mail(mail, SATCHEL_ALERT_AFTER="office=4 rep=4"))
    text = text_of(*mail.mails)
    assert SENTENCE in text and "own words" not in text and "psycopg" not in text
