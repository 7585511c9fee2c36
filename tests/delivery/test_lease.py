"""A lease that is shorter than the connector's slowest call is told of: in doctor and when a worker starts."""

import logging
from dataclasses import replace

import pytest

from backend.delivery.connector_profile import short_lease
from backend.erp.records import Capabilities
from backend.maintenance import Maintenance
from tests.delivery.desk import Desk
from tests.delivery.ledger_erp import LedgerErp


class Slow(LedgerErp):
    """Whose calls may take 240 seconds."""

    def capabilities(self) -> Capabilities:
        return replace(super().capabilities(), slowest_seconds=240.0)


@pytest.mark.parametrize(("lease", "short"), [(120.0, True), (239.0, True), (240.0, False), (600.0, False)])
def test_a_lease_must_outlast_the_slowest_call(desk: Desk, lease: float, short: bool) -> None:
    settings = replace(desk.settings, lease_seconds=lease)
    words = short_lease(Slow(desk.erp.folder).capabilities(), settings)
    assert (words is not None) is short
    if words:
        assert "set SATCHEL_LEASE_SECONDS to 240 or more" in words


def test_a_connector_that_sets_no_bound_is_not_complained_about(desk: Desk) -> None:
    assert short_lease(desk.erp.capabilities(), replace(desk.settings, lease_seconds=1.0)) is None


def test_a_worker_says_so_once_when_it_starts(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    upkeep = Maintenance(desk.settings, desk.sessions, Slow(desk.erp.folder), desk.clock)
    upkeep.run_once()
    upkeep.run_once()
    warned = [r for r in caplog.records if "SATCHEL_LEASE_SECONDS" in r.getMessage()]
    assert [r.levelno for r in warned] == [logging.WARNING]
