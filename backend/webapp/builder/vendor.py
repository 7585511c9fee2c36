"""Copies the browser's files of each library, and their licences, from npm's folder into `vendor/`."""

import json
import shutil
from pathlib import Path

from backend.webapp.builder import npm
from backend.webapp.builder.paths import LOCK, MODULES, VENDOR

LIBRARIES = {
    "preact": "preact/dist/preact.mjs",
    "preact/hooks": "preact/hooks/dist/hooks.mjs",
    "@preact/signals-core": "@preact/signals-core/dist/signals-core.mjs",
    "@preact/signals": "@preact/signals/dist/signals.mjs",
    "htm": "htm/dist/htm.mjs",
    "idb": "idb/build/index.js",
}
"""By the name that a module imports: the file in npm's folder."""
STYLE = "@picocss/pico/css/pico.min.css"
STYLE_NAME = "pico.css"
LICENSES = "LICENSES.txt"
_STAMP = ".lock"


def file_name(library: str) -> str:
    """Return the name of *library* in `vendor/`."""
    return library.replace("@", "").replace("/", "-") + ".js"


def refresh() -> None:
    """Fill `vendor/` from package-lock.json unless it is up to date. Raises what `npm.install` raises."""
    state = npm.lock_hash() + json.dumps(LIBRARIES)
    stamp = VENDOR / _STAMP
    if stamp.exists() and stamp.read_text() == state:
        return
    npm.install(tools=False)
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir()
    for library, path in LIBRARIES.items():
        (VENDOR / file_name(library)).write_text(_module((MODULES / path).read_text("utf-8")), "utf-8")
    shutil.copyfile(MODULES / STYLE, VENDOR / STYLE_NAME)
    (VENDOR / LICENSES).write_text(_licenses(), "utf-8")
    stamp.write_text(state)


def _module(text: str) -> str:
    """Return *text*, an ES module, without the address of its source map, which is not served."""
    lines = [line for line in text.splitlines() if not line.startswith("//# sourceMappingURL=")]
    return "\n".join(lines) + "\n"


def _licenses() -> str:
    packages = json.loads(LOCK.read_text())["packages"]
    parts = ["The phone app contains these libraries.\n"]
    for path, package in sorted(packages.items()):
        if path and not package.get("dev"):
            name, folder = path.removeprefix("node_modules/"), MODULES.parent / path
            heading = f"{name} {package['version']}, licence {package.get('license', 'in its text')}"
            texts = [file.read_text("utf-8") for file in sorted(folder.iterdir()) if _is_license(file)]
            parts.append("\n".join(["=" * 80, heading, "=" * 80, "", *texts]))
    return "\n".join(parts)


def _is_license(file: Path) -> bool:
    return file.is_file() and file.stem.lower() in ("license", "licence", "copying", "notice")
