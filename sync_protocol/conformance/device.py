"""Runs every rule against a device implementation, each on a bench of its own."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from sync_protocol.conformance import outbox_rules, page_rules, segment_rules, session_rules
from sync_protocol.conformance.device_fixture import DeviceFixture, folder
from sync_protocol.conformance.driver_process import Drivers, Processes
from sync_protocol.conformance.verdict import Rule, Verdict, judged, numbered

RULES: list[tuple[str, Rule[DeviceFixture]]] = numbered(
    "D", [*session_rules.RULES, *page_rules.RULES, *outbox_rules.RULES, *segment_rules.RULES]
)
SECONDS = 30.0
"""How long a device may take for one command."""


def run(command: Sequence[str], only: Iterable[str] = (), seconds: float = SECONDS) -> Iterator[Verdict]:
    """Yield the verdict on each rule for the driver *command*; *only* names some, by number or name."""
    drivers = Processes(command, seconds)
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
        with folder() as place:
            bench = DeviceFixture(drivers, Path(place))
            try:
                yield judged(number, replace(rule, check=_opened(rule.check)), bench)
            finally:
                bench.close()


def _opened(check: Callable[[DeviceFixture], None]) -> Callable[[DeviceFixture], None]:
    def checked(bench: DeviceFixture) -> None:
        bench.must("open", folder=bench.folder)
        check(bench)

    return checked
