"""`satchel rep limit`, and what `satchel doctor` says about reps without a limit."""

from typing import Any

import pytest
from sqlalchemy import select

from backend.cli.doctor.price_limits import examine_price_limits
from backend.database.core import Sessions
from backend.feed.changes import live
from backend.identity.models import AuditEntry, Rep
from backend.identity.reps import DEFAULT_ROLE
from tests.unit.cli.conftest import Satchel


@pytest.fixture
def rep(installed: Sessions) -> None:
    with installed() as session, session.begin():
        session.add(Rep(id="R1", name="Ana", role=DEFAULT_ROLE, active=True))


def limit_of(installed: Sessions) -> Any:
    with installed() as session:
        return live(session, "price_limits", "R1")


@pytest.mark.usefixtures("rep")
def test_a_limit_is_set_replaced_and_removed_and_each_is_in_the_audit_trail(
    installed: Sessions, satchel: Satchel
) -> None:
    assert "R1 may grant 10 %" in satchel("rep", "limit", "R1", "--discount", "10", "--free-of-charge").output
    assert limit_of(installed)["free_of_charge"] is True
    satchel("rep", "limit", "R1", "--discount", "5", "--group", "Trade", "*", "15", "--group", "*", "Pens", "0")
    assert limit_of(installed) == {
        "id": "R1",
        "max_discount_percent": "5",
        "exceptions": [
            {"customer_group": "Trade", "product_group": None, "max_discount_percent": "15"},
            {"customer_group": None, "product_group": "Pens", "max_discount_percent": "0"},
        ],
        "free_of_charge": False,
        "above_list": False,
        "without_list_price": False,
    }
    assert satchel("rep", "limit", "R1", "--none").exit_code == 0
    assert limit_of(installed) is None
    with installed() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "rep.limit")).all()
        assert [entry.detail["discount"] for entry in entries] == ["10", "5", None]


@pytest.mark.usefixtures("rep")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["R9", "--discount", "5"], "there is no rep R9"),
        (["R1", "--discount", "101"], "must be at most 100"),
        (["R1", "--discount", "-1"], "a percentage as text"),
        (["R1", "--discount", "5", "--group", "*", "*", "x"], "exceptions[0].max_discount_percent"),
        (["R1"], "give either --discount or --none"),
        (["R1", "--discount", "5", "--none"], "give either --discount or --none"),
        (["R1", "--none"], "nothing limits the prices of R1"),
    ],
)
def test_a_limit_that_cannot_be_is_refused(
    installed: Sessions, satchel: Satchel, arguments: list[str], words: str
) -> None:
    result = satchel("rep", "limit", *arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())
    assert limit_of(installed) is None


@pytest.mark.usefixtures("rep")
def test_doctor_names_active_reps_whose_prices_nothing_limits(installed: Sessions, satchel: Satchel) -> None:
    with installed() as session:
        [finding] = examine_price_limits(session)
    assert (finding.status, "R1" in finding.message) == ("warning", True)
    satchel("rep", "limit", "R1", "--discount", "10")
    with installed() as session:
        [finding] = examine_price_limits(session)
    assert finding.status == "ok"
