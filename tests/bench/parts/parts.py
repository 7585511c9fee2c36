"""First sync, delta, idle poll and push of one running system: one round of each."""

import statistics
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from tests.bench import records
from tests.bench.clients.client import Address
from tests.bench.lab import Lab
from tests.bench.parts.orders import orders
from tests.bench.parts.turns import Figures
from tests.bench.records import Record
from tests.bench.systems.satchel import SatchelSystem
from tests.bench.systems.system import System


def state_after_first_sync(lab: Lab, system: System) -> Any:
    """Return what a client of the first rep needs to ask for changes."""
    return _first(lab, system, system.address(lab.reps[0]))["state"]


def first_sync(lab: Lab, system: System, address: Address) -> Figures:
    """Measure one first sync of the first rep."""
    result = _first(lab, system, address)
    rows, seconds = result["rows"], result["seconds"]
    return {
        "seconds": seconds,
        "rows": rows,
        "rows_per_second": rows / seconds,
        "generator_cpu_per_1000": result["cpu"] / rows * 1000,
        "bytes": result["bytes"],
        "web_peak": result["web_peak"],
        "client_peak": result["peak"],
        "server_cpu_per_1000": (result["web_cpu"] + result["database_cpu"]) / rows * 1000,
    }


def _first(lab: Lab, system: System, address: Address) -> dict[str, Any]:
    result = lab.measure(system, address, "first")
    expected = records.visible_count(lab.reps[0], lab.sizes.records)
    if result["rows"] != expected:
        raise RuntimeError(f"{system.name}: a first sync gave {result['rows']} records instead of {expected}")
    return result


def delta(lab: Lab, system: System, state: Any, expected: int) -> Figures:
    """Fetch the *expected* changes since *state* with one client, again and again."""
    result = lab.measure(system, system.address(lab.reps[0]), "delta", state=state, times=lab.sizes.deltas)
    each = sorted(result["each"])
    return {
        "p50": statistics.median(each),
        "p95": each[min(len(each) - 1, round(len(each) * 0.95))],
        "rows": result["rows"],
        "surplus": surplus_of(system.name, result["rows"], expected),
        "bytes": result["bytes"],
        **_cpu(result, len(each) + 1),
    }


def surplus_of(name: str, rows: int, expected: int) -> int:
    """Return how many of the *rows* of a delta had not changed; raises RuntimeError if the number is not
    allowed.

    Another system may send unchanged rows; that costs it time and is reported beside its figures. Too few rows
    are a failure, and for Satchel so are too many.
    """
    if rows < expected or (rows > expected and name in SatchelSystem.names):
        raise RuntimeError(f"{name}: a delta gave {rows} records instead of {expected}")
    return rows - expected


def idle(lab: Lab, system: System) -> Figures:
    """Measure idle polls on `sizes.connections` connections, each of another rep that is up to date."""
    addresses = [system.address(lab.reps[n % len(lab.reps)]) for n in range(lab.sizes.connections)]
    result = lab.flood(system, addresses, lab.sizes.idle_seconds)
    return {
        "polls_per_second": result["polls"] / result["seconds"],
        "bytes": result["bytes"],
        **_cpu(result, result["polls"]),
    }


def push(lab: Lab, system: System, phones: int, seed: int, count: int) -> Figures:
    """Measure *phones* that push orders in batches at the same time, *count* each over one connection.

    The first rep does not push, because pushed documents join the rep's replica, and the first rep's replica is
    measured.
    """
    loads = []
    for rep in lab.reps[1 : phones + 1]:
        made = list(orders(count, lab.data, rep, seed))
        loads.append((system.address(rep), system.orders(made, rep)))
    result = lab.push(system, loads)
    return {
        "seconds": result["seconds"],
        "orders_per_second": result["orders"] / result["seconds"],
        **_cpu(result, result["orders"]),
    }


def one_percent(lab: Lab, repeat: int) -> list[tuple[str, Record]]:
    """Return changes of one record in a hundred."""
    return _changed(lab.data, 100, repeat)


def fixed(lab: Lab, repeat: int) -> list[tuple[str, Record]]:
    """Return the same number of changes for every size of the data set, all of records of the first rep."""
    items = islice(lab.data.of("stock_levels", "orders"), 20 * lab.sizes.fixed_delta)
    visible = [item for item in items if records.is_visible_to(lab.reps[0], *item)]
    return _changed(visible[: lab.sizes.fixed_delta], 1, repeat)


def visible(lab: Lab, changes: Sequence[tuple[str, Record]]) -> int:
    """Return how many of *changes* the first rep may read."""
    return sum(records.is_visible_to(lab.reps[0], *change) for change in changes)


def _changed(items: Iterable[tuple[str, Record]], each: int, repeat: int) -> list[tuple[str, Record]]:
    return [(c, records.changed(c, r, repeat)) for n, (c, r) in enumerate(items) if n % each == repeat % each]


def _cpu(result: dict[str, Any], count: int) -> Figures:
    """Return the CPU seconds of each of *count* requests or orders: web server, database, both, and client."""
    web, database = result["web_cpu"] / count, result["database_cpu"] / count
    return {
        "web_cpu": web,
        "database_cpu": database,
        "server_cpu": web + database,
        "generator_cpu": result["cpu"] / count,
    }
