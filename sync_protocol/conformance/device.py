"""Run every rule against a device implementation, each with a new fixture."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from sync_protocol.conformance import outbox_rules, page_rules, segment_rules, session_rules
from sync_protocol.conformance.device_fixture import DeviceFixture, temporary_folder
from sync_protocol.conformance.driver_process import DriverProcesses, Drivers
from sync_protocol.conformance.verdict import Rule, Verdict, check_rule, numbered

RULES: list[tuple[str, Rule[DeviceFixture]]] = numbered(
    "D", [*session_rules.RULES, *page_rules.RULES, *outbox_rules.RULES, *segment_rules.RULES]
)
SECONDS = 30.0
"""How long a device may take for one command, in seconds."""


def run(command: Sequence[str], only: Iterable[str] = (), seconds: float = SECONDS) -> Iterator[Verdict]:
    """Yield the verdict on each rule (or those in *only*, by number or name) for the driver *command*.

    *seconds* is the time limit for one command of the driver.
    """
    drivers = DriverProcesses(command, seconds)
    try:
        yield from run_drivers(drivers, only)
    finally:
        drivers.close()


def run_drivers(drivers: Drivers, only: Iterable[str] = ()) -> Iterator[Verdict]:
    """Yield the verdicts on a device whose drivers come from *drivers*."""
    wanted = set(only)
    for number, rule in RULES:
        if wanted and not wanted & {number, rule.name}:
            continue
        with temporary_folder() as folder:
            fixture = DeviceFixture(drivers, Path(folder))
            try:
                yield check_rule(number, replace(rule, check=_after_open(rule.check)), fixture)
            finally:
                fixture.close()


def _after_open(check: Callable[[DeviceFixture], None]) -> Callable[[DeviceFixture], None]:
    def checked(fixture: DeviceFixture) -> None:
        fixture.must("open", folder=fixture.folder)
        check(fixture)

    return checked
