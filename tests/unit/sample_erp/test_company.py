"""The sample company: the same for one seed, as large as a real one, and changed by commands."""

import hashlib
from pathlib import Path

import pytest

from backend.clock import ManualClock, SystemClock
from backend.connectors.flatfile import connect
from backend.connectors.flatfile.adapter import FlatFileConnector
from backend.erp.testing import read_all
from backend.sample_erp import run
from backend.sample_erp.export import write_export
from backend.sample_erp.reps import REPS, TERRITORIES
from backend.sample_erp.run import BANNER, opened
from tests.unit.connectors.flatfile.flatfile_fixture import (
    FlatFileFixture,
)
from tests.unit.sample_erp.sample_erp_steps import satchel


def test_the_same_seed_and_day_create_the_same_company(tmp_path: Path, clock: ManualClock) -> None:
    digests = []
    for name in ("one", "two"):
        run(tmp_path / name, seed=3, once=True, clock=clock)
        [drop] = (tmp_path / name / "from_erp").iterdir()
        digests.append(
            {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in drop.glob("*.csv")}
        )
    assert digests[0] == digests[1]
    assert len(digests[0]) == 17


def test_the_company_has_the_size_of_a_real_one_and_every_record_is_sound(tmp_path: Path) -> None:
    run(tmp_path / "erp", once=True)
    connector = connect({"folder": str(tmp_path / "erp")})
    sizes = {name: len(list(connector.keys(name))) for name in connector.capabilities().collections}
    assert (sizes["customers"], sizes["products"], sizes["orders"]) == (300, 1500, 2000)
    assert (sizes["warehouses"], sizes["price_lists"], sizes["stock_levels"]) == (2, 4, 3000)
    orders = connector.read("orders", None, 5000).records
    assert len(orders) == 2000, "every order is sound"
    for axis in ("transport", "delivery", "billing"):
        assert len({order["axes"][axis] for order in orders}) >= 4, axis
    customers = connector.read("customers", None, 5000).records
    assert (
        {customer["territory"] for customer in customers} == set(TERRITORIES) == {rep.territory for rep in REPS}
    )
    assert {customer["status"] for customer in customers} == {"active", "blocked", "closed", "prospect"}
    connector.close()


def test_an_export_is_written_only_after_a_change(files: FlatFileFixture) -> None:
    with opened(files.folder) as (layout, db):
        assert write_export(layout, db, SystemClock().now()) is None
    satchel(files, "move-customer", "C0001", "SW")
    assert len(list((files.folder / "from_erp").iterdir())) == 2


def test_a_customer_can_be_moved_renamed_closed_and_deleted(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    assert "C0001: now in SW" in satchel(files, "move-customer", "C0001", "SW").output
    assert satchel(files, "rename-customer", "C0002", "New Name AG").exit_code == 0
    assert satchel(files, "close-customer", "C0003").exit_code == 0
    customers, _ = read_all(flatfile, "customers")
    assert customers["C0001"]["territory"] == "SW"
    assert customers["C0002"]["name"] == "New Name AG"
    assert customers["C0003"]["status"] == "closed"
    with opened(files.folder) as (_, db):
        row = db.row("SELECT id FROM customers WHERE id NOT IN (SELECT customer_id FROM orders)")
    assert row is not None, "the small company has a customer without orders"
    assert satchel(files, "delete-customer", row["id"]).exit_code == 0
    assert row["id"] not in set(flatfile.keys("customers"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["move-customer", "C0001", "MOON"], "there is no territory MOON; there are NE,"),
        (["move-customer", "C9999", "NE"], "there is no customer C9999"),
        (["release", "SO-1"], "no held order is called SO-1"),
    ],
)
def test_an_impossible_command_says_why(files: FlatFileFixture, arguments: list[str], words: str) -> None:
    result = satchel(files, *arguments)
    assert result.exit_code == 2
    assert words in result.output


def test_the_sample_erp_prints_its_banner(files: FlatFileFixture) -> None:
    assert BANNER in satchel(files, "--once").output
