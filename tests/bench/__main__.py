"""`python -m tests.bench [PART …] [--quick] [--only NAMES]`: measure and print the tables.

Parts: first, idle, fixed, delta, push, growth, slow, day; all of them if none is named. `make bench` writes the
tables into docs/benchmarks.md as well.
"""

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from tests.bench.lab import KINDS
from tests.bench.report import page, tables
from tests.bench.sizes import Sizes
from tests.bench.stages import PARTS, Run
from tests.services import PostgresServer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", choices=(*PARTS, []), help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="little data: a look, not a measurement")
    parser.add_argument("--only", default=",".join(KINDS), help="contestants, by name, with commas")
    parser.add_argument("--records", type=int, help="records in the data set")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/benchmarks.md")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    chosen = parser.parse_args()
    sizes = Sizes.from_environment(chosen.quick)
    sizes = replace(sizes, records=chosen.records or sizes.records)
    began = time.perf_counter()
    with (
        tempfile.TemporaryDirectory(prefix="satchel-bench-") as folder,
        PostgresServer(Path(folder) / "postgres", durable=True) as postgres,
    ):
        run = Run(postgres, Path(folder), sizes, chosen.only.split(","), chosen.parts or PARTS)
        results = run.everything()
    results["about"] = page.about(sizes.records, time.perf_counter() - began)
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=1))
    figures = tables.markdown(results)
    print(figures)
    if chosen.write:
        page.write(figures)


if __name__ == "__main__":
    main()
