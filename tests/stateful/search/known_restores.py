"""Known histories of a restored backup: positions repeat, and what came after the backup is lost."""

from tests.stateful.search.history_steps import REP, SE, History, complete, deleted, moved
from tests.stateful.search.state_machine import Histories


def history_7_an_app_of_revision_1_begins_again_after_a_restore(company: Histories) -> None:
    """Positions repeat. The newest position must not win, and what the backup lacks must not stay."""
    company.change_app(rep=REP, schema=1)
    company.back_up()
    for _ in range(4):
        company.publish(moved("1", "NW"))
    company.publish([*moved("2", "NW"), *moved("3", "NW")])
    complete(company)
    company.restore()
    company.publish(moved("1", "NW"))
    for _ in range(12):  # until the restored server is past what the phone has seen
        company.publish(moved("4", "SE"))
    complete(company)


def rebase_after_a_restore_exactly_what_differs_is_repaired(company: Histories) -> None:
    """What the lost time brought, changed and deleted is undone row by row."""
    company.back_up()
    company.publish([*moved("1", "NW"), *deleted("3"), *moved("2", "NW")])
    complete(company)
    company.restore()
    company.publish(moved("4", "NW"))
    complete(company)


def rebase_positions_must_not_fall_over_an_epoch(company: Histories) -> None:
    """An old set of SE holds customer 2, which has moved to NW since: granted later, it must not win."""
    company.build_customers(cuts=[])
    company.publish(moved("2", "NW"))
    complete(company)
    company.restore()
    complete(company)
    company.assign(rep=REP, channel=SE)
    complete(company)
    assert ("customers", "2") in company.phones[REP].content()


def rebase_old_positions_do_not_outlive_their_epoch(company: Histories) -> None:
    """The rows came with a set from high above the backup; after the restore they are rewritten below it."""
    company.back_up()
    for _ in range(10):
        company.publish(moved("4", "SE"))
    company.build_customers(cuts=[])
    complete(company)
    company.restore()
    complete(company)
    company.publish(moved("1", "NW"))
    complete(company)


def rebase_a_half_read_stream_begins_again_in_a_new_epoch(company: Histories) -> None:
    company.build_customers(cuts=["3"])
    company.pull(rep=REP, size=None, pages=1, behind=False)
    company.download(rep=REP, count=1, late=False)
    company.back_up()
    company.publish(moved("1", None))
    company.restore()
    complete(company)


def the_outbox_is_pushed_again_after_a_restore(company: Histories) -> None:
    company.back_up()
    company.capture(rep=REP)
    complete(company)
    company.push(rep=REP, arrives=True, answered=True, twice=True)
    complete(company)
    company.restore()
    complete(company)
    company.the_outbox_survives()
    assert company.phones[REP].due()


def what_was_pushed_before_the_first_page_is_pushed_again_after_a_restore(company: Histories) -> None:
    company.back_up()
    company.capture(rep=REP)
    company.push(rep=REP, arrives=True, answered=True, twice=False)
    company.restore()
    complete(company)


RESTORES: list[History] = [
    history_7_an_app_of_revision_1_begins_again_after_a_restore,
    rebase_after_a_restore_exactly_what_differs_is_repaired,
    rebase_positions_must_not_fall_over_an_epoch,
    rebase_old_positions_do_not_outlive_their_epoch,
    rebase_a_half_read_stream_begins_again_in_a_new_epoch,
    the_outbox_is_pushed_again_after_a_restore,
    what_was_pushed_before_the_first_page_is_pushed_again_after_a_restore,
]
