"""Growth: the same figures with 10,000 and 1,000,000 records. Satchel's are measured by turns of the sizes."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from tests.bench.lab import Lab
from tests.bench.parts import parts
from tests.bench.parts.turns import Figures, by_turns
from tests.bench.systems.system import System

FIXED = 3
"""The round of changes of the fixed delta; the main data set has had rounds 1 and 2."""
Sized = Mapping[int, tuple[Lab, System]]


def compare(systems: Sized, rounds: int) -> dict[int, dict[str, Figures]]:
    """Return first sync, fixed delta and idle poll of running *systems*, by the number of records."""
    states, expected = {}, {}
    for size, (lab, system) in systems.items():
        states[size] = parts.state_after_first_sync(lab, system)
        changes = parts.fixed(lab, FIXED)
        expected[size] = parts.visible(lab, changes)
        system.change(changes)
        parts.idle(lab, system)
    results: dict[int, dict[str, Figures]] = {size: {} for size in systems}
    for part in ("first", "fixed", "idle"):
        measures = {
            str(size): partial(_measure, part, *running, states[size], expected[size])
            for size, running in systems.items()
        }
        for size, figures in by_turns(rounds, measures).items():
            results[int(size)][part] = figures
    return results


def _measure(part: str, lab: Lab, system: System, state: Any, expected: int, n: int) -> Figures:
    if part == "first":
        return parts.first_sync(lab, system, system.address(lab.reps[0]))
    if part == "fixed":
        return parts.delta(lab, system, state, expected)
    return parts.idle(lab, system)
