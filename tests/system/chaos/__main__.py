"""`make chaos`: new seeds, as long as it may take. `python -m tests.system.chaos TRIAL SEED` plays one again.

SATCHEL_CHAOS_MINUTES (20) says how long. What failed is in .cache/chaos/failures.txt, with its steps and logs.
`--broken NAME` after a seed of the rig plays it against a product broken on purpose, which must be noticed.
"""

import argparse
import io
import logging
import os
import secrets
import signal
import sys
import time
import traceback
from contextlib import redirect_stdout

from tests.system.chaos.rig.broken import BROKEN, Broken
from tests.system.chaos.rig.run import RunFailed
from tests.system.chaos.rig.tally import FINDINGS, Tally
from tests.system.chaos.run_log import RunLog
from tests.system.chaos.trials import Trial, trials


def main(arguments: list[str]) -> int:
    chosen = _parsed(arguments)
    logging.getLogger("backend").setLevel(logging.ERROR)  # it restores backups all the time
    # Whoever ends us ends what we started: an exception passes through every `with`, a signal through none.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
    with trials() as known:
        if chosen.trial is not None:
            (trial,) = [trial for trial in known if trial.name == chosen.trial]
            broken = [one for one in BROKEN if one.name == chosen.broken]
            failed = _break(trial, chosen.seed, broken[0], None) if broken else _play(trial, chosen.seed, None)
            return int(failed)
        run_log = RunLog()
        end = time.monotonic() + 60 * float(os.environ.get("SATCHEL_CHAOS_MINUTES", "20"))
        failed = int(_shown(known, run_log))
        while time.monotonic() < end:
            for trial in known:
                if time.monotonic() >= end:
                    break
                seed = run_log.played(trial.name) + 1 if trial.in_turn else secrets.randbelow(2**32)
                failed += _play(trial, seed, run_log)
    print(f"\nAll runs so far ({run_log.folder}):\n{run_log.table()}")
    return 1 if failed else 0


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.system.chaos")
    parser.add_argument("trial", nargs="?", choices=["rig", "model", "sqlite", "postgresql"])
    parser.add_argument("seed", nargs="?", type=int, default=1)
    parser.add_argument("--broken", choices=[broken.name for broken in BROKEN])
    chosen = parser.parse_args(arguments)
    if chosen.broken and chosen.trial != "rig":
        parser.error("--broken needs the rig and a seed: rig 1 --broken NAME")
    return chosen


def _shown(known: list[Trial], run_log: RunLog) -> bool:
    """Before the rig is believed it must notice a broken product: the next one in turn each time."""
    (rig,) = [trial for trial in known if trial.against is not None]
    runs = sum(line.runs for line in run_log.broken.values())
    return _break(rig, runs + 1, BROKEN[runs % len(BROKEN)], run_log)


def _break(rig: Trial, seed: int, broken: Broken, run_log: RunLog | None) -> bool:
    """Play one seed of the rig against *broken*; return whether it was not noticed."""
    began, said, failure, tally = time.monotonic(), io.StringIO(), None, None
    assert rig.against is not None
    try:
        with redirect_stdout(said):
            tally = rig.against(seed, broken)
    except Exception:
        failure = f"{rig.name} {seed} --broken {broken.name!r}\n{traceback.format_exc()}\n{said.getvalue()}"
    word = "NOT NOTICED" if failure else "noticed: " + ", ".join(_found(tally))
    print(f"broken: {broken.name} {time.monotonic() - began:6.1f} s  {word}", flush=True)
    if failure:
        print(failure, flush=True)
    if run_log is not None:
        run_log.note_broken(broken.name, tally, failure)
    return failure is not None


def _found(tally: Tally | None) -> list[str]:
    counts = {finding: getattr(tally, finding) for finding in FINDINGS} if tally else {}
    return [f"{count} {finding}" for finding, count in counts.items() if count]


def _play(trial: Trial, seed: int, run_log: RunLog | None) -> bool:
    """Play one seed; return whether it failed."""
    began, said, failure, tally = time.monotonic(), io.StringIO(), None, None
    try:
        with redirect_stdout(said):
            tally = trial.play(seed, trial.histories)
    except Exception as error:
        tally = error.tally if isinstance(error, RunFailed) else None
        failure = f"{trial.name} {seed}\n{traceback.format_exc()}\n{said.getvalue()}"
    seconds = time.monotonic() - began
    word = "FAILED" if failure else "ok"
    print(
        f"{trial.name:<12} seed {seed:<12} {trial.histories:>4} histories {seconds:6.1f} s  {word}", flush=True
    )
    if failure:
        print(f"{failure}\nTo play it again: python -m tests.system.chaos {trial.name} {seed}", flush=True)
    if run_log is not None:
        run_log.note(trial.name, trial.histories, seconds, failure, tally)
    return failure is not None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
