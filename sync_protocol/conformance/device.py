"""Run every rule against a device implementation, each with a new fixture."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from sync_protocol.conformance import (
    batch_rules,
    canonical_rules,
    deletion_rules,
    epoch_rules,
    outbox_rules,
    overlap_rules,
    page_rules,
    receipt_rules,
    repair_rules,
    segment_link_rules,
    segment_rules,
    session_rules,
    tolerance_rules,
    waiting_rules,
)
from sync_protocol.conformance.device_fixture import DeviceFixture, temporary_folder
from sync_protocol.conformance.driver_process import DriverProcesses, Drivers
from sync_protocol.conformance.rule import Rule, RuleResult, check_rule, numbered

RULES_SINCE_2: list[Rule[DeviceFixture]] = [
    *segment_rules.RULES,
    *segment_link_rules.RULES,
    canonical_rules.ROW_HASH,
    *repair_rules.RULES,
    *epoch_rules.RULES_SINCE_2,
]
"""Rules that concern only a device of revision 2 or later."""
RULES: list[tuple[str, Rule[DeviceFixture]]] = numbered(
    "D",
    [
        *session_rules.RULES,
        *page_rules.RULES,
        *tolerance_rules.RULES,
        *overlap_rules.RULES,
        *epoch_rules.RULES,
        *outbox_rules.RULES,
        *canonical_rules.RULES,
        *batch_rules.RULES,
        *deletion_rules.RULES,
        *receipt_rules.RULES,
        *waiting_rules.RULES,
        *RULES_SINCE_2,
    ],
)
SECONDS = 30.0
"""How long a device may take for one command, in seconds."""


def run(
    command: Sequence[str], only: Iterable[str] = (), seconds: float = SECONDS, *, browser: bool = False
) -> Iterator[RuleResult]:
    """Yield the result on each rule (or those in *only*, by number or name) for the driver *command*.

    *seconds* is the time limit for one command of the driver. *browser*: the device is a page in a browser.
    """
    drivers = DriverProcesses(command, seconds)
    try:
        yield from run_drivers(drivers, only, browser=browser)
    finally:
        drivers.close()


def run_drivers(drivers: Drivers, only: Iterable[str] = (), *, browser: bool = False) -> Iterator[RuleResult]:
    """Yield the results on a device whose drivers come from *drivers*."""
    selected = set(only)
    for number, rule in RULES:
        if selected and not selected & {number, rule.name}:
            continue
        with temporary_folder() as folder:
            fixture = DeviceFixture(drivers, Path(folder), browser=browser)
            try:
                yield check_rule(number, replace(rule, check=_after_open(rule.check)), fixture)
            finally:
                fixture.close()


def _after_open(check: Callable[[DeviceFixture], None]) -> Callable[[DeviceFixture], None]:
    def checked(fixture: DeviceFixture) -> None:
        fixture.must("open", folder=fixture.folder)
        check(fixture)

    return checked
