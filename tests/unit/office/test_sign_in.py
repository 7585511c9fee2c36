"""Signing in to the console: password, second factor, sessions and their ends."""

import datetime as dt
from pathlib import Path

import pytest

from backend.database.core import Sessions
from backend.identity import audit
from backend.identity.models import OfficeAccount
from backend.office import accounts, passwords, second_factor, sessions, sign_in
from backend.office.models import OfficeSession, RecoveryCode
from backend.office.passwords import PasswordRefused
from backend.office.sealed import FILE, SealBroken
from backend.office.sessions import SessionLimits
from backend.office.sign_in import Credentials, SignInRefused
from tests.conftest import MONDAY

OWN = "heron over cold water"
LIMITS = SessionLimits(dt.timedelta(minutes=30), dt.timedelta(hours=8))
MINUTE, STEP = dt.timedelta(minutes=1), dt.timedelta(seconds=30)


class Office:
    """An office with one account, whose password is `OWN`."""

    def __init__(self, sessions: Sessions, folder: Path) -> None:
        self.sessions, self.folder, self.now = sessions, folder, MONDAY
        with sessions() as session, session.begin():
            accounts.add(session, "anna", ["order_desk"], by="user:x", now=MONDAY)
            self.initial = sign_in.issue_password(session, "anna", by="user:x", now=MONDAY)
        self.choose(self.initial, OWN)

    def choose(self, current: str, chosen: str, session_id: str = "") -> None:
        with self.sessions() as session, session.begin():
            sign_in.choose_password(
                session,
                "anna",
                current=current,
                chosen=chosen,
                company="Nordwind",
                session_id=session_id,
                now=self.now,
            )

    def sign_in(self, password: str = OWN, code: str = "", name: str = "anna") -> str:
        given = Credentials(name, password, code, "192.0.2.1", "Firefox")
        return sign_in.sign_in(self.sessions, self.folder, given, self.now)

    def set_up(self) -> tuple[str, list[str]]:
        key = second_factor.new_key()
        with self.sessions() as session, session.begin():
            code = second_factor.current_code(key, self.now)
            codes = sign_in.set_up_second_factor(session, self.folder, "anna", key=key, code=code, now=self.now)
        return key, codes

    def account_of(self, id: str) -> str | None:
        with self.sessions() as session, session.begin():
            stored = sessions.find_session(session, id, LIMITS, self.now)
            if stored is None:
                return None
            sessions.note_seen(session, id, self.now)
            return stored[0].name

    def actions(self) -> list[str]:
        with self.sessions() as session:
            return [entry.action for entry in reversed(audit.entries(session, subject="anna"))]


@pytest.fixture
def office(sessions: Sessions, tmp_path: Path) -> Office:
    return Office(sessions, tmp_path)


def refused(office: Office, *given: str, **more: str) -> bool:
    try:
        office.sign_in(*given, **more)
    except SignInRefused:
        return True
    return False


@pytest.mark.both_dialects
def test_the_right_password_begins_a_session_and_nothing_else_does(office: Office) -> None:
    assert office.account_of(office.sign_in()) == "anna"
    for password in ("", OWN + " ", OWN.upper(), office.initial):
        assert refused(office, password)
    assert refused(office, name="bert") and refused(office, name="\x00") and refused(office, name="\ud800")
    with office.sessions() as session, session.begin():
        accounts.revoke(session, "anna", by="user:x", now=office.now)
    assert refused(office)
    assert office.actions()[-2:] == ["office.sign_in", "office.revoke"]


def test_an_initial_password_ends_after_seven_days(office: Office) -> None:
    with office.sessions() as session, session.begin():
        initial = sign_in.issue_password(session, "anna", by="user:x", now=office.now)
    assert refused(office, OWN)
    office.sign_in(initial)
    office.now += dt.timedelta(days=7)
    assert refused(office, initial)


def test_only_the_hash_of_a_session_is_stored_and_each_sign_in_has_its_own(office: Office) -> None:
    first, second = office.sign_in(), office.sign_in()
    assert first != second and len(first) == 43
    with office.sessions() as session:
        rows = [vars(row) for row in session.query(OfficeSession)]
    assert first not in repr(rows) and second not in repr(rows)
    assert office.account_of("") is None and office.account_of("\ud800") is None


def test_a_session_ends_when_idle_and_at_last(office: Office) -> None:
    idle = office.sign_in()
    office.now += 30 * MINUTE
    assert office.account_of(idle) is None
    used = office.sign_in()
    for _ in range(24):
        office.now += 20 * MINUTE - STEP
        assert office.account_of(used) == "anna"
    office.now += 12 * MINUTE
    assert office.account_of(used) is None


def test_a_session_ends_at_once_by_whoever_ends_it(office: Office) -> None:
    def end(how: str) -> None:
        with office.sessions() as session, session.begin():
            if how == "sign out":
                sign_in.sign_out(session, "anna", id, office.now)
            elif how == "everywhere":
                assert sign_in.sign_out_everywhere(session, "anna", by="user:x", now=office.now) == 1
            else:
                accounts.revoke(session, "anna", by="user:x", now=office.now)

    for how in ("sign out", "everywhere", "revoke"):
        id = office.sign_in()
        end(how)
        assert office.account_of(id) is None, how


