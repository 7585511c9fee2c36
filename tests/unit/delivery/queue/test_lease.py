"""A lease that is shorter than the connector's slowest call is told of: in doctor and when a worker starts."""

import logging
from dataclasses import replace

import pytest

from backend.delivery.short_lease import short_lease
from backend.erp.records import Capabilities
from backend.maintenance import Maintenance
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.recording_erp import RecordingErp


class Slow(RecordingErp):
    """Whose calls may take 240 seconds."""

    def capabilities(self) -> Capabilities:
        return replace(super().capabilities(), slowest_seconds=240.0)


@pytest.mark.parametrize(("lease", "short"), [(120.0, True), (239.0, True), (240.0, False), (600.0, False)])
def test_a_lease_must_outlast_the_slowest_call(inbox: InboxFixture, lease: float, short: bool) -> None:
    settings = replace(inbox.settings, lease_seconds=lease)
    words = short_lease(Slow(inbox.erp.folder).capabilities(), settings)
    assert (words is not None) is short
    if words:
        assert "set SATCHEL_LEASE_SECONDS to 240 or more" in words


def test_a_connector_without_a_time_limit_causes_no_warning(inbox: InboxFixture) -> None:
    assert short_lease(inbox.erp.capabilities(), replace(inbox.settings, lease_seconds=1.0)) is None


def test_a_worker_warns_once_of_a_short_lease(inbox: InboxFixture, caplog: pytest.LogCaptureFixture) -> None:
    maintenance = Maintenance(inbox.settings, inbox.sessions, Slow(inbox.erp.folder), inbox.clock)
    maintenance.run_once()
    maintenance.run_once()
    warned = [r for r in caplog.records if "SATCHEL_LEASE_SECONDS" in r.getMessage()]
    assert [r.levelno for r in warned] == [logging.WARNING]
