"""The browser device keeps every rule of the conformance kit, in Chromium, killed and restarted where a rule
says so.
"""

import sys
from pathlib import Path

import pytest

from sync_protocol.conformance.device import RULES, run
from tests.browser.device.driver import PROFILE_VARIABLE

DRIVER = [sys.executable, "-m", "tests.browser.device.driver"]
SECONDS = 300.0
"""For one command of the driver: the first one starts a browser, on a machine that may be busy."""


def test_the_browser_device_keeps_every_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROFILE_VARIABLE, str(tmp_path / "profile"))
    results = list(run(DRIVER, seconds=SECONDS, browser=True))
    assert [
        f"{result.number} {result.rule}: {result.detail}" for result in results if result.outcome != "pass"
    ] == []
    assert len(results) == len(RULES)