def test_a_new_password_ends_the_other_sessions(office: Office) -> None:
    own, other = office.sign_in(), office.sign_in()
    office.choose(OWN, "another heron over water", own)
    assert (office.account_of(own), office.account_of(other)) == ("anna", None)
    assert refused(office, OWN)


def test_a_password_is_chosen_with_the_present_one_and_by_the_rules(office: Office) -> None:
    with pytest.raises(SignInRefused):
        office.choose("wrong", "another heron over water")
    for chosen, why in (("k7Qm-x2Lpw", "too_short"), (OWN, "same"), ("Nordwind anna office", "of_names")):
        with pytest.raises(PasswordRefused, match=why):
            office.choose(OWN, chosen)
    office.set_up()
    office.choose(OWN, "k7Qm-x2Lpw")
    with office.sessions() as session, session.begin(), pytest.raises(PasswordRefused, match="too_short"):
        sign_in.remove_second_factor(session, "anna", current="k7Qm-x2Lpw", company="Nordwind", now=office.now)


def test_with_a_second_factor_the_password_is_not_enough_and_no_code_is_accepted_twice(office: Office) -> None:
    key, _ = office.set_up()
    assert refused(office)
    for offset in (-2, 2):
        assert refused(office, OWN, second_factor.current_code(key, office.now + offset * STEP))
    code = second_factor.current_code(key, office.now)
    office.sign_in(OWN, f"{code[:3]} {code[3:]}")
    assert refused(office, OWN, code)
    # An earlier step neither, which a watcher may have seen.
    assert refused(office, OWN, second_factor.current_code(key, office.now - STEP))
    office.sign_in(OWN, second_factor.current_code(key, office.now + STEP))


def test_a_code_of_rfc_6238_is_computed_as_it_says() -> None:
    key = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (2000000000, "279037")):
        assert second_factor.current_code(key, dt.datetime.fromtimestamp(seconds, dt.UTC)) == code


def test_a_recovery_code_is_accepted_once(office: Office) -> None:
    _, codes = office.set_up()
    assert len(set(codes)) == 10
    office.sign_in(OWN, codes[0].upper().replace("-", " "))
    assert refused(office, OWN, codes[0])
    with office.sessions() as session:
        assert session.query(RecoveryCode).count() == 9
        assert not any(code in repr([vars(row) for row in session.query(RecoveryCode)]) for code in codes)
    office.set_up()
    assert refused(office, OWN, codes[1])


def test_a_key_is_taken_only_with_a_code_of_it(office: Office) -> None:
    with office.sessions() as session, session.begin(), pytest.raises(SignInRefused):
        sign_in.set_up_second_factor(
            session, office.folder, "anna", key=second_factor.new_key(), code="000000", now=office.now
        )
    office.sign_in()


def test_the_key_of_a_second_factor_is_not_in_the_database(office: Office) -> None:
    key, _ = office.set_up()
    with office.sessions() as session:
        assert key not in repr(vars(session.get_one(OfficeAccount, "anna")))
    (office.folder / "keys" / FILE).unlink()
    with pytest.raises(SealBroken):
        office.sign_in(OWN, second_factor.current_code(key, office.now))


def test_who_has_lost_the_second_factor_gets_an_initial_password(office: Office) -> None:
    office.set_up()
    with office.sessions() as session, session.begin():
        initial = sign_in.issue_password(
            session, "anna", by="user:x", now=office.now, without_second_factor=True
        )
    office.sign_in(initial)


def test_a_revocation_while_the_password_is_verified_counts(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def revoke_and_verify(*given: str | None) -> bool:
        with office.sessions() as session, session.begin():
            accounts.revoke(session, "anna", by="user:x", now=office.now)
        return True

    monkeypatch.setattr(passwords, "verify", revoke_and_verify)
    assert refused(office)


def test_an_old_hash_is_replaced_at_the_sign_in(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    with office.sessions() as session:
        before = session.get_one(OfficeAccount, "anna").password_hash
    monkeypatch.setattr(passwords, "needs_rehash", lambda stored: True)
    office.sign_in()
    with office.sessions() as session:
        assert session.get_one(OfficeAccount, "anna").password_hash != before
    office.sign_in()


def test_rows_of_sessions_are_kept_for_the_networks_that_an_account_knows(office: Office) -> None:
    office.sign_in()
    with office.sessions() as session, session.begin():
        assert sessions.is_known_network(session, "anna", "192.0.2.1")
        assert not sessions.is_known_network(session, "anna", "192.0.2.2")
        assert not sessions.is_known_network(session, "bert", "192.0.2.1")
        assert [row.account for row in sessions.open_sessions(session, LIMITS, office.now)] == ["anna"]
        sessions.purge(session, office.now + dt.timedelta(days=31))
        assert not sessions.is_known_network(session, "anna", "192.0.2.1")
