"""The main data set: all systems run at the same time and are measured by turns."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial

from tests.bench.lab import Lab
from tests.bench.parts import parts
from tests.bench.parts.turns import Figures, by_turns
from tests.bench.systems.satchel import SatchelSystem
from tests.bench.systems.system import System

PHONES = (1, 2, 4)
ONE_PHONE = ("kinto",)
"""Systems that push with one phone only: a thousand orders take Kinto half a minute."""
Results = dict[str, dict[str, Figures]]


def compare(
    lab: Lab, systems: Mapping[str, System], chosen: Collection[str], begins: Callable[[str, Results], None]
) -> Results:
    """Return the figures of the parts *chosen* of running *systems*, by system and part.

    *begins* is called with each part before it is measured, and with the results so far.
    """
    results: Results = {name: {} for name in systems}
    served = {name: system for name, system in systems.items() if name != "static"}
    if "first" in chosen:
        begins("first syncs", results)
        first_syncs(lab, systems, results)
    if "idle" in chosen:
        begins("idle polls", results)
        # Warm up, so that every process has seen every rep.
        for system in served.values():
            parts.idle(lab, system)
        _turns(served, "idle", lab.sizes.repeats, lambda system, n: parts.idle(lab, system), results)
    if "fixed" in chosen:
        begins("deltas of a fixed size", results)
        deltas(lab, served, "fixed", results)
    if "delta" in chosen:
        begins("deltas", results)
        deltas(lab, served, "delta", results)
    if "push" in chosen:
        for phones in PHONES:
            begins(f"orders pushed by {phones} at the same time", results)
            pushes(lab, served, phones, results)
    return results


def first_syncs(lab: Lab, systems: Mapping[str, System], results: Results) -> None:
    """Measure first syncs of all *systems*, of the reference device and of a device without segments."""
    rep = lab.reps[0]
    measures: dict[str, Callable[[int], Figures]] = {}
    for name, system in systems.items():
        measures[name] = lambda n, s=system: parts.first_sync(lab, s, s.address(rep))
    satchel = systems.get("satchel")
    if isinstance(satchel, SatchelSystem):
        address = satchel.address(rep)
        old = replace(address, options={**address.options, "schema": 1})
        # Each enrols again: a device that has synced once has its replica.
        measures["reference"] = lambda n: parts.first_sync(lab, satchel, satchel.reference(rep))
        measures["rows"] = lambda n: parts.first_sync(lab, satchel, old)
    for name, figures in by_turns(lab.sizes.repeats, measures).items():
        results.setdefault(name, {})["first"] = figures


def deltas(lab: Lab, systems: Mapping[str, System], part: str, results: Results) -> None:
    """Measure deltas after 1 % of the records or a fixed number of them changed in all *systems*."""
    states = {name: parts.state_after_first_sync(lab, system) for name, system in systems.items()}
    changes = parts.fixed(lab, 1) if part == "fixed" else parts.one_percent(lab, 2)
    expected = parts.visible(lab, changes)
    for system in systems.values():
        system.change(changes)
    measures = {name: partial(_delta, lab, system, states[name], expected) for name, system in systems.items()}
    for name, figures in by_turns(lab.sizes.repeats, measures).items():
        results[name][part] = figures


def _delta(lab: Lab, system: System, state: object, expected: int, n: int) -> Figures:
    return parts.delta(lab, system, state, expected)


def pushes(lab: Lab, systems: Mapping[str, System], phones: int, results: Results) -> None:
    """Measure *phones* that push at the same time, in many short rounds."""
    pushing = {n: system for n, system in systems.items() if phones == 1 or n not in ONE_PHONE}
    sizes = lab.sizes

    def measure(system: System, n: int) -> Figures:
        return parts.push(lab, system, phones, 1_000 * phones + n, sizes.push_orders)

    # Not measured: every process prepares its statements.
    for system in pushing.values():
        measure(system, sizes.push_rounds)
    _turns(pushing, f"push{phones}", sizes.push_rounds, measure, results)


def _turns(
    systems: Mapping[str, System],
    part: str,
    rounds: int,
    measure: Callable[[System, int], Figures],
    results: Results,
) -> None:
    measures = {name: partial(measure, system) for name, system in systems.items()}
    for name, figures in by_turns(rounds, measures).items():
        results[name][part] = figures
