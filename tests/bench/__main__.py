"""`python -m tests.bench [PART …] [--quick] [--only NAMES]`: measure and print the tables.

Parts: first, idle, fixed, delta, push, commands, fresh, forward, drain, growth, slow, day, app, tryton;
all of them if none is named. By name only: threads.
`make bench` writes the tables into docs/benchmarks.md as well.
"""

import argparse
import json
import signal
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.bench.report import page, tables
from tests.bench.sizes import Sizes
from tests.bench.stages import BY_NAME, NAMES, PARTS, Run
from tests.services import PostgresServer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = (*PARTS, *BY_NAME)
    parser.add_argument("parts", nargs="*", metavar="PART", choices=(*names, []), help=", ".join(names))
    parser.add_argument(
        "--quick", action="store_true", help="little data: shows that it works, measures nothing"
    )
    parser.add_argument("--only", default=",".join(NAMES), help="systems, by name, with commas")
    parser.add_argument("--records", type=int, help="records in the data set")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/benchmarks.md")
    parser.add_argument("--json", type=Path, help="write all figures to this file after each step")
    chosen = parser.parse_args()
    sizes = Sizes.from_environment(chosen.quick)
    sizes = replace(sizes, records=chosen.records or sizes.records)
    started = time.perf_counter()
    # Exit as on Ctrl-C: leaving the `with` blocks stops the servers and removes their files.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with (
        tempfile.TemporaryDirectory(prefix="satchel-bench-") as folder,
        PostgresServer(Path(folder) / "postgres", durable=True) as postgres,
    ):
        run = Run(postgres, Path(folder), sizes, chosen.only.split(","), chosen.parts or PARTS)
        if chosen.json:
            run.on_progress = lambda results: _save(chosen.json, results)
        results = run.everything()
    results["about"] = page.measured_on(sizes.records, time.perf_counter() - started)
    if chosen.json:
        _save(chosen.json, results)
    figures = tables.markdown(results)
    print(figures)
    if chosen.write:
        page.write(figures)
    if failed := results.get("failed"):
        sys.exit(f"these parts failed, see above: {', '.join(failed)}")


def _save(file: Path, results: dict[str, Any]) -> None:
    file.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
