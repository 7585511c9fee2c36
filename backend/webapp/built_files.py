"""The files of the built app, in memory: they are few, and never change while the server runs."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "built"
CODINGS = {"br": ".br", "gzip": ".gz"}
"""Content codings in which files are stored, in the order of preference, with their endings."""
PLAIN = "identity"


class NotBuilt(RuntimeError):
    """The app has not been built; the message says which command does it."""


@dataclass(frozen=True)
class BuiltFile:
    """A file with its media type and its bytes by content coding."""

    media_type: str
    bodies: dict[str, bytes]


@dataclass(frozen=True)
class Build:
    """One build of the app.

    Attributes:
        id: The hash in the addresses of its files.
        version: The version of Satchel that it belongs to.
        import_map_hash: Hash of the inline import map, for the Content-Security-Policy.
        files: By path in the folder `built`.
    """

    id: str
    version: str
    import_map_hash: str
    files: dict[str, BuiltFile]


def load(folder: Path = FOLDER) -> Build:
    """Return the build in *folder*. Raises `NotBuilt`."""
    try:
        index: dict[str, Any] = json.loads((folder / "build.json").read_text())
    except FileNotFoundError:
        raise NotBuilt(
            "the phone app and the console are not built; run `python -m backend.webapp.builder`"
        ) from None
    files = {}
    for name, entry in index["files"].items():
        bodies = {PLAIN: (folder / name).read_bytes()}
        for coding, ending in CODINGS.items():
            compressed = folder / f"{name}{ending}"
            if compressed.exists():
                bodies[coding] = compressed.read_bytes()
        files[name] = BuiltFile(entry["type"], bodies)
    return Build(index["build"], index["version"], index["import_map_sha256"], files)
