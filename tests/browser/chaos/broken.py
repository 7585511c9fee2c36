"""Apps that are broken on purpose: a run against each must fail, to show that such faults are found."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Playwright

from tests.browser.chaos.comparison import Result
from tests.browser.chaos.faults import BY_NAME
from tests.browser.chaos.installation import Installation
from tests.browser.chaos.run import RunFailed, run
from tests.browser.chaos.steps import JsEdit

_CAPTURE = "device/capture/capture.js"


@dataclass(frozen=True)
class Broken:
    """An app with *edits* does what *wrong* says; a run with *faults* must count *must_find*."""

    name: str
    wrong: str
    must_find: str
    faults: Sequence[str]
    edits: Sequence[JsEdit]


class Unnoticed(AssertionError):
    """The comparison found nothing wrong with an app that is broken."""


def play(playwright: Playwright, folder: Path, seed: int, broken: Broken) -> Result:
    """Play a run against *broken* and return its result; raises `Unnoticed` if the fault is not found."""
    with Installation(folder / "installation", broken.edits) as installation:
        try:
            faults = [BY_NAME[name] for name in broken.faults]
            result = run(playwright, installation, folder / "run", seed, faults)
        except RunFailed as failed:
            result = failed.result
    if not getattr(result, broken.must_find):
        raise Unnoticed(f"{broken.name}: nothing was {broken.must_find}\n" + "\n".join(result.messages))
    return result


BROKEN = [
    Broken(
        "saved before it is stored",
        "The draft is deleted and the screen says saved; the document is stored some moments later.",
        "lost",
        ["killed at capture.stored"],
        [
            JsEdit(
                _CAPTURE,
                "await addDocument(transaction, id, canonical(submission), {",
                "await storeSoon(stores, id, canonical(submission), {",
            ),
            JsEdit(
                _CAPTURE,
                "/** @param {string} id */\nexport function noDocument(id) {",
                "async function storeSoon(stores, ...rest) {\n"
                "  const store = (transaction) => addDocument(transaction, ...rest);\n"
                "  setTimeout(() => stores.outbox.write(store), 5000);\n"
                "}\nexport function noDocument(id) {",
            ),
        ],
    ),
    Broken(
        "a draft that stays",
        "The draft is not deleted with the capture, so the rep finds it again after a kill and saves it again.",
        "doubled",
        ["killed at capture.stored"],
        [JsEdit(_CAPTURE, "    if (draft) {", "    if (false) {")],
    ),
    Broken(
        "sent when a push begins",
        "A document is not due any more as soon as a push of it has begun.",
        "overstated",
        ["killed at push.recorded"],
        [JsEdit("device/sync/push.js", "attempts: attempts + 1 }", "attempts: attempts + 1, due: false }")],
    ),
]
