"""A killer: a known way to get it wrong, as a patch to the product, and the test that fails under it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


class PatchStale(ValueError):
    """The source is not what the patch was made for any more."""


@dataclass(frozen=True)
class Killer:
    """*number* is that of the history in docs/histories.md (`–`: none). *patches* are (file, old, new) texts;
    the old one stands in the file exactly once. *test* is a node of pytest; *only* narrows its parameters."""

    name: str
    number: str
    wrong: str
    test: str
    patches: Sequence[tuple[str, str, str]]
    only: str = ""

    def apply(self, root: Path) -> None:
        """Change the sources below *root*; raises `PatchStale`, with nothing changed."""
        changed = {root / file: self.patched(root, file) for file, _, _ in self.patches}
        for path, text in changed.items():
            path.write_text(text)

    def patched(self, root: Path, file: str) -> str:
        """Return what *file* would be; raises `PatchStale`."""
        text = (root / file).read_text()
        for of, old, new in self.patches:
            if of == file:
                if text.count(old) != 1:
                    raise PatchStale(f"{self.name}: {file} holds {text.count(old)} times: {old.strip()[:80]!r}")
                text = text.replace(old, new)
        compile(text, file, "exec")
        return text
