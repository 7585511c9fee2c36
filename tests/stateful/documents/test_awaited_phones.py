"""After a restore a document waits for the phones of its rep: one may have replaced or withdrawn it."""

from hashlib import sha256

import pytest

from backend.identity import enrolment
from backend.identity.models import Device, Rep
from tests.stateful.documents.company import Company, Document, Tables
from tests.unit.receipts.pictures import photograph


@pytest.fixture
def company(company: Company) -> Company:
    """A company whose rep has two phones."""
    company.enrol("D1", "D2")
    return company


def queued_in_the_backup(company: Company, amendment: str) -> tuple[Document, Document, Tables]:
    """An order waits in the backup, and the second phone amends it afterwards; then the restore."""
    order = company.order()
    company.push(order)
    backup = company.back_up()
    amended = getattr(company, amendment)(order)
    company.push(amended, device="D2")
    company.forward()
    assert company.in_erp(order, amended) == [0, int(amendment == "copy")]
    company.restore(backup)
    company.reconcile()
    return order, amended, backup


ENDS = {"copy": (["superseded", "accepted"], [0, 1]), "withdrawal": (["withdrawn", "accepted"], [0, 0])}


@pytest.mark.parametrize("amendment", ENDS)
@pytest.mark.parametrize("pushed_again", [True, False])
def test_what_was_queued_in_the_backup_waits_for_the_phone_that_amended_it(
    company: Company, amendment: str, pushed_again: bool
) -> None:
    order, amended, _ = queued_in_the_backup(company, amendment)
    company.sync("D1", *[order] * pushed_again)
    company.work()
    assert (company.states(order), company.in_erp(order)) == (["received"], [0])
    assert "Waits for the phone Phone D2, which may have" in (company.row(order).reason or "")
    company.sync("D2", amended)
    company.work()
    assert (company.states(order, amended), company.in_erp(order, amended)) == ENDS[amendment]


@pytest.mark.parametrize("amendment", ENDS)
def test_what_is_not_in_the_backup_waits_too(company: Company, amendment: str) -> None:
    order, backup = company.order(), company.back_up()
    amended = getattr(company, amendment)(order)
    company.push(order)
    company.push(amended, device="D2")
    company.forward()
    company.restore(backup)
    company.reconcile()
    company.sync("D1", order)
    company.work()
    assert (company.states(order), company.in_erp(order)) == (["received"], [0])
    company.sync("D2", amended)
    company.work()
    assert (company.states(order, amended), company.in_erp(order, amended)) == ENDS[amendment]


def test_it_is_sent_when_both_phones_have_synced_twice(company: Company) -> None:
    order = company.order()
    company.push(order)
    company.restore(company.back_up())
    company.reconcile()
    company.sync("D1")
    company.contact("D2")
    company.work()
    assert company.states(order) == ["received"], "the second phone may not have sent its documents yet"
    company.clock.advance(minutes=1)
    company.contact("D2")
    company.work()
    assert (company.states(order), company.in_erp(order)) == (["accepted"], [1])


def test_after_a_day_the_office_decides(company: Company) -> None:
    order, _, _ = queued_in_the_backup(company, "withdrawal")
    company.sync("D1", order)
    company.clock.advance(days=1)
    company.work()
    row = company.row(order)
    assert (row.state, row.owner, row.error_class) == ("parked", "office", "phone_missing")
    assert (
        row.reason
        == "It may have been replaced or withdrawn on the phone Phone D2, which has not synced for a long time"
    )
    company.office("retry", order)
    company.work()
    assert (company.states(order), company.in_erp(order)) == (["accepted"], [1])


@pytest.mark.parametrize("amendment", ENDS)
def test_a_phone_that_returns_later_decides_about_what_is_parked(company: Company, amendment: str) -> None:
    order, amended, _ = queued_in_the_backup(company, amendment)
    company.clock.advance(days=1)
    company.work()
    assert company.states(order) == ["parked"]
    company.sync("D2", amended)
    company.sync("D1", order)
    company.work()
    assert (company.states(order, amended), company.in_erp(order, amended)) == ENDS[amendment]


def test_what_is_parked_continues_automatically_when_the_phones_know_nothing_of_it(company: Company) -> None:
    order = company.order()
    company.push(order)
    company.restore(company.back_up())
    company.reconcile()
    company.clock.advance(days=1)
    company.work()
    assert company.states(order) == ["parked"]
    for phone in ("D1", "D2"):
        company.sync(phone)
    company.clock.advance(minutes=15)
    company.work()
    assert (company.states(order), company.in_erp(order)) == (["accepted"], [1])


def test_what_is_parked_waits_for_its_receipt_again_when_the_phones_are_back(company: Company) -> None:
    photo = photograph()
    order = company.order(needs=[f"sha256:{sha256(photo).hexdigest()}"])
    company.push(order)
    company.restore(company.back_up())
    company.reconcile()
    company.clock.advance(days=1)
    company.work()
    assert company.states(order) == ["parked"]
    for phone in ("D1", "D2"):
        company.sync(phone)
    company.clock.advance(minutes=15)
    company.work()
    assert company.states(order) == ["received"]
    assert company.row(order).error_class is None
    assert company.upload(photo) == [order["id"]]
    company.work()
    assert (company.states(order), company.in_erp(order)) == (["accepted"], [1])


def test_the_office_cannot_send_what_still_lacks_its_receipt(company: Company) -> None:
    order = company.order(needs=[f"sha256:{'a' * 64}"])
    company.push(order)
    company.restore(company.back_up())
    company.reconcile()
    company.clock.advance(days=1)
    company.work()
    assert company.states(order) == ["parked"]
    company.office("retry", order)
    company.work()
    assert (company.states(order), company.in_erp(order)) == (["parked"], [0])
    assert "receipt" in (company.row(order).reason or "")


def test_a_new_copy_of_what_waits_does_not_overtake_the_copy_that_the_erp_has(company: Company) -> None:
    order, first, _ = queued_in_the_backup(company, "copy")
    company.sync("D1", order)
    second = company.copy(order)
    company.push(second)
    company.clock.advance(days=1)
    company.work()
    assert (company.states(order, second), company.in_erp(second)) == (["superseded", "parked"], [0])
    company.sync("D2", first)
    company.work()
    assert company.states(first, second) == ["accepted", "rejected"]
    assert company.in_erp(order, first, second) == [0, 1, 0]


def test_what_was_captured_after_the_restore_does_not_wait(company: Company) -> None:
    company.restore(company.back_up())
    company.clock.advance(seconds=1)
    order = company.order()
    company.push(order)
    company.reconcile()
    company.work()
    assert (company.states(order), company.in_erp(order)) == (["accepted"], [1])


@pytest.mark.parametrize("gone", ["revoked", "rep"])
def test_a_phone_that_cannot_sync_any_more_is_not_waited_for(company: Company, gone: str) -> None:
    order = company.order()
    company.push(order)
    company.restore(company.back_up())
    company.reconcile()
    company.sync("D1")
    with company.sessions() as session, session.begin():
        if gone == "revoked":
            enrolment.revoke(session, session.get_one(Device, "D2"), actor="user:test", now=company.clock.now())
        else:
            session.get_one(Rep, "R1").active = False
    company.work()
    assert (company.states(order), company.in_erp(order)) == (["accepted"], [1])
