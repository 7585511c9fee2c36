"""`python -m tests.killers [part of a name …]`: brings each known mistake back by patch and shows that its
test fails. `--page` prints docs/killers.md instead. Ends with 1 if a mistake survives."""

import sys

from tests.killers.page import page
from tests.killers.running import run
from tests.killers.table import KILLERS


def main(arguments: list[str]) -> int:
    if arguments == ["--page"]:
        print(page(), end="")
        return 0
    chosen = [k for k in KILLERS if not arguments or any(part in k.name for part in arguments)]
    survived = []
    for verdict in run(chosen):
        word = "killed  " if verdict.killed else "SURVIVES"
        print(f"{word}  {verdict.seconds:5.1f} s  {verdict.killer.name}\n    {verdict.killer.test}", flush=True)
        print(f"    {verdict.why}", flush=True)
        if not verdict.killed:
            survived.append(verdict.killer.name)
    print(f"\n{len(chosen) - len(survived)} of {len(chosen)} known mistakes are found by their tests")
    for name in survived:
        print(f"  survives: {name}")
    return 1 if survived or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
