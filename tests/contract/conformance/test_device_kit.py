"""The kit passes what keeps the rules, and names the rule that is broken."""

import sys
from collections.abc import Iterable

import pytest

from sync_protocol.conformance.device import RULES, RULES_SINCE_2, run, run_drivers
from tests.contract.conformance.tiny.device import Tiny

NAMES = [rule.name for _, rule in RULES]
SINCE_2 = [rule.name for rule in RULES_SINCE_2]


class Tinies:
    """Drivers of tiny devices of *revision* that break the rules in *faults*."""

    def __init__(self, faults: Iterable[str] = (), revision: int = 2) -> None:
        self._faults = frozenset(faults)
        self._revision = revision
        self._main: Tiny | None = None

    def main(self) -> Tiny:
        if self._main is None or not self._main.state:
            self._main = self.another()
        return self._main

    def another(self) -> Tiny:
        return Tiny(self._faults, self._revision)


def test_the_reference_device_keeps_every_rule() -> None:
    """As an app's author would run it: a process behind two pipes."""
    results = list(run([sys.executable, "-m", "sync_protocol.device.driver"], seconds=600))
    assert [(v.number, v.rule, v.detail) for v in results if v.outcome != "pass"] == []
    assert [v.rule for v in results] == NAMES


def test_another_device_keeps_every_rule() -> None:
    results = list(run_drivers(Tinies()))
    assert [(v.number, v.rule, v.detail) for v in results if v.outcome != "pass"] == []
    assert [v.rule for v in results] == NAMES


def test_the_rules_of_a_later_revision_do_not_apply_to_a_device_of_revision_1() -> None:
    results = list(run_drivers(Tinies(revision=1)))
    assert [(v.number, v.rule, v.detail) for v in results if v.outcome == "fail"] == []
    assert [v.rule for v in results if v.outcome == "not applicable"] == SINCE_2


@pytest.mark.parametrize("name", NAMES)
def test_the_kit_names_the_rule_that_a_device_breaks(name: str) -> None:
    (result,) = run_drivers(Tinies([name]), [name])
    assert result.outcome == "fail", f"a device that breaks {name} passes"
    assert result.detail and "cannot be read" not in result.detail
