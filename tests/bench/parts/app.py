"""The phone app in Chromium: first screen, first sync, keystrokes (during a sync, too), start offline."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.bench import records
from tests.bench.phone import opening, typing
from tests.bench.phone.chromium import window
from tests.bench.phone.site import site
from tests.bench.sizes import Sizes
from tests.services import PostgresServer

Begins = Callable[[str, dict[str, Any]], None]


def app(postgres: PostgresServer, folder: Path, sizes: Sizes, begins: Begins) -> dict[str, Any]:
    """Return the figures of each step by its name; *begins* gets its name and the results before it.

    Raises RuntimeError if the phone did not get exactly the records that the rep may read.
    """
    results: dict[str, Any] = {}
    begins("filling", results)
    with site(postgres, folder, sizes) as running, sync_playwright() as playwright:
        results["offline_bytes"] = opening.offline_bytes()
        begins("first screen over a slow line", results)
        results["first_screen"] = opening.first_screen(playwright, running, folder / "new", sizes.app_repeats)
        begins(f"first sync of {sizes.app:,} records", results)
        profile = folder / "profile"
        with window(playwright, profile) as phone:
            results["first_sync"] = opening.enrol(phone, running)
            _check(results["first_sync"]["rows"], sizes.app)
            begins("keystrokes", results)
            results["keystrokes"] = typing.keystrokes(phone, running, sizes.app_queries)
            begins("keystrokes during a sync", results)
            results["syncing"] = typing.while_syncing(phone, running, sizes.app, sizes.app_queries)
        running.system.stop()
        begins("starts without a server", results)
        results["offline_start"] = opening.offline_start(playwright, running, profile, sizes.app_repeats)
    return results


def _check(rows: int, total: int) -> None:
    expected = total + sum(1 for _ in records.master_data())
    if rows != expected:
        raise RuntimeError(f"the phone has {rows} records instead of {expected}")
