"""Opens the app: for the first time over a slow line, and again without a server."""

import json
import statistics
from pathlib import Path
from typing import Any

from playwright.sync_api import Playwright, expect

from backend.webapp.builder.paths import BUILT
from tests.bench.phone.chromium import TIMEOUT_MS, Window, window
from tests.bench.phone.site import Site
from tests.bench.phone.slow_processor import slowed
from tests.services.link import EDGE, PERFECT

Figures = dict[str, Any]
SLOW = EDGE.but(loss=0.0, jitter=0.0)
THROTTLE = 6
QUERY = "d100"
"""The beginning of the first customers' numbers."""
CODE_FIELD = "input[name=code]"
IS_INSTALLED = "navigator.serviceWorker.ready.then(() => true)"


def offline_bytes() -> int:
    """Return the size of everything that a phone keeps to open without a network, as it is sent."""
    files = [BUILT / name for name in json.loads((BUILT / "build.json").read_text())["offline"]]
    packed = [file.with_name(f"{file.name}.br") for file in files]
    return sum((br if br.exists() else file).stat().st_size for file, br in zip(files, packed, strict=True))


def first_screen(playwright: Playwright, site: Site, profiles: Path, repeats: int) -> Figures:
    """Open the app with an empty profile until the enrolment form has taken a letter.

    `emulated`: Chromium delays the page's requests. `line`: the proxy delays all bytes, those of the service
    worker too. Of each the median `seconds`, and `bytes` that had arrived by then.
    """
    assert SLOW.rate
    emulated, by_line = [], []
    for n in range(repeats):
        with window(playwright, profiles / f"emulated-{n}") as phone:
            phone.limit_line(int(SLOW.rate), SLOW.rtt)
            arrived = _note_responses(phone)
            seconds = _open(phone, site)
            emulated.append((seconds, sum(size for at, size in arrived if at <= seconds)))
        with window(playwright, profiles / f"line-{n}") as phone:
            site.proxy.link, before = SLOW, site.proxy.down
            seconds = _open(phone, site)
            by_line.append((seconds, site.proxy.down - before))
            site.proxy.link = PERFECT
    return {name: _medians(each) for name, each in (("emulated", emulated), ("line", by_line))}


def _open(phone: Window, site: Site) -> float:
    """Open the app and type a letter; return the seconds from the navigation until the letter was painted."""
    phone.page.goto(f"{site.url}/app/", wait_until="commit")
    phone.page.locator(CODE_FIELD).press_sequentially("A")
    phone.page.wait_for_function("() => phone.firstInput")
    return float(phone.page.evaluate("phone.firstInput")) / 1000


def _note_responses(phone: Window) -> list[tuple[float, int]]:
    """Return the list that will have each response of the page: when it arrived, and its bytes with headers.

    The time is in seconds since the first request, which is that of the navigation.
    """
    responses: list[tuple[float, int]] = []
    began: list[float] = []
    phone.cdp.on("Network.requestWillBeSent", lambda event: began.append(event["timestamp"]))
    phone.cdp.on(
        "Network.loadingFinished",
        lambda event: responses.append((event["timestamp"] - began[0], int(event["encodedDataLength"]))),
    )
    return responses


def _medians(measured: list[tuple[float, int]]) -> Figures:
    seconds, sizes = zip(*measured, strict=True)
    return {"seconds": statistics.median(seconds), "bytes": int(statistics.median(sizes))}


def offline_start(playwright: Playwright, site: Site, profile: Path, repeats: int) -> Figures:
    """Start browser and app with the server down, until a search has painted its results.

    `seconds` are the median from the navigation; `throttled` with page and worker `THROTTLE` times slower.
    """
    seconds: dict[float, list[float]] = {1: [], THROTTLE: []}
    usable = []
    for rate, durations in seconds.items():
        for _ in range(repeats):
            with window(playwright, profile) as phone, slowed(phone.renderers, rate):
                phone.page.goto(f"{site.url}/app/search", wait_until="commit")
                measured = phone.page.evaluate("query => phone.firstSearch(query)", QUERY)
                durations.append(measured["found"] / 1000)
                if rate == 1:
                    usable.append(measured["usable"] / 1000)
    return {
        "seconds": statistics.median(seconds[1]),
        "usable": statistics.median(usable),
        "throttled": statistics.median(seconds[THROTTLE]),
    }


def enrol(phone: Window, site: Site) -> Figures:
    """Connect a new phone and wait for its first sync; return its figures.

    `seconds` from the tap on Connect, `rows`, `bytes` on the wire, `heap` of the worker, `peak` memory of the
    processes that run the app, and `longest_without_input` in seconds.
    """
    phone.page.goto(f"{site.url}/app/")
    phone.page.evaluate(IS_INSTALLED)
    phone.page.locator(CODE_FIELD).fill(site.code())
    before = site.proxy.down
    # It waits for the replica before there is one.
    phone.page.evaluate("() => { window.done = phone.complete(); }")
    phone.page.get_by_role("button", name="Connect").click()
    done = phone.page.evaluate("window.done")
    received = site.proxy.down - before
    expect(phone.page.get_by_role("link", name="Customers").first).to_be_visible(timeout=TIMEOUT_MS)
    return {
        "seconds": done["milliseconds"] / 1000,
        "rows": done["rows"],
        "bytes": received,
        "peak": max(map(_peak, phone.renderers)),
        "heap": phone.heap_of_worker(),
        "longest_without_input": done["longestWithoutInput"] / 1000,
    }


def _peak(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
