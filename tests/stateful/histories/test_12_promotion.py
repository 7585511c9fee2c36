"""History 12: a standby without the tail is promoted (rule 1: `publish()` itself compares the lineage)."""

from collections.abc import Iterator

import pytest
from sqlalchemy import literal

from backend.delivery import sending_hold
from backend.feed import positions
from backend.sync.pull import NotYet
from tests.conftest import MONDAY
from tests.stateful.histories.checks import differences, server_view
from tests.stateful.histories.devices import content
from tests.stateful.histories.mutants import do_not_compare
from tests.stateful.histories.promotion import Company, issued, promoted
from tests.unit.sync.company import customer, say

KEPT, WEAKENED = "kept", "without_lineage"


@pytest.fixture(scope="module")
def companies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Company]]:
    """Two companies after one promotion; one of them never learned what a lineage is."""
    weaken = {KEPT: lambda monkeypatch: None, WEAKENED: without_lineage}
    with promoted(tmp_path_factory.mktemp("promotion"), weaken) as promoted_companies:
        yield promoted_companies


def without_lineage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every server look like the one that issued the positions so far."""
    monkeypatch.setattr(positions, "_known_lineage", lambda dialect: literal("one and the same"))
    # Not the statement that was built with the real one.
    monkeypatch.setattr(positions, "_take_statement", positions._take_statement.__wrapped__)


def scenario(company: Company) -> list[str]:
    """The device has seen the lost tail; the promoted server publishes other changes, until it is past it."""
    device, server = company.device, company.sessions
    device.sessions = server
    damage = []
    try:
        if device.step()["complete"]:
            damage.append("a server that lacks what the device has seen called it complete")
    except NotYet:
        pass
    for n in range(10):
        say(server, customer("K", "NW", name=f"Of the promoted server {n}"), customer(f"NEW{n}", "NW"))
    twice = [p for p, change in issued(server).items() if company.issued.get(p, change) != change]
    with server() as session:
        if twice and positions.head(session).epoch == company.epoch:
            damage.append("positions were issued twice in one epoch")
    device.sync()
    return damage + differences(server_view(server, "R1"), content(device))


def test_the_promoted_server_begins_a_new_epoch_and_the_device_ends_equal_to_it(
    companies: dict[str, Company],
) -> None:
    company = companies[KEPT]
    assert scenario(company) == []
    with company.sessions() as session:
        assert positions.head(session).epoch != company.epoch


def test_without_the_lineage_positions_are_issued_twice_and_the_device_keeps_the_lost_tail(
    companies: dict[str, Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_lineage(monkeypatch)
    do_not_compare(monkeypatch)
    damage = scenario(companies[WEAKENED])
    assert "positions were issued twice in one epoch" in damage
    assert "customers LOST0 should not be there" in damage
    assert "customers NEW0 is missing" in damage


def test_a_new_epoch_is_begun_once_and_not_with_every_publication(companies: dict[str, Company]) -> None:
    company = companies[KEPT]
    say(company.sessions, customer("K", "NW", name="First"))
    with company.sessions() as session:
        epoch = positions.head(session).epoch
    say(company.sessions, customer("K", "NW", name="Second"))
    with company.sessions() as session:
        assert positions.head(session).epoch == epoch


def test_after_a_promotion_nothing_is_sent_until_the_erp_was_asked(companies: dict[str, Company]) -> None:
    with companies[KEPT].sessions() as session, session.begin():
        hold = sending_hold.check(session, MONDAY)
    assert hold is not None and hold.cause == "lineage"
