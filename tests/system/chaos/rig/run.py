"""One run: phones capture while faults come and go; then all is healed, drained and compared."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from tests.system.chaos.rig.collecting import collect, newest
from tests.system.chaos.rig.faults import Fault, drawn
from tests.system.chaos.rig.judge import judge
from tests.system.chaos.rig.site import Company, Site
from tests.system.chaos.rig.tally import Tally
from tests.system.scenarios.node import ROOT

LIVENESS_SECONDS = 300.0
"""Within so many seconds after healing everything must have arrived."""
LOOK_SECONDS = 0.2
PAUSE = 2.0
"""The most seconds between the beginnings of two faults, beside what the first one takes."""


class RunFailed(AssertionError):
    """A promise was broken; the tally says which."""

    def __init__(self, tally: Tally, seed: int) -> None:
        self.tally = tally
        super().__init__(f"seed {seed}, faults: {', '.join(tally.faults)}\n" + "\n".join(tally.words))


def run(
    company: Company,
    folder: Path,
    seed: int,
    faults: Sequence[Fault] = (),
    most: int = 8,
    *,
    root: Path = ROOT,
    patience: float = LIVENESS_SECONDS,
) -> Tally:
    """Play the run of *seed*, with *faults* instead of drawn ones; raises `RunFailed`.

    *most* documents are captured by each of the three phones. The nodes run the product that stands in *root*.
    """
    draw = Random(seed)
    plan = list(faults) or drawn(draw, draw.randint(3, 5))
    tally = Tally([fault.name for fault in plan])
    before = newest(company.tryton)
    pace = sum(PAUSE + fault.seconds for fault in plan) / most
    with Site(company, folder, seed, most, pace, root) as site:
        # The phones come to hold the company before anything breaks, or there is nothing to capture.
        assert _until(lambda: all(phone.standing.get("complete") for phone in site.phones), 300), (
            "no first sync"
        )
        _play(site, plan, draw)
        for phone in site.phones:
            phone.say("drain")
        site.heal()
        healed = time.monotonic()
        waiting = site.waiting()
        while waiting and time.monotonic() < healed + patience:
            time.sleep(LOOK_SECONDS)
            waiting = site.waiting()
        tally.seconds = time.monotonic() - healed
        judge(collect(site, before, waiting), tally)
        if not tally.captured:
            tally.words.append("nothing was captured, so nothing was shown")
        if tally.words:
            raise RunFailed(tally, seed)
    return tally


def _play(site: Site, plan: Sequence[Fault], draw: Random) -> None:
    """Begin the faults one after the other; one may begin while the one before it lasts, if of another part."""
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


def _until(look: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not look():
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_SECONDS)
    return True
