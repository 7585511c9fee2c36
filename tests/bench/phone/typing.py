"""Types into the search, letter by letter, and measures until the results are painted."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from tests.bench.phone.chromium import Window
from tests.bench.phone.data import QUERIES, app_records
from tests.bench.phone.opening import SLOW, THROTTLE
from tests.bench.phone.site import Site
from tests.bench.phone.slow_processor import slowed
from tests.bench.records import changed
from tests.services.link import PERFECT

Samples = list[dict[str, Any]]
PLACES = {"search": "/app/search", "customers": "/app/list/customers"}
"""Screens with a search: all collections, and one collection."""
BETWEEN_MS = 60
"""Pause after each answer: the rest of what the key caused is done."""
CHANGED_EVERY = 4
SEARCH = "input[type=search]"
CLEAR = "field => { field.value = ''; field.dispatchEvent(new Event('input', { bubbles: true })); }"
"""Without a key, so that it is no sample."""


def keystrokes(phone: Window, site: Site, queries: int) -> list[dict[str, Any]]:
    """Return a row of figures for each screen, language and way to be slow; times in seconds.

    `page`: as Chromium slows down a page, whose worker stays as fast as the machine. `all`: page and worker.
    """
    rows = []
    for place, path in PLACES.items():
        for slow in ("no", "page", "all"):
            _open(phone, site, path)
            phone.slow_page(THROTTLE if slow == "page" else 1)
            with slowed(phone.renderers if slow == "all" else [], THROTTLE):
                for language, texts in QUERIES.items():
                    samples = type_all(phone, texts[:queries])
                    rows.append({"place": place, "slow": slow, "language": language, **quantiles(samples)})
            phone.slow_page(1)
    return rows


def while_syncing(phone: Window, site: Site, total: int, queries: int) -> dict[str, Any]:
    """Type while a fourth of the *total* records arrives changed, over a slow line; `quiet`: without a sync.

    `share` is the share of keys during the sync; without one there is no `syncing`.
    """
    texts = [text for each in QUERIES.values() for text in each[:queries]]
    _open(phone, site, PLACES["search"])
    quiet = type_all(phone, texts)
    changes = (item for n, item in enumerate(app_records(total)) if n % CHANGED_EVERY == 0)
    site.system.change([(collection, changed(collection, record, 1)) for collection, record in changes])
    site.proxy.link = SLOW
    try:
        # A sync begins at once, and lasts as long as the line needs.
        phone.page.evaluate("dispatchEvent(new Event('online'))")
        phone.page.wait_for_timeout(500)
        during = type_all(phone, texts)
    finally:
        site.proxy.link = PERFECT
    busy = [sample for sample in during if sample["syncing"]]
    measured = {"quiet": quantiles(quiet), "share": len(busy) / len(during)}
    return {**measured, "syncing": quantiles(busy)} if busy else measured


def type_all(phone: Window, texts: Sequence[str]) -> Samples:
    """Type each of *texts* into the empty field; return the sample of each key."""
    page = phone.page
    page.evaluate("phone.samples = []; null")
    for text in texts:
        page.locator(SEARCH).evaluate(CLEAR)
        for letter in text:
            page.wait_for_timeout(BETWEEN_MS)
            if letter.isascii():
                page.keyboard.press("Space" if letter == " " else letter)
            else:
                page.keyboard.insert_text(letter)
            page.evaluate("phone.settled()")
    samples: Samples = page.evaluate("phone.samples")
    if len(samples) != sum(map(len, texts)):
        raise RuntimeError(f"{len(samples)} keys were answered of {sum(map(len, texts))}")
    return samples


def quantiles(samples: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return count, p50 and p95 of *samples*, and the p95 of the part that the device's answer takes."""
    total = sorted(sample["total"] / 1000 for sample in samples)
    device = sorted(sample["device"] / 1000 for sample in samples)
    high = int(len(total) * 0.95)
    return {"keys": len(total), "p50": statistics.median(total), "p95": total[high], "device": device[high]}


def _open(phone: Window, site: Site, path: str) -> None:
    phone.page.goto(f"{site.url}{path}")
    phone.page.locator(SEARCH).focus()
    phone.page.evaluate("phone.follow()")
    # What is typed first also waits for code that has never run.
    type_all(phone, ["aachen", "上海"])
