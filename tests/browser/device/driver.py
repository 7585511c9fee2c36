"""Run the browser device for the conformance kit.

`satchel conformance device --browser -- python -m tests.browser.device.driver`

One JSON object per line, in and out (docs/conformance.md). The browser is a child of this process and of its
process group, so that the kit's SIGKILL ends both, as an empty battery would. Its profile stays, and the next
driver of the same kit opens it again.
"""

import json
import os
import subprocess  # nosec B404 # an argument list of our own
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, TextIO

from playwright.sync_api import sync_playwright

from tests.browser.device.contract import contract
from tests.browser.device.page import open_page, serve_modules
from tests.services.binaries import chromium_program
from tests.services.chromium import OTHER_ORIGINS

PROFILE_VARIABLE = "SATCHEL_BROWSER_PROFILE"
"""The folder of the browser's profile. Without it: one folder for each parent process."""
SECONDS = 180.0
"""How long the browser may take to start."""


def start_browser(profile: Path, flags: tuple[str, ...] = OTHER_ORIGINS) -> tuple[subprocess.Popen[bytes], str]:
    """Start the browser with *profile* and *flags*; return it and the address for its commands.

    The address is "" if the profile is in use.
    """
    port = profile / "DevToolsActivePort"
    port.unlink(missing_ok=True)
    command = [
        str(chromium_program()),
        *flags,
        f"--user-data-dir={profile}",
        "--remote-debugging-port=0",
    ]
    process = subprocess.Popen(  # nosec B603 # an argument list of our own
        [*command, "about:blank"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return process, ""
        lines = port.read_text().splitlines() if port.exists() else []
        if len(lines) == 2:
            return process, f"http://127.0.0.1:{lines[0]}"
        time.sleep(0.02)
    process.kill()
    return process, ""


def drive(commands: TextIO, answers: TextIO, profile: Path) -> None:
    """Answer each line of *commands* with a line in *answers*, until the commands end."""
    profile.mkdir(parents=True, exist_ok=True)
    browser, address = start_browser(profile)
    with sync_playwright() as playwright:
        page = None
        if address:
            context = playwright.chromium.connect_over_cdp(address).contexts[0]
            serve_modules(context)
            page = open_page(context, "driver.js")
        for line in commands:
            command: dict[str, Any] = json.loads(line)
            if page is None:
                answer = {"ok": False, "error": "another process uses this profile"}
            else:
                if command["do"] == "open":
                    command |= {"folder": Path(command["folder"]).name, "contract": contract()}
                answer = page.evaluate("command => answer(command)", command)
            answers.write(json.dumps(answer) + "\n")
            answers.flush()
    browser.kill()
    browser.wait()


if __name__ == "__main__":
    default = Path(tempfile.gettempdir()) / f"satchel-browser-driver-{os.getppid()}"
    drive(sys.stdin, sys.stdout, Path(os.environ.get(PROFILE_VARIABLE, default)))
