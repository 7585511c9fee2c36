"""One run: a phone works while faults come and go; then everything is healed, synced, and compared."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

from playwright.sync_api import Playwright, expect

from tests.browser.chaos.browser_phone import BrowserPhone
from tests.browser.chaos.comparison import Evidence, Result, compare
from tests.browser.chaos.faults import Fault, Scene, drawn
from tests.browser.chaos.installation import Installation
from tests.browser.chaos.rep import ACCEPTED, Rep
from tests.eventually import eventually
from tests.services.chromium import PATIENCE_MS

FAULTS_AT_A_TIME = 3


class RunFailed(AssertionError):
    """Something is wrong; the result says what."""

    def __init__(self, result: Result, seed: int) -> None:
        self.result = result
        super().__init__(f"seed {seed}, faults: {', '.join(result.faults)}\n" + "\n".join(result.messages))


def run(
    playwright: Playwright,
    installation: Installation,
    folder: Path,
    seed: int,
    faults: Sequence[Fault] = (),
) -> Result:
    """Play the run of *seed* in *folder*, with *faults* or else drawn ones; return its result.

    Raises `RunFailed`.
    """
    # Outside of pytest nothing has set it.
    expect.set_options(timeout=PATIENCE_MS)
    draw = Random(seed)
    plan = list(faults) or drawn(draw, FAULTS_AT_A_TIME)
    result = Result([fault.name for fault in plan])
    installation.heal()
    phone = BrowserPhone(playwright, folder, installation.url)
    rep = Rep(phone, f"{folder.name}-", draw)
    scene = Scene(installation, phone, rep, draw)
    phone.start()
    try:
        rep.connect(installation.code())
        for fault in plan:
            try:
                fault.play(scene)
            except Exception as error:
                error.add_note(f"seed {seed}, in {fault.name!r} of {', '.join(result.faults)}")
                raise
            installation.heal()
        compare(_settled(scene), result)
    finally:
        phone.kill()
        installation.heal()
    if not result.saved:
        result.messages.append("nothing was saved, so the run has shown nothing")
    if result.messages:
        raise RunFailed(result, seed)
    return result


def _settled(scene: Scene) -> Evidence:
    """Heal everything, and return the evidence when all is sent and the ERP has answered."""
    installation, rep = scene.installation, scene.rep
    installation.heal()
    scene.phone.restart()
    rep.resume()
    waits = ""
    try:
        rep.sync()
        installation.old.start_worker()
        eventually(lambda: _is_handed_over(scene), "all documents are handed over", 60, between=0.3)
        installation.work()
        eventually(lambda: _is_accepted(scene), "all documents are accepted", 60, between=0.3)
        rep.sync()
    except AssertionError as error:
        waits = str(error)[:500]
    finally:
        installation.old.stop(installation.old.worker)
    shown = rep.read_outbox()
    return Evidence(
        saved=frozenset(rep.saved),
        attempted=frozenset(rep.attempted),
        phone=scene.phone.outbox(),
        server=installation.documents(rep.prefix),
        erp=installation.in_erp(),
        listed=frozenset(rep.listed),
        withdrawn=frozenset(rep.withdrawn),
        accepted=frozenset(id for id, text in shown.items() if ACCEPTED in text),
        receipts=installation.receipts(),
        waits=waits,
    )


def _states(scene: Scene) -> set[str]:
    documents = scene.installation.documents(scene.rep.prefix)
    return {each.state for each in documents if each.mark.startswith(scene.rep.prefix)}


def _is_handed_over(scene: Scene) -> bool:
    return _states(scene) <= {"handed_over", "accepted", "withdrawn", "rejected", "parked", "superseded"}


def _is_accepted(scene: Scene) -> bool:
    return "handed_over" not in _states(scene)
