"""The faults of a run: each breaks something while the rep works, and leaves the phone running again."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from playwright.sync_api import Error, expect

from tests.browser.chaos.browser_phone import BrowserPhone
from tests.browser.chaos.installation import Installation
from tests.browser.chaos.rep import SAVED, Rep
from tests.browser.chaos.steps import CLAIM, STEPS, UPDATE, Step
from tests.services.link import GPRS

YEAR = 365 * 86_400.0
USE = "Use it now"


@dataclass
class Scene:
    """What a fault acts on."""

    installation: Installation
    phone: BrowserPhone
    rep: Rep
    draw: Random


@dataclass(frozen=True)
class Fault:
    """*play* breaks something while the rep works."""

    name: str
    play: Callable[[Scene], None]


def killed_at(step: Step) -> Fault:
    """Return the fault that kills the browser at *step*."""

    def play(scene: Scene) -> None:
        rep, steps = scene.rep, scene.installation.steps
        if step.reached_by == CLAIM:
            rep.type_claim()
            steps.arm(step.name)
            if step.name.startswith("upload"):
                rep.add_photo()
                rep.save()
            else:
                rep.choose_photo()
        else:
            rep.type_order()
            steps.arm(step.name)
            rep.page.get_by_role("button", name="Save", exact=True).click()
        steps.wait()
        if step.name.startswith(("push", "pull", "apply")):
            expect(rep.page.get_by_text(SAVED)).to_be_visible()
        scene.phone.kill()
        steps.release()
        scene.phone.start()
        rep.read_outbox()

    def update(scene: Scene) -> None:
        rep, steps = scene.rep, scene.installation.steps
        scene.installation.publish()
        # No form is open then: its draft waits.
        rep.type_order()
        rep.open("settings")
        if step.name == "update.fetching":
            steps.arm(step.name)
            rep.look_for_update()
        else:
            rep.look_for_update()
            expect(rep.page.get_by_role("button", name=USE)).to_be_visible()
            if step.name == "update.activating":
                # The new worker takes over when no window is open.
                scene.phone.kill()
                steps.arm(step.name)
                scene.phone.start()
                with contextlib.suppress(Error):
                    rep.page.goto(f"{scene.phone.url}/app/", timeout=1000, wait_until="commit")
            else:
                steps.arm(step.name)
                rep.page.get_by_role("button", name=USE).click()
        steps.wait()
        scene.phone.kill()
        steps.release()
        scene.phone.start()
        rep.read_outbox()

    return Fault(f"killed at {step.name}", update if step.reached_by == UPDATE else play)


def killed_at_random(scene: Scene) -> None:
    """Kill the browser at any moment after "Save" was pressed."""
    scene.rep.type_order()
    scene.rep.page.get_by_role("button", name="Save", exact=True).click()
    scene.rep.page.wait_for_timeout(scene.draw.random() * 400)
    scene.phone.restart()
    scene.rep.read_outbox()


def quota_full(scene: Scene) -> None:
    rep = scene.rep
    rep.type_order()
    draft = rep.page.url
    # A browser that has just started does not remember how much room there was.
    scene.phone.restart()
    scene.phone.limit_storage(1)
    rep.page.goto(draft)
    # Chromium may still store a little; what the screen calls saved must be there then.
    was_saved = rep.press_save()
    scene.phone.limit_storage(None)
    if not was_saved:
        rep.save()


def databases_closed(scene: Scene) -> None:
    scene.rep.type_order()
    scene.phone.close_databases()
    scene.rep.save()
    scene.phone.close_databases()
    scene.rep.read_outbox()


def replica_deleted(scene: Scene) -> None:
    scene.rep.type_order()
    scene.phone.delete_replica()
    scene.rep.save()
    scene.rep.read_outbox()


def two_windows(scene: Scene) -> None:
    """Save in two windows at the same time, and kill the browser while one of them syncs."""
    rep = scene.rep
    rep.type_order()
    other = scene.phone.context.new_page()
    rep.type_order(other)
    rep.page.get_by_role("button", name="Save", exact=True).click()
    rep.save(other)
    scene.phone.restart()
    rep.read_outbox()


def token_expired(scene: Scene) -> None:
    scene.installation.end_tokens()
    scene.rep.type_order()
    scene.rep.save()
    scene.rep.sync()


def rotation_lost(scene: Scene) -> None:
    """The phone gets new tokens, and the reply with them is lost."""
    scene.rep.type_order()
    scene.installation.end_tokens()
    scene.installation.line.lose(b"/v1/token")
    scene.rep.save()
    scene.phone.restart()
    scene.rep.read_outbox()


def revoked(scene: Scene) -> None:
    """The phone is revoked with a document that is not sent; the office imports its file."""
    rep, line = scene.rep, scene.installation.line
    rep.sync()
    line.refuse()
    rep.type_order()
    rep.save()
    rep.read_outbox()
    scene.installation.revoke()
    line.heal()
    rep.page.get_by_role("button", name="Sync now").click()
    expect(rep.page.get_by_role("banner").get_by_text("Access ended")).to_be_visible()
    with rep.page.expect_download() as download:
        rep.page.get_by_role("button", name="Save what is not sent").click()
    scene.installation.import_unsent(download.value.path())
    rep.connect(scene.installation.code())


def next_build_beside(scene: Scene) -> None:
    """One window changes to the next build; another one has a form, and captures with the present build."""
    rep = scene.rep
    scene.installation.publish()
    other = scene.phone.context.new_page()
    rep.type_order(other)
    rep.open("settings")
    before = _build(scene)
    rep.look_for_update()
    rep.page.get_by_role("button", name=USE).click()
    expect(rep.page.locator(f"script[src*='{before}']")).to_have_count(0)
    rep.save(other)
    rep.type_order()
    rep.save()
    other.close()


def _build(scene: Scene) -> str:
    source = scene.rep.page.locator("script[type=module]").get_attribute("src") or ""
    return source.split("/")[3]


def wrong_clock(scene: Scene) -> None:
    scene.phone.set_clock(scene.draw.choice([-8.0, 8.0, 0.4]) * YEAR)
    scene.phone.restart()
    scene.rep.read_outbox()
    scene.rep.type_order()
    scene.rep.save()
    scene.rep.sync()
    scene.phone.set_clock(0)
    scene.phone.restart()
    scene.rep.read_outbox()


def reply_lost(scene: Scene) -> None:
    scene.installation.line.lose(b"/v1/sync")
    scene.rep.type_order()
    scene.rep.save()
    scene.phone.restart()
    scene.rep.read_outbox()


def withdrawal_reply_lost(scene: Scene) -> None:
    rep = scene.rep
    rep.type_order()
    rep.save()
    rep.sync()
    scene.installation.line.lose(b"/v1/sync")
    rep.withdraw()
    scene.phone.restart()
    rep.read_outbox()
    rep.sync()


def line_cut(scene: Scene) -> None:
    scene.rep.type_claim()
    scene.rep.add_photo()
    scene.installation.line.cut(up=scene.draw.randrange(500, 40_000), times=2)
    scene.rep.save()
    scene.rep.page.wait_for_timeout(500)


def line_refused(scene: Scene) -> None:
    scene.rep.type_order()
    scene.installation.line.refuse()
    scene.rep.save()
    scene.phone.restart()
    scene.rep.read_outbox()
    scene.installation.heal()


def line_hangs(scene: Scene) -> None:
    scene.rep.type_order()
    scene.installation.line.hang()
    scene.rep.save()
    scene.phone.restart()
    scene.rep.read_outbox()
    scene.installation.heal()


def line_gprs(scene: Scene) -> None:
    scene.installation.line.link = GPRS
    scene.rep.type_order()
    scene.rep.save()
    scene.phone.restart()
    scene.installation.heal()
    scene.rep.read_outbox()


FAULTS = [
    *(killed_at(step) for step in STEPS),
    Fault("killed at any moment", killed_at_random),
    Fault("quota full", quota_full),
    Fault("databases closed", databases_closed),
    Fault("replica deleted", replica_deleted),
    Fault("two windows", two_windows),
    Fault("token expired", token_expired),
    Fault("token rotated and the reply lost", rotation_lost),
    Fault("revoked", revoked),
    Fault("the next build beside the present one", next_build_beside),
    Fault("wrong clock", wrong_clock),
    Fault("the reply to a push is lost", reply_lost),
    Fault("the reply to a withdrawal is lost", withdrawal_reply_lost),
    Fault("the line is cut", line_cut),
    Fault("the line is refused", line_refused),
    Fault("the line hangs", line_hangs),
    Fault("the line is GPRS", line_gprs),
]
BY_NAME = {fault.name: fault for fault in FAULTS}


def drawn(draw: Random, count: int) -> list[Fault]:
    """Return *count* faults that *draw* chooses, each once."""
    return draw.sample(FAULTS, count)
