"""The rule `late-page` for devices of one process: two syncs at once, or no overlap at all."""

from collections.abc import Iterable
from typing import Any

import pytest

from sync_protocol.conformance import overlap_rules
from sync_protocol.conformance.device import run_drivers
from sync_protocol.conformance.rule import RuleResult
from tests.contract.conformance.tiny.device import Tiny
from tests.contract.conformance.tiny.state import Trouble


class Locked(Tiny):
    """A second driver that may not open the folder of the first."""

    def open(self, folder: str) -> None:
        raise Trouble(f"{folder} is open in another process")


class OneByOne(Tiny):
    """A driver that ignores `at_once`."""

    def sync(self, at_once: int = 1) -> dict[str, Any]:
        return super().sync()


class OneProcess:
    """Drivers of a device that allows one process."""

    def __init__(self, driver: type[Tiny], faults: Iterable[str] = ()) -> None:
        self._main = driver(frozenset(faults))

    def main(self) -> Tiny:
        return self._main

    def another(self) -> Tiny:
        return Locked()


def late_page_result(drivers: OneProcess) -> RuleResult:
    (result,) = run_drivers(drivers, ["late-page"])
    return result


def test_a_device_of_one_process_that_applies_a_late_page_is_told_so() -> None:
    result = late_page_result(OneProcess(Tiny, ["late-page"]))
    assert result.outcome == "fail"
    assert "arrived late" in result.detail


def test_a_device_of_one_process_that_discards_a_late_page_passes() -> None:
    result = late_page_result(OneProcess(Tiny))
    assert result.outcome == "pass", result.detail


@pytest.mark.parametrize("faults", [[], ["late-page"]])
def test_the_rule_does_not_pass_a_device_whose_syncs_never_overlap(
    faults: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It could apply a late page; nothing showed whether it does."""
    monkeypatch.setattr(overlap_rules, "SERIAL_SECONDS", 1.0)
    result = late_page_result(OneProcess(OneByOne, faults))
    assert result.outcome == "not applicable", result.detail
