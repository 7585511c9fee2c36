"""Chromium as a process of its own with a profile that stays, and one window that is measured."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Playwright

from tests.bench import meter
from tests.browser.device.driver import start_browser
from tests.services.chromium import FLAGS

SCRIPT = Path(__file__).with_name("window.js")
SIZE = {"width": 390, "height": 844}
TIMEOUT_MS = 300_000
STOP_SECONDS = 20
REPLY_SECONDS = 60


class Window:
    """The only window of a browser.

    Attributes:
        page: The window.
        cdp: Its session of the Chrome DevTools Protocol.
    """

    def __init__(self, page: Page, process: subprocess.Popen[bytes]) -> None:
        self.page = page
        self.cdp = page.context.new_cdp_session(page)
        self._process = process

    @property
    def renderers(self) -> list[int]:
        """The ids of the processes that run pages and their workers."""
        return [pid for pid in meter.family([self._process.pid]) if _is_renderer(pid)]

    def limit_line(self, rate: int, round_trip: float) -> None:
        """Emulate a line of *rate* bit/s and *round_trip* seconds for requests of the page."""
        self.cdp.send("Network.enable")
        limits = {
            "offline": False, "latency": round_trip * 1000,
            "downloadThroughput": rate / 8, "uploadThroughput": rate / 8,
        }  # fmt: skip
        self.cdp.send("Network.emulateNetworkConditions", limits)

    def slow_page(self, rate: float) -> None:
        """Make the page's own thread *rate* times slower; Chromium cannot do that to a worker."""
        self.cdp.send("Emulation.setCPUThrottlingRate", {"rate": rate})

    def heap_of_worker(self) -> int:
        """Return the bytes that the device's worker uses, after a collection of garbage."""
        replies: list[dict[str, Any]] = []
        workers: list[str] = []

        def attached(event: dict[str, Any]) -> None:
            # The service worker is attached, too.
            if event["targetInfo"]["type"] == "worker":
                workers.append(event["sessionId"])

        self.cdp.on("Target.attachedToTarget", attached)
        received = "Target.receivedMessageFromTarget"
        self.cdp.on(received, lambda event: replies.append(json.loads(event["message"])))
        attach = {"autoAttach": True, "waitForDebuggerOnStart": False, "flatten": False}
        self.cdp.send("Target.setAutoAttach", attach)
        for number, method in enumerate(("HeapProfiler.collectGarbage", "Runtime.getHeapUsage")):
            message = json.dumps({"id": number, "method": method})
            self.cdp.send("Target.sendMessageToTarget", {"sessionId": workers[0], "message": message})
        deadline = time.monotonic() + REPLY_SECONDS
        while time.monotonic() < deadline:
            for reply in replies:
                if reply.get("id") == 1:
                    self.cdp.send("Target.setAutoAttach", {**attach, "autoAttach": False})
                    return int(reply["result"]["usedSize"])
            self.page.wait_for_timeout(20)
        raise TimeoutError("the worker does not say how large its heap is")


@contextmanager
def window(playwright: Playwright, profile: Path) -> Iterator[Window]:
    """Run a browser with *profile* for the block."""
    profile.mkdir(parents=True, exist_ok=True)
    process, address = start_browser(profile, FLAGS)
    if not address:
        raise RuntimeError("Chromium did not start")
    try:
        browser = playwright.chromium.connect_over_cdp(address)
        context = browser.contexts[0]
        context.set_default_timeout(TIMEOUT_MS)
        context.add_init_script(path=SCRIPT)
        page = context.pages[0] if context.pages else context.new_page()
        page.set_viewport_size(SIZE)
        yield Window(page, process)
        # In an orderly way, as a phone that is switched off.
        browser.new_browser_cdp_session().send("Browser.close")
        process.wait(STOP_SECONDS)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _is_renderer(pid: int) -> bool:
    try:
        return b"--type=renderer" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
