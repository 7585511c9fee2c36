"""Names are checked where they enter; rows from before the rules are found, and no request fails for them."""

from collections.abc import Callable

import pytest

from backend.database.core import Sessions
from backend.identity import names
from backend.identity.models import Assignment, Device, OfficeAccount, Rep, RoleCollection
from backend.settings import SettingError, read_settings
from tests.unit.identity.hostile_names import HOSTILE
from tests.unit.sync.replica import NOW

RULES: dict[str, tuple[Callable[[str], str], str]] = {
    "rep id": (names.rep_id, "R1"),
    "rep name": (names.rep_name, "Anja Petersen-Ó'Brien"),
    "employee number": (names.employee_number, "E 001/7"),
    "role": (names.role, "sales"),
    "channel": (names.assignable_channel, "territory:NW"),
    "device name": (names.device_name, "Anja's phone"),
    "account": (names.account_name, "anna@example.com"),
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_name_is_refused(rule: str, text: str) -> None:
    check, good = RULES[rule]
    assert check(good) == good
    with pytest.raises(names.NameRefused, match="must be"):
        check(text)
    if rule == "channel":
        with pytest.raises(names.NameRefused):
            check(f"territory:{text}")


@pytest.mark.parametrize("text", ["R 1", "a:b", "everyone:x"])
def test_an_id_cannot_leave_its_channel(text: str) -> None:
    with pytest.raises(names.NameRefused):
        names.rep_id(text)


@pytest.mark.parametrize("text", ["everyone", "rep:R2", "account:C1", "nowhere", "territory:", "territory:a b"])
def test_only_territories_and_warehouses_are_assigned(text: str) -> None:
    with pytest.raises(names.NameRefused):
        names.assignable_channel(text)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_a_phone_calls_itself_is_made_readable_and_never_refused(text: str) -> None:
    name = names.sent_device_name(text)
    assert names.device_name(name) == name
    version = names.sent_app_version(text)
    assert version is None or version.isprintable()


CONTROLS = [text for text in HOSTILE.values() if any(c in text.strip() for c in "\n\r\t\x1b\x9b\u2028\ud800")]


@pytest.mark.parametrize("text", CONTROLS, ids=ascii)
@pytest.mark.parametrize("name", ["COMPANY", "PUBLIC_URL", "CONNECTOR", "WEBHOOK_URL", "SMTP_FROM", "HOST"])
def test_a_setting_has_no_control_characters(name: str, text: str) -> None:
    if text.strip() == text:
        with pytest.raises(SettingError, match=f"SATCHEL_{name}"):
            read_settings({f"SATCHEL_{name}": f"http://x/{text}/y"})


def test_rows_from_before_the_rules_are_found(sessions: Sessions) -> None:
    with sessions() as session, session.begin():
        session.add(Rep(id="R1\n", name="Ana\x1b", role="sa les", employee_number="\t", active=True))
        session.add(Rep(id="R2", name="Bo", role="sales", active=True))
        session.flush()
        session.add(Assignment(rep="R2", channel="territory:N\nW", since=NOW))
        session.add(RoleCollection(role="sa les", collection="customers"))
        session.add(OfficeAccount(name="an\nna", token_hash="x", created_at=NOW))
        session.add(
            Device(
                id="D1",
                rep="R2",
                name="Pix\nel",
                public_key={},
                enrolled_at=NOW,
                family_began_at=NOW,
                refreshed_at=NOW,
            )
        )
        sentences = list(names.broken_names(session))
    assert len(sentences) == 8
    assert all("\n" not in sentence and "must be" in sentence for sentence in sentences)
