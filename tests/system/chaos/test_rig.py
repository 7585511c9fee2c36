"""The fault rig, with the shortest plan that kills; `make chaos` plays drawn plans."""

from collections.abc import Iterator

import pytest

from tests.services import TrytonServer
from tests.system.chaos.rig.faults import FAULTS
from tests.system.chaos.rig.run import run
from tests.system.chaos.rig.site import Company

pytestmark = pytest.mark.timeout(900)

KILLS, LOSES, FAILOVER = "processes killed", "answers lost and processes killed", "failover"
PLANS = {
    KILLS: ["web dies at push.after_commit", "workers die at delivery.after_create"],
    LOSES: [
        "a push's answer is lost", "web dies at push.after_commit", "Tryton's answer to create is lost",
        "a phone killed", "workers die at delivery.after_create",
    ],
    FAILOVER: ["the ERP's line hangs", "failover without the tail"],
}  # fmt: skip


@pytest.fixture(scope="module")
def company(tryton_server: TrytonServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with (
        tryton_server.fresh("chaos") as tryton,
        Company(tryton, tmp_path_factory.mktemp("company")) as company,
    ):
        yield company


@pytest.mark.parametrize(
    "name", [KILLS, *(pytest.param(name, marks=pytest.mark.full) for name in (LOSES, FAILOVER))]
)
def test_nothing_is_lost_doubled_or_leaked(
    name: str, company: Company, tmp_path_factory: pytest.TempPathFactory
) -> None:
    by_name = {fault.name: fault for fault in FAULTS}
    result = run(company, tmp_path_factory.mktemp("site"), 1, [by_name[fault] for fault in PLANS[name]], 4)
    assert (result.lost, result.doubled, result.leaked) == (0, 0, 0)
    assert result.captured > 0
