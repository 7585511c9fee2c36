"""Patches to the product's source: texts of it, and what is to stand there instead."""

from collections.abc import Sequence
from pathlib import Path

Patch = tuple[str, str, str]
"""File, old text and new text; the old one stands in the file exactly once."""


class PatchStale(ValueError):
    """The source is not what the patch was made for any more."""


def apply(root: Path, patches: Sequence[Patch]) -> None:
    """Change the sources below *root*; raises `PatchStale`, with nothing changed."""
    changed = {root / file: patched(root, file, patches) for file, _, _ in patches}
    for path, text in changed.items():
        path.write_text(text)


def patched(root: Path, file: str, patches: Sequence[Patch]) -> str:
    """Return what *file* would be; raises `PatchStale`."""
    text = (root / file).read_text()
    for of, old, new in patches:
        if of == file:
            if text.count(old) != 1:
                raise PatchStale(f"{file} holds {text.count(old)} times: {old.strip()[:80]!r}")
            text = text.replace(old, new)
    compile(text, file, "exec")
    return text
