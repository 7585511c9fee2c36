"""The kit passes what keeps the rules, and names the rule that is broken."""

import sys
from collections.abc import Iterable

import pytest

from sync_protocol.conformance import segment_rules
from sync_protocol.conformance.device import RULES, run, run_drivers
from tests.contract.conformance.tiny import Tiny

NAMES = [rule.name for _, rule in RULES]
SINCE_2 = [rule.name for rule in segment_rules.RULES]


class Tinies:
    """Drivers of tiny devices that break the rules in *faults*."""

    def __init__(self, faults: Iterable[str] = ()) -> None:
        self._faults = frozenset(faults)
        self._main: Tiny | None = None

    def main(self) -> Tiny:
        if self._main is None or not self._main.state:
            self._main = self.another()
        return self._main

    def another(self) -> Tiny:
        return Tiny(self._faults)


def test_the_reference_device_keeps_every_rule() -> None:
    """As an app's author would run it: a process behind two pipes."""
    verdicts = list(run([sys.executable, "-m", "sync_protocol.device.driver"], seconds=60))
    assert [(v.number, v.rule, v.detail) for v in verdicts if v.outcome != "pass"] == []
    assert [v.rule for v in verdicts] == NAMES


def test_another_device_keeps_every_rule() -> None:
    """It supports revision 1, so the rules of later revisions do not apply to it."""
    verdicts = list(run_drivers(Tinies()))
    assert [(v.number, v.rule, v.detail) for v in verdicts if v.outcome == "fail"] == []
    assert [v.rule for v in verdicts if v.outcome == "not applicable"] == SINCE_2


@pytest.mark.parametrize("name", [name for name in NAMES if name not in SINCE_2])
def test_a_device_that_breaks_a_rule_is_told_which(name: str) -> None:
    (verdict,) = run_drivers(Tinies([name]), [name])
    assert verdict.outcome == "fail", f"a device that breaks {name} passes"
    assert verdict.detail
