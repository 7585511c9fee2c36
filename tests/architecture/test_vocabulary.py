"""The old private vocabulary does not come back: see docs/decisions/0028-standard-vocabulary.md."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]

STANDARD = {
    "anew": "again",
    "deed": "action",
    "errand": "transfer",
    "fate": "state or transition",
    "hearing": "subscriptions",
    "judgement": "validation",
    "killer": "mutant",
    "lest": "so that … not",
    "mend": "repair",
    "nought": "zero",
    "sight": "ERP check",
    "speaker": "subscription query",
    "upkeep": "maintenance",
    "wish": "request",
    "whom": "who",
}
"""Each forbidden word, and what stands instead of it."""

NAMES = re.compile(r"\.(py|md|toml)$|(^|/)Makefile$")
FROZEN = (
    "CHANGELOG.md",
    "sync_protocol/catalogue/change_request.py",
    "tests/contract/corpus/1/",
    "docs/decisions/0028-standard-vocabulary.md",
    "tests/architecture/test_vocabulary.py",
)
"""Exchanges of a released revision, and the files that name the old words on purpose."""


def words(text: str) -> set[str]:
    """Return the words of *text* in lower case; identifiers are split at underscores and capitals."""
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text.replace("_", " "))
    return set(re.findall(r"[a-z]+", parts.lower()))


def forms(word: str) -> set[str]:
    """Return *word* with the endings that English gives it."""
    return {word, f"{word}s", f"{word}es", f"{word}ed", f"{word}d", f"{word}ing"}


def test_no_file_uses_a_word_of_the_old_vocabulary() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [name for name in tracked.stdout.splitlines() if NAMES.search(name) and not name.startswith(FROZEN)]
    assert len(files) > 500
    found = [
        f"{name}: {old!r}, write {new!r}"
        for name in files
        for text in [words(name + "\n" + (ROOT / name).read_text())]
        for old, new in STANDARD.items()
        if forms(old) & text
    ]
    assert found == []


def test_identifiers_are_split_into_words() -> None:
    assert words("class DeedRefused: at_first_sight()") == {"class", "deed", "refused", "at", "first", "sight"}
    assert "mended" in forms("mend") and "wishes" in forms("wish")
