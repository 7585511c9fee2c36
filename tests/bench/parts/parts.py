"""First sync, delta, idle poll and push of one running system."""

import datetime as dt
import statistics
from collections.abc import Iterable, Sequence
from itertools import islice
from random import Random
from typing import Any

from ulid import ULID

from tests.bench import records
from tests.bench.clients.client import Address
from tests.bench.company import BenchRep
from tests.bench.lab import Lab
from tests.bench.records import Record
from tests.bench.systems.satchel import SatchelSystem
from tests.bench.systems.system import System

Figures = dict[str, Any]


def first_sync(lab: Lab, system: System, addresses: Sequence[Address]) -> Figures:
    """Measure a first sync for each of *addresses* (all of the first rep); the median counts."""
    results = [lab.measure(system, address, "first") for address in addresses]
    expected = records.visible_count(lab.reps[0], lab.sizes.records)
    rows = results[-1]["rows"]
    if rows != expected:
        raise RuntimeError(f"{system.name}: a first sync gave {rows} records instead of {expected}")
    seconds = statistics.median(r["seconds"] for r in results)
    return {
        "seconds": seconds,
        "rows": rows,
        "rows_per_second": rows / seconds,
        "server_cpu_per_1000": _mean_cpu(results) / rows * 1000,
        "generator_cpu_per_1000": statistics.mean(r["cpu"] for r in results) / rows * 1000,
        "bytes": results[-1]["bytes"],
        "web_peak": max(r["web_peak"] for r in results),
        "client_peak": max(r["peak"] for r in results),
        "state": results[-1]["state"],
    }


def delta(lab: Lab, system: System, state: Any, changes: Sequence[tuple[str, Record]]) -> Figures:
    """Publish *changes*, then fetch them with one client from *state*, again and again."""
    system.change(changes)
    address = system.address(lab.reps[0])
    result = lab.measure(system, address, "delta", state=state, times=lab.sizes.deltas)
    expected = sum(records.is_visible_to(lab.reps[0], *change) for change in changes)
    surplus = surplus_of(system.name, result["rows"], expected)
    each = sorted(result["each"])
    return {
        "p50": statistics.median(each),
        "p95": each[min(len(each) - 1, round(len(each) * 0.95))],
        "rows": result["rows"],
        "surplus": surplus,
        "bytes": result["bytes"],
        "server_cpu": (result["web_cpu"] + result["database_cpu"]) / (len(each) + 1),
        "generator_cpu": result["cpu"] / (len(each) + 1),
    }


def surplus_of(name: str, rows: int, expected: int) -> int:
    """Return how many of the *rows* of a delta had not changed; raises RuntimeError if the number is not
    allowed.

    Another system may send unchanged rows; that costs it time and is reported beside its figures. Too few rows
    are a failure, and for Satchel so are too many.
    """
    if rows < expected or (rows > expected and name == SatchelSystem.name):
        raise RuntimeError(f"{name}: a delta gave {rows} records instead of {expected}")
    return rows - expected


def idle(lab: Lab, system: System) -> Figures:
    """Measure idle polls on `sizes.connections` connections, each of another rep that is up to date."""
    addresses = [system.address(lab.reps[n % len(lab.reps)]) for n in range(lab.sizes.connections)]
    # Warm up, so that every process has seen every rep.
    lab.flood(system, addresses, min(2, lab.sizes.idle_seconds))
    result = lab.flood(system, addresses, lab.sizes.idle_seconds)
    polls = result["polls"]
    return {
        "polls_per_second": polls / result["seconds"],
        "server_cpu": (result["web_cpu"] + result["database_cpu"]) / polls,
        "generator_cpu": result["cpu"] / polls,
        "bytes": result["bytes"],
    }


def push(lab: Lab, system: System) -> Figures:
    """Measure pushes of orders in batches over one connection; repeated with other orders, the median counts.

    The second rep pushes, because pushed documents join the rep's replica, and the first rep's replica is
    measured.
    """
    rep, results = lab.reps[1], []
    for turn in range(lab.sizes.repeats):
        documents = system.orders(list(_orders(lab, rep, turn)), rep)
        results.append(
            lab.measure(system, system.address(rep), "push", documents=documents, batch=lab.sizes.batch)
        )
    seconds = statistics.median(r["seconds"] for r in results)
    return {
        "seconds": seconds,
        "orders_per_second": lab.sizes.orders / seconds,
        "server_cpu": _mean_cpu(results) / lab.sizes.orders,
        "generator_cpu": statistics.mean(r["cpu"] for r in results) / lab.sizes.orders,
    }


def one_percent(lab: Lab, turn: int) -> list[tuple[str, Record]]:
    """Return changes of one record in a hundred."""
    return _changed(lab.data, 100, turn)


def fixed(lab: Lab, turn: int) -> list[tuple[str, Record]]:
    """Return the same number of changes for every size of the data set, all of records of the first rep."""
    items = islice(lab.data.of("stock_levels", "orders"), 20 * lab.sizes.fixed_delta)
    visible = [item for item in items if records.is_visible_to(lab.reps[0], *item)]
    return _changed(visible[: lab.sizes.fixed_delta], 1, turn)


def _changed(items: Iterable[tuple[str, Record]], each: int, turn: int) -> list[tuple[str, Record]]:
    return [(c, records.changed(c, r, turn)) for n, (c, r) in enumerate(items) if n % each == turn % each]


def _orders(lab: Lab, rep: BenchRep, turn: int) -> Iterable[dict[str, Any]]:
    """Yield orders of three lines for customers of *rep*."""
    draw = Random(turn)
    total, today = lab.sizes.records, dt.datetime.now(dt.UTC).date().isoformat()
    customers = [
        n for n in range(records.count("customers", total)) if records.territory_of(n) in rep.territories
    ]
    for _ in range(lab.sizes.orders):
        lines = [
            {
                "line_no": line,
                "product_id": records.product_id(draw.randrange(records.count("products", total))),
                "quantity": str(draw.randrange(1, 40)),
                "unit": "u",
                "unit_price": f"{draw.randrange(1, 900)}.{draw.randrange(100):02}",
            }
            for line in (1, 2, 3)
        ]
        body = {
            "customer_id": records.customer_id(draw.choice(customers)),
            "order_date": today,
            "currency": "EUR",
            "warehouse_id": rep.warehouses[0],
            "lines": lines,
        }
        yield {"id": str(ULID()), "body": body}


def _mean_cpu(results: Sequence[dict[str, Any]]) -> float:
    return statistics.mean(r["web_cpu"] + r["database_cpu"] for r in results)
