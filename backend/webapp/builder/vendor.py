"""Copies the browser's files of each library, and their licences, from npm's folder into `vendor/`."""

import json
import shutil
from pathlib import Path

from backend.webapp.builder import npm
from backend.webapp.builder.paths import LOCK, MODULES, ROOT, VENDOR

LIBRARIES = {
    "preact": "preact/dist/preact.mjs",
    "preact/hooks": "preact/hooks/dist/hooks.mjs",
    "@preact/signals-core": "@preact/signals-core/dist/signals-core.mjs",
    "@preact/signals": "@preact/signals/dist/signals.mjs",
    "htm": "htm/dist/htm.mjs",
    "idb": "idb/build/index.js",
}
"""By the name that a module imports: the file in npm's folder."""
ON_DEMAND = {
    "zxing/reader/index.js": "zxing-wasm/dist/es/reader/index.js",
    "zxing/share.js": "zxing-wasm/dist/es/share.js",
    "zxing/zxing_reader.wasm": "zxing-wasm/dist/reader/zxing_reader.wasm",
}
"""By the path in `vendor/`: the file in npm's folder. Large, so a phone loads them when it needs them."""
CONSOLE_LIBRARIES = {"htmx.js": "htmx.org/dist/htmx.min.js"}
"""Libraries of the office console, which the phone app does not load: name in `vendor/console/` to file."""
STYLE = "@picocss/pico/css/pico.min.css"
STYLE_NAME = "pico.css"
INSIDE = {"zxing-wasm": ("ZXing-C++", "Apache-2.0", ROOT / "LICENSE")}
"""By package: what is compiled into it under another licence, and a file with that licence's text."""
LICENSES = "LICENSES.txt"
_STAMP = ".lock"


def file_name(library: str) -> str:
    """Return the name of *library* in `vendor/`."""
    return library.replace("@", "").replace("/", "-") + ".js"


def refresh() -> None:
    """Fill `vendor/` from package-lock.json unless it is up to date. Raises what `npm.install` raises."""
    state = npm.lock_hash() + json.dumps([LIBRARIES, ON_DEMAND, CONSOLE_LIBRARIES])
    stamp = VENDOR / _STAMP
    if stamp.exists() and stamp.read_text() == state:
        return
    npm.install(tools=False)
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir()
    for library, path in LIBRARIES.items():
        (VENDOR / file_name(library)).write_text(_module((MODULES / path).read_text("utf-8")), "utf-8")
    for name, path in ON_DEMAND.items():
        (VENDOR / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(MODULES / path, VENDOR / name)
    (VENDOR / "console").mkdir()
    for name, path in CONSOLE_LIBRARIES.items():
        (VENDOR / "console" / name).write_text(_module((MODULES / path).read_text("utf-8")), "utf-8")
    shutil.copyfile(MODULES / STYLE, VENDOR / STYLE_NAME)
    (VENDOR / LICENSES).write_text(_licenses(), "utf-8")
    stamp.write_text(state)


def _module(text: str) -> str:
    """Return *text*, an ES module, without the address of its source map, which is not served."""
    lines = [line for line in text.splitlines() if not line.startswith("//# sourceMappingURL=")]
    return "\n".join(lines) + "\n"


def _licenses() -> str:
    packages = json.loads(LOCK.read_text())["packages"]
    parts = ["The phone app and the office console contain these libraries.\n"]
    for path, package in sorted(packages.items()):
        if path and not package.get("dev"):
            name, folder = path.removeprefix("node_modules/"), MODULES.parent / path
            heading = f"{name} {package['version']}, licence {package.get('license', 'in its text')}"
            texts = [file.read_text("utf-8") for file in sorted(folder.iterdir()) if _is_license(file)]
            parts.append(_part(heading, texts))
            if name in INSIDE:
                library, license_name, text = INSIDE[name]
                heading = f"{library} inside {name}, licence {license_name}"
                parts.append(_part(heading, [text.read_text("utf-8")]))
    return "\n".join(parts)


def _part(heading: str, texts: list[str]) -> str:
    return "\n".join(["=" * 80, heading, "=" * 80, "", *texts])


def _is_license(file: Path) -> bool:
    return file.is_file() and file.stem.lower() in ("license", "licence", "copying", "notice")
