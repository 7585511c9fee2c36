"""One run: phones capture while faults come and go; then everything is healed, drained and compared."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from tests.system.chaos.rig.comparison import compare
from tests.system.chaos.rig.evidence import collect, newest
from tests.system.chaos.rig.faults import Fault, draw_faults
from tests.system.chaos.rig.run_result import RunResult
from tests.system.chaos.rig.site import Company, Site
from tests.system.scenarios.node import ROOT

LIVENESS_SECONDS = 600.0
"""Within this time after healing every document must have arrived."""
POLL_SECONDS = 0.2
PAUSE = 2.0
"""Longest pause in seconds before a fault begins."""


class RunFailed(AssertionError):
    """A promise was broken; the result says which."""

    def __init__(self, result: RunResult, seed: int) -> None:
        self.result = result
        super().__init__(f"seed {seed}, faults: {', '.join(result.faults)}\n" + "\n".join(result.messages))


def run(
    company: Company,
    folder: Path,
    seed: int,
    faults: Sequence[Fault] = (),
    max_documents: int = 8,
    *,
    root: Path = ROOT,
    timeout: float = LIVENESS_SECONDS,
) -> RunResult:
    """Play the run of *seed* and return its result; raises `RunFailed`.

    Args:
        faults: the faults to play instead of drawn ones.
        max_documents: how many documents each of the three phones captures.
        root: the folder of the product's source, which the nodes run.
        timeout: seconds after healing within which the phones must converge.
    """
    draw = Random(seed)
    plan = list(faults) or draw_faults(draw, draw.randint(3, 5))
    result = RunResult([fault.name for fault in plan])
    before = newest(company.tryton)
    interval = sum(PAUSE + fault.seconds for fault in plan) / max_documents
    with Site(company, folder, seed, max_documents, interval, root) as site:
        # The phones sync the company before anything breaks, otherwise there is nothing to capture.
        assert _until(lambda: all(phone.status.get("complete") for phone in site.phones), 900), "no first sync"
        _play(site, plan, draw)
        for phone in site.phones:
            phone.command("drain")
        site.heal()
        healed = time.monotonic()
        waiting = site.waiting()
        while waiting and time.monotonic() < healed + timeout:
            time.sleep(POLL_SECONDS)
            waiting = site.waiting()
        result.seconds = time.monotonic() - healed
        compare(collect(site, before, waiting), result)
        if not result.captured:
            result.messages.append("nothing was captured, so the run has shown nothing")
        if result.messages:
            raise RunFailed(result, seed)
    return result


def _play(site: Site, plan: Sequence[Fault], draw: Random) -> None:
    """Begin the faults one after the other; faults of different parts may overlap."""
    lasting: list[Fault] = []
    for fault in plan:
        if lasting and (lasting[-1].part == fault.part or draw.random() < 0.5):
            _end(site, lasting)
        time.sleep(draw.uniform(0.5, PAUSE))
        fault.begin(site, draw)
        lasting.append(fault)
        time.sleep(fault.seconds * draw.uniform(0.5, 1.0))
    _end(site, lasting)


def _end(site: Site, lasting: list[Fault]) -> None:
    while lasting:
        lasting.pop(0).end(site)


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
