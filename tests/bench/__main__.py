"""`python -m tests.bench [PART …] [--quick] [--only NAMES] [--records N]`: measure, print.

Parts: first, delta, idle, push. `make bench` runs everything there is and writes docs/benchmarks.md.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.bench.lab import KINDS, Lab
from tests.bench.parts import parts
from tests.bench.sizes import Sizes
from tests.services import PostgresServer

PARTS = ("first", "delta", "idle", "push")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="little data, a look and no measurement")
    parser.add_argument("--only", default="satchel,handwritten", help=f"some of {','.join(KINDS)}")
    parser.add_argument("--records", type=int)
    chosen = parser.parse_args()
    sizes = Sizes.from_environment(chosen.quick)
    if chosen.records:
        sizes = replace(sizes, records=chosen.records)
    with (
        tempfile.TemporaryDirectory(prefix="satchel-bench-") as folder,
        PostgresServer(Path(folder) / "postgres", durable=True) as postgres,
    ):
        lab = Lab(postgres, Path(folder), sizes)
        for name in chosen.only.split(","):
            print(json.dumps({name: compare(lab, name, chosen.parts or PARTS)}, indent=1))


def compare(lab: Lab, name: str, wanted: Any) -> dict[str, Any]:
    """Return the figures of one contestant."""
    found: dict[str, Any] = {}
    began = time.perf_counter()
    contestant = lab.filled(name)
    found["fill_seconds"] = time.perf_counter() - began
    rep = lab.reps[0]
    with lab.running(contestant):
        repeats = lab.sizes.repeats if "first" in wanted else 1
        found["first"] = parts.first_sync(lab, contestant, [contestant.address(rep)] * repeats)
        state = found["first"].pop("state")
        if name == "static":
            return found
        if "idle" in wanted:
            found["idle"] = parts.idle(lab, contestant)
        if "delta" in wanted:
            found["delta"] = parts.delta(lab, contestant, state, parts.one_percent(lab, 1))
        if "push" in wanted:
            found["push"] = parts.push(lab, contestant)
    return found


if __name__ == "__main__":
    sys.exit(main())
