"""The first sync over a slow line: 250 kbit/s, 400 ms there and back, nothing lost, for all at once."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from tests.bench import records
from tests.bench.contestants.contestant import Contestant
from tests.bench.lab import Lab
from tests.services.link import EDGE
from tests.services.proxy import Proxy

SLOW = EDGE.but(loss=0.0, jitter=0.0)


def slow_first_syncs(lab: Lab, contestants: Mapping[str, Contestant]) -> dict[str, dict[str, Any]]:
    """Return seconds, bytes and rows of a first sync for each of *contestants*, each on a line of its own.

    They are measured side by side: the lines are what they wait for.
    """

    def one(contestant: Contestant) -> dict[str, Any]:
        with Proxy(contestant.port, SLOW) as proxy:
            address = replace(contestant.address(lab.reps[0]), port=proxy.port)
            result = lab.measure(contestant, address, "first")
            expected = records.heard_count(lab.reps[0], lab.sizes.records)
            if result["rows"] != expected:
                raise RuntimeError(f"{contestant.name}: {result['rows']} records instead of {expected}")
            return {"seconds": result["seconds"], "rows": result["rows"], "bytes": proxy.down}

    with ThreadPoolExecutor(len(contestants)) as pool:
        return dict(zip(contestants, pool.map(one, contestants.values()), strict=True))
