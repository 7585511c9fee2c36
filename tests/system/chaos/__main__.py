"""`make chaos`: play new seeds until the time is up.

`python -m tests.system.chaos TRIAL SEED` plays one seed again. SATCHEL_CHAOS_MINUTES (20) is the time.
`--only NAME …` plays only these trials.
Failures are in .cache/chaos/failures.txt, with their steps and logs.
`--web-server granian` plays the rig under that server.
`--broken NAME` after a seed of the rig plays it against a product that is broken on purpose, which the rig must
notice.
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
from tests.system.chaos.rig.run_result import FINDINGS, RunResult
from tests.system.chaos.run_log import RunLog
from tests.system.chaos.trials import NAMES, Trial, trials

WEB_SERVERS = ("gunicorn", "granian")
"""The values of SATCHEL_WEB_SERVER."""


def main(arguments: list[str]) -> int:
    chosen = _parsed(arguments)
    logging.getLogger("backend").setLevel(logging.ERROR)  # it restores backups all the time
    # Turn SIGTERM into an exception: it leaves every `with`, which stops the servers; a signal leaves none.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
    with trials([chosen.trial] if chosen.trial else chosen.only) as all_trials:
        if chosen.trial is not None:
            (trial,) = all_trials
            broken = [product for product in BROKEN if product.name == chosen.broken]
            failed = _break(trial, chosen.seed, broken[0], None) if broken else _play(trial, chosen.seed, None)
            return int(failed)
        run_log = RunLog()
        end = time.monotonic() + 60 * float(os.environ.get("SATCHEL_CHAOS_MINUTES", "20"))
        failed = int("rig" in chosen.only and _self_test(all_trials, run_log))
        while time.monotonic() < end:
            for trial in all_trials:
                if time.monotonic() >= end:
                    break
                seed = run_log.played(trial.name) + 1 if trial.in_turn else secrets.randbelow(2**32)
                failed += _play(trial, seed, run_log)
    print(f"\nAll runs so far ({run_log.folder}):\n{run_log.table()}")
    return 1 if failed else 0


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.system.chaos")
    parser.add_argument("trial", nargs="?", choices=NAMES)
    parser.add_argument("seed", nargs="?", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME")
    parser.add_argument("--web-server", choices=WEB_SERVERS)
    parser.add_argument("--broken", choices=[broken.name for broken in BROKEN])
    chosen = parser.parse_args(arguments)
    if chosen.web_server:
        # A node takes over this variable and no other of ours.
        os.environ["SATCHEL_WEB_SERVER"] = chosen.web_server
    if chosen.broken and chosen.trial != "rig":
        parser.error("--broken needs the rig and a seed: rig 1 --broken NAME")
    return chosen


def _self_test(all_trials: list[Trial], run_log: RunLog) -> bool:
    """Play the next broken product, to show that the rig notices faults; return whether it did not."""
    (rig,) = [trial for trial in all_trials if trial.against is not None]
    runs = sum(line.runs for line in run_log.broken.values())
    return _break(rig, runs + 1, BROKEN[runs % len(BROKEN)], run_log)


def _break(rig: Trial, seed: int, broken: Broken, run_log: RunLog | None) -> bool:
    """Play one seed of the rig against *broken*; return whether it was not noticed."""
    started, output, failure, result = time.monotonic(), io.StringIO(), None, None
    assert rig.against is not None
    try:
        with redirect_stdout(output):
            result = rig.against(seed, broken)
    except Exception:
        failure = f"{rig.name} {seed} --broken {broken.name!r}\n{traceback.format_exc()}\n{output.getvalue()}"
    outcome = "NOT NOTICED" if failure else "noticed: " + ", ".join(_findings(result))
    print(f"broken: {broken.name} {time.monotonic() - started:6.1f} s  {outcome}", flush=True)
    if failure:
        print(failure, flush=True)
    if run_log is not None:
        run_log.record_broken(broken.name, result, failure)
    return failure is not None


def _findings(result: RunResult | None) -> list[str]:
    counts = {finding: getattr(result, finding) for finding in FINDINGS} if result else {}
    return [f"{count} {finding}" for finding, count in counts.items() if count]


def _play(trial: Trial, seed: int, run_log: RunLog | None) -> bool:
    """Play one seed; return whether it failed."""
    started, output, failure, result = time.monotonic(), io.StringIO(), None, None
    try:
        with redirect_stdout(output):
            result = trial.play(seed, trial.histories)
    except Exception as error:
        result = error.result if isinstance(error, RunFailed) else None
        failure = f"{trial.name} {seed}\n{traceback.format_exc()}\n{output.getvalue()}"
    seconds = time.monotonic() - started
    outcome = "FAILED" if failure else "ok"
    histories, result = (result, None) if isinstance(result, int) else (trial.histories, result)
    print(
        f"{trial.name:<12} seed {seed:<12} {histories:>4} histories {seconds:6.1f} s  {outcome}",
        flush=True,
    )
    if failure:
        print(f"{failure}\nTo play it again: python -m tests.system.chaos {trial.name} {seed}", flush=True)
    if run_log is not None:
        run_log.record(trial.name, histories, seconds, failure, result)
    return failure is not None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
