"""`make chaos`: new seeds, as long as it may take. `python -m tests.chaos TRIAL SEED` plays one again.

SATCHEL_CHAOS_MINUTES (20) says how long. What failed is in .cache/chaos/failures.txt, with its steps and logs.
"""

import io
import logging
import os
import secrets
import signal
import sys
import time
import traceback
from contextlib import redirect_stdout

from tests.chaos.ledger import Ledger
from tests.chaos.rig.run import RunFailed
from tests.chaos.trials import Trial, trials


def main(arguments: list[str]) -> int:
    logging.getLogger("backend").setLevel(logging.ERROR)  # it restores backups all the time
    # Whoever ends us ends what we started: an exception passes through every `with`, a signal through none.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
    with trials() as known:
        if arguments:
            name, seed = arguments
            (trial,) = [trial for trial in known if trial.name == name]
            return 1 if _play(trial, int(seed), None) else 0
        ledger, failed = Ledger(), 0
        end = time.monotonic() + 60 * float(os.environ.get("SATCHEL_CHAOS_MINUTES", "20"))
        while time.monotonic() < end:
            for trial in known:
                seed = ledger.played(trial.name) + 1 if trial.in_turn else secrets.randbelow(2**32)
                failed += _play(trial, seed, ledger)
    print(f"\nAll runs so far ({ledger.folder}):\n{ledger.table()}")
    return 1 if failed else 0


def _play(trial: Trial, seed: int, ledger: Ledger | None) -> bool:
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
        print(f"{failure}\nTo play it again: python -m tests.chaos {trial.name} {seed}", flush=True)
    if ledger is not None:
        ledger.note(trial.name, trial.histories, seconds, failure, tally)
    return failure is not None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
