"""Writes `backend/console/built/`: the scripts and styles of the office console, under the hash of the build.

Apart from `output`, which writes the phone app: the console has no service worker, no modules and few files.
"""

import hashlib
import json
import shutil
from pathlib import Path

from backend.webapp.builder.output import INDEX, media_type, write_compressed
from backend.webapp.builder.paths import CONSOLE, CONSOLE_BUILT, VENDOR
from backend.webapp.builder.vendor import CONSOLE_LIBRARIES, LICENSES, STYLE_NAME

CONSOLE_VENDOR = VENDOR / "console"


def sources() -> dict[str, Path]:
    """Return the files of the console and of its libraries, by their name in a build."""
    own = {path.name: path for path in (CONSOLE / "assets").iterdir() if path.suffix in (".css", ".js")}
    libraries = {name: CONSOLE_VENDOR / name for name in CONSOLE_LIBRARIES}
    shared = {STYLE_NAME: VENDOR / STYLE_NAME, LICENSES: VENDOR / LICENSES}
    return dict(sorted((own | libraries | shared).items()))


def write(version: str, inputs: str, folder: Path = CONSOLE_BUILT) -> None:
    """Write the build of *version* into *folder*, which is emptied first; *inputs* as in `output.write`."""
    files = {name: path.read_bytes() for name, path in sources().items()}
    content = json.dumps(
        {name: hashlib.sha256(data).hexdigest() for name, data in files.items()} | {"": version}
    )
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in files.items():
        write_compressed(folder / name, data)
    index = {
        "build": hashlib.sha256(content.encode()).hexdigest()[:16],
        "version": version,
        "inputs": inputs,
        "import_map_sha256": "",
        "files": {name: {"type": media_type(name)} for name in files},
    }
    (folder / INDEX).write_text(json.dumps(index, indent=1) + "\n")
