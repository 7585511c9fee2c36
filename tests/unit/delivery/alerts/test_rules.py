"""Who is alerted of what: rules, addresses, and the words of a message."""

import datetime as dt

import pytest

from backend.delivery.alerts.message import Message, Waiting
from backend.delivery.alerts.notifiers import configured_notifiers, recipients
from backend.delivery.alerts.rule import configured_rule
from backend.delivery.park_reasons import PARK_REASONS
from backend.settings import SettingError, read_settings
from tests.unit.delivery.alerts.receivers import MailReceiver
from tests.unit.delivery.alerts.settings import by_mail


def test_an_alert_gives_the_advice_of_the_class_and_each_document_its_own() -> None:
    now = dt.datetime(2026, 11, 25, tzinfo=dt.UTC)
    usual, own = PARK_REASONS["reject_office"].advice, "Raise the credit limit of Thorpe LLC, then retry."

    def waits(id: str, fix: str) -> Waiting:
        return Waiting((1,), id, "order", id, "R1", "parked", "office", "reject_office", "no", "", fix, now)

    lines = Message("office", "reject_office", [waits("A", own), waits("B", usual)]).text(now).splitlines()
    assert lines[0].endswith(usual)
    assert [line for line in lines[1:] if "What to do" in line] == [f"  What to do: {own}"]
    assert lines.index(f"  What to do: {own}") < next(n for n, line in enumerate(lines) if line.startswith("B"))


def test_a_rule_for_a_class_overrides_that_of_its_owner(mail: MailReceiver) -> None:
    rule = configured_rule(read_settings({"SATCHEL_ALERT_AFTER": "office=8,2 poison=0.5"}))
    hour = dt.timedelta(hours=1)
    assert rule.waits("office", "reject_office") == (2 * hour, 8 * hour)
    assert rule.waits("office", "poison") == (hour / 2,)
    assert rule.waits("it", "config") == ()
    assert recipients(by_mail(mail), "it") == ["admin@example.com"]
    assert recipients(by_mail(mail), "rep") == ["desk@example.com"]


@pytest.mark.parametrize("text", ["office", "office=", "office=x", "office=0", "nobody=4", "office=-1"])
def test_an_invalid_alert_rule_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="SATCHEL_ALERT_AFTER"):
        configured_rule(read_settings({"SATCHEL_ALERT_AFTER": text}))


def test_addresses_may_be_separated_by_commas() -> None:
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


def test_an_incomplete_notifier_is_refused() -> None:
    with pytest.raises(SettingError, match="SATCHEL_SMTP_FROM"):
        configured_notifiers(
            read_settings({"SATCHEL_SMTP_HOST": "mail.example.com", "SATCHEL_SMTP_TO": "a@example.com"})
        )
    with pytest.raises(SettingError, match="SATCHEL_WEBHOOK_SECRET"):
        configured_notifiers(read_settings({"SATCHEL_WEBHOOK_URL": "https://example.com/hook"}))
