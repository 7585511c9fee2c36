"""The first sync over a slow line (250 kbit/s, 400 ms round trip, no loss), of all systems at the same time."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from tests.bench import records
from tests.bench.lab import Lab
from tests.bench.systems.system import System
from tests.services.link import EDGE
from tests.services.proxy import Proxy

SYSTEMS = ("satchel", "handwritten", "static")
SLOW = EDGE.but(loss=0.0, jitter=0.0)


def slow_first_syncs(lab: Lab, systems: Mapping[str, System]) -> dict[str, dict[str, Any]]:
    """Return seconds, bytes and rows of a first sync for each of *systems*, each on a line of its own.

    They run at the same time, because they wait for their lines and not for the CPU.
    """

    def measure(system: System) -> dict[str, Any]:
        with Proxy(system.port, SLOW) as proxy:
            address = replace(system.address(lab.reps[0]), port=proxy.port)
            result = lab.measure(system, address, "first")
            expected = records.visible_count(lab.reps[0], lab.sizes.records)
            if result["rows"] != expected:
                raise RuntimeError(f"{system.name}: {result['rows']} records instead of {expected}")
            return {"seconds": result["seconds"], "rows": result["rows"], "bytes": proxy.down}

    with ThreadPoolExecutor(len(systems)) as pool:
        return dict(zip(systems, pool.map(measure, systems.values()), strict=True))
