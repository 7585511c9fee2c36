"""`python -m tests.browser.chaos SEED`: play the faults of one seed, or with `--broken NAME` a broken app.

Without a seed every broken app is played; each must be noticed.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from tests.browser.chaos.broken import BROKEN, play
from tests.browser.chaos.installation import Installation, build_app
from tests.browser.chaos.run import run


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.browser.chaos")
    parser.add_argument("seed", nargs="?", type=int)
    parser.add_argument("--broken", choices=[broken.name for broken in BROKEN])
    chosen = parser.parse_args()
    build_app()
    with TemporaryDirectory(prefix="satchel-phone-") as name, sync_playwright() as playwright:
        folder = Path(name)
        if chosen.seed is not None and not chosen.broken:
            with Installation(folder / "installation") as installation:
                print(run(playwright, installation, folder / f"seed{chosen.seed}", chosen.seed))
            return
        for n, broken in enumerate(BROKEN):
            if chosen.broken in (None, broken.name):
                result = play(playwright, folder / str(n), chosen.seed or 1, broken)
                print(f"{broken.name}: noticed: {'; '.join(result.messages)}", flush=True)


if __name__ == "__main__":
    main()
