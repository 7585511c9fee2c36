"""Writes `built/`: every file under the hash of the whole build, compressed, and the pages that name them.

A build is immutable: its files are at `/app/files/<build>/…`, where <build> is a hash of their contents, so
relative imports work everywhere, in workers too. The service worker copies unchanged files from an older build
by their own hashes, so that an update costs only what has changed.
"""

import base64
import gzip
import hashlib
import json
import mimetypes
import shutil
from pathlib import Path

import brotli

from backend.webapp.builder import vendor
from backend.webapp.builder.comments import without_comments
from backend.webapp.builder.imports import static_imports
from backend.webapp.builder.paths import APP, BUILT, VENDOR

SHELL, WORKER, MANIFEST, RESET = "index.html", "sw.js", "manifest.webmanifest", "reset.html"
PAGES = (SHELL, WORKER, MANIFEST, RESET, "reset.js")
"""Files with an address that never changes: browsers ask for them again each time."""
START = "main.js"
INDEX = "build.json"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
}


def sources() -> dict[str, Path]:
    """Return the files of the app and of its libraries, by their path in a build."""
    own = {path.relative_to(APP).as_posix(): path for path in APP.rglob("*") if path.suffix in _TYPES}
    libraries = {
        f"vendor/{path.relative_to(VENDOR).as_posix()}": path
        for path in VENDOR.rglob("*")
        # A phone would keep the console's libraries, too.
        if path.suffix in _TYPES and path.parent != VENDOR / "console"
    }
    return dict(sorted((own | libraries).items()))


def write(version: str, inputs: str, folder: Path = BUILT) -> None:
    """Write the build of *version* into *folder*, which is emptied first.

    *inputs* is the hash of what it was built from, to be compared next time.
    """
    files = {name: _content(path) for name, path in sources().items()}
    build = _hash(json.dumps({name: _hash(data) for name, data in files.items()} | {"version": version}))[:16]
    files = {
        name: data.replace(b"__BUILD__", build.encode()).replace(b"__VERSION__", version.encode())
        for name, data in files.items()
    }
    pages = {name: files.pop(name) for name in PAGES}
    base = f"/app/files/{build}/"
    import_map = _import_map(base)
    for name in (SHELL, RESET, MANIFEST):
        pages[name] = _page(pages[name].decode(), base, import_map, files).encode()
    on_demand = {name: _hash(files[name]) for name in (f"vendor/{each}" for each in vendor.ON_DEMAND)}
    offline = {
        name: _hash(data) for name, data in files.items() if not name.endswith(".txt") and name not in on_demand
    }
    listed = {f"{base}{name}": digest for name, digest in offline.items()}
    listed |= {"/app/": _hash(pages[SHELL]), f"/app/{MANIFEST}": _hash(pages[MANIFEST])}
    later = {f"{base}{name}": digest for name, digest in on_demand.items()}
    pages[WORKER] = _constants(BUILD=build, FILES=listed, ON_DEMAND=later) + pages[WORKER]
    shutil.rmtree(folder, ignore_errors=True)
    everything = {f"files/{name}": data for name, data in files.items()} | pages
    for name, data in everything.items():
        write_compressed(folder / name, data)
    index = {
        "build": build,
        "version": version,
        "inputs": inputs,
        "import_map_sha256": _base64_hash(import_map),
        "first_screen": [f"files/{name}" for name in _first_screen(files)],
        "offline": [f"files/{name}" for name in offline] + [SHELL, MANIFEST, WORKER],
        "files": {name: {"type": media_type(name)} for name in everything},
    }
    (folder / INDEX).write_text(json.dumps(index, indent=1) + "\n")


def _constants(**values: str | dict[str, str]) -> bytes:
    lines = [f"const {name} = {json.dumps(value, separators=(',', ':'))};\n" for name, value in values.items()]
    return "".join(lines).encode()


def _content(path: Path) -> bytes:
    if path.suffix == ".js" and path.is_relative_to(APP):
        return without_comments(path.read_text("utf-8")).encode()
    return path.read_bytes()


def _import_map(base: str) -> str:
    names = {library: f"{base}vendor/{vendor.file_name(library)}" for library in vendor.LIBRARIES}
    return json.dumps({"imports": names}, separators=(",", ":"))


def _page(text: str, base: str, import_map: str, files: dict[str, bytes]) -> str:
    modules = [name for name in _first_screen(files) if name.endswith(".js")]
    preloads = "\n".join(f'<link rel="modulepreload" href="{base}{name}">' for name in modules)
    filled = text.replace("__FILES__", base).replace("__IMPORT_MAP__", import_map)
    return filled.replace("__PRELOADS__", preloads)


def _first_screen(files: dict[str, bytes]) -> list[str]:
    """Return what the first screen loads: the start module, all that it imports at once, and the styles."""
    names = {library: f"vendor/{vendor.file_name(library)}" for library in vendor.LIBRARIES}
    return [*static_imports(START, files, names), *(name for name in files if name.endswith(".css"))]


def write_compressed(path: Path, data: bytes) -> None:
    """Write *data* to *path*, and compressed beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    if path.suffix != ".png":
        Path(f"{path}.br").write_bytes(brotli.compress(data, quality=11))
        Path(f"{path}.gz").write_bytes(gzip.compress(data, 9, mtime=0))


def media_type(name: str) -> str:
    """Return the media type of the file *name*."""
    return _TYPES.get(Path(name).suffix) or mimetypes.types_map[Path(name).suffix]


def _hash(data: bytes | str) -> str:
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def _base64_hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
