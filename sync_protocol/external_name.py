"""External names: the one way from a name that somebody else chose to a file in a folder of ours.

A name from a share, a manifest, an ERP, an upload or a server's answer is a name and never a path. `file_in`
takes only names that are the same file on every system: whatever means a folder, a drive, a device or another
name anywhere is refused everywhere, and so is what only looks like a separator.
"""

import re
from pathlib import Path

LONGEST = 255
"""Bytes of a name that file systems allow."""

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._%~+=@-]*", re.ASCII)
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com\d|lpt\d)(\..*)?", re.ASCII | re.IGNORECASE)


class NameRefused(ValueError):
    """The name cannot be the name of a file in a folder of ours; the message says why."""


def plain_name(name: object) -> str:
    """Return *name*, which must be the plain name of a file; raises `NameRefused`.

    Allowed are the letters, digits and signs `._%~+=@-` of ASCII, at most 255 of them. The first is a letter, a
    digit or `_`, the last is no full stop, and Windows must not know the name as a device.
    """
    if not isinstance(name, str):
        raise NameRefused(f"{_shown(name)} is not text")
    if len(name) > LONGEST:
        raise NameRefused(f"{_shown(name)} is longer than {LONGEST} characters")
    if not _PLAIN.fullmatch(name) or name.endswith("."):
        raise NameRefused(
            f"{_shown(name)} must be the plain name of a file: ASCII letters, digits and ._%~+=@-"
        )
    if _DEVICE.fullmatch(name):
        raise NameRefused(f"{_shown(name)} is the name of a device")
    return name


def file_in(folder: Path, name: object) -> Path:
    """Return the path of the file *name* directly inside *folder*; raises `NameRefused`.

    Whether the file is a link is a question for its opening: `backend/files.py` follows none.
    """
    return folder / plain_name(name)


def _shown(name: object) -> str:
    text = ascii(name)
    return text if len(text) <= 80 else f"{text[:80]}..."
