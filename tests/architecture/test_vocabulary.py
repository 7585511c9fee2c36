"""Standard terms, each with one meaning: see docs/decisions/0028-standard-vocabulary.md."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

STANDARD = {
    "anew": "again",
    "deed": "action",
    "errand": "transfer",
    "fate": "state or transition",
    "hearing": "subscriptions",
    "judge": "check or decide",
    "judgement": "validation",
    "killer": "mutant",
    "lest": "so that … not",
    "mend": "repair",
    "nought": "zero",
    "sight": "ERP check",
    "speaker": "subscription query",
    "unclear": "unknown",
    "upkeep": "maintenance",
    "verdict": "result, status or decision",
    "wish": "request",
    "whom": "who",
}
"""Each word that is forbidden everywhere, and what stands instead of it."""

PRODUCT = ("backend/", "sync_protocol/", "docs/", "README.md")
PRODUCT_ONLY = {"books": "database", "heard": "subscribed", "hear": "subscribe to"}
"""Forbidden in product code and documentation. Tests may give a made-up database such a name."""

NOT_IN = {
    "channel": (
        "backend/connectors/", "backend/delivery/alerts/", "backend/doorbell.py", "backend/sample_erp/",
    ),
    "lease": ("backend/feed/", "backend/identity/", "backend/sync/", "sync_protocol/"),
    "replica": (
        "backend/connectors/", "backend/database/", "backend/delivery/", "backend/identity/", "backend/office/",
        "backend/settings/", "backend/sync/standby.py",
    ),
    "standby": ("backend/connectors/", "backend/ingest/", "backend/office/", "sync_protocol/"),
}  # fmt: skip
"""Folders in which a word would have a second meaning.

A channel belongs to the feed, a lease is a worker's right to a submission, a replica is a phone's copy, and a
standby is a server of PostgreSQL.
"""

ONLY_BESIDE = {"claim": "expense"}
"""A file of the product that uses the word also says whose it is: a claim is an expense claim."""

NAMED_BY_BROWSERS = ("backend/webapp/app/sw.js",)
"""Files that call `clients.claim()`, which is the browser's name for serving the open windows at once."""

PHRASES = {
    "read replica": "standby", "replica url": "standby URL", "lost claim": "lost lease",
    " by itself": "automatically, alone or separately", " by themselves": "automatically",
    " goes on": "continues", " go on ": "continue", " went on ": "continued",
}  # fmt: skip

LOCALS = {
    "asked", "books", "found", "got", "heard", "held", "here", "mine", "one", "said", "seen", "theirs", "these",
    "told", "turn", "verdict", "wanted", "whole",
}  # fmt: skip
"""Names of local variables, parameters and functions that do not say what they hold."""

TEXT = re.compile(r"\.(csv|html|js|json|md|po|py|sql|toml|xml|ya?ml)$|(^|/)Makefile$")
FROZEN = (
    "CHANGELOG.md",
    "backend/migrations/versions/",
    "sync_protocol/catalogue/change_request.py",
    "tests/contract/corpus/",
    "tests/unit/device/store/version_",
    "tests/unit/migrations/",
    "docs/decisions/0028-standard-vocabulary.md",
    "tests/architecture/test_vocabulary.py",
)
"""Exchanges and tables of earlier revisions, and the files that name the old words on purpose."""


def words(text: str) -> set[str]:
    """Return the words of *text* in lower case; identifiers are split at underscores and capitals."""
    return set(re.findall(r"[a-z]+", split(text)))


def split(text: str) -> str:
    """Return *text* in lower case, with a space for each underscore and before each inner capital."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text.replace("_", " ")).lower()


def forms(word: str) -> set[str]:
    """Return *word* with the endings that English gives it."""
    return {word, f"{word}s", f"{word}es", f"{word}ed", f"{word}d", f"{word}ing"}


@cache
def texts() -> dict[str, str]:
    """Return the text of every tracked source and documentation file, after its name."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    names = [name for name in tracked.stdout.splitlines() if TEXT.search(name) and not name.startswith(FROZEN)]
    assert len(names) > 500
    return {name: f"{name}\n{(ROOT / name).read_text()}" for name in names if (ROOT / name).exists()}


def product() -> dict[str, str]:
    return {name: text for name, text in texts().items() if name.startswith(PRODUCT)}


def occurrences(files: dict[str, str], forbidden: dict[str, str]) -> list[str]:
    return [
        f"{name}: {old!r}, write {new!r}"
        for name, text in files.items()
        for used in [words(text)]
        for old, new in forbidden.items()
        if forms(old) & used
    ]


def test_no_file_uses_a_word_of_the_old_vocabulary() -> None:
    assert {Path(name).suffix for name in texts()} >= {".py", ".md", ".json", ".sql", ".js", ".html", ".toml"}
    assert occurrences(texts(), STANDARD) == []
    assert occurrences(product(), PRODUCT_ONLY) == []


def test_a_word_has_one_meaning() -> None:
    second_meanings = [
        f"{name}: {word!r} means something else"
        for word, folders in NOT_IN.items()
        for name, text in product().items()
        if name.startswith(folders) and forms(word) & words(text)
    ]
    assert second_meanings == []
    alone = [
        f"{name}: {word!r} without {other!r}"
        for word, other in ONLY_BESIDE.items()
        for name, text in product().items()
        if not name.startswith(NAMED_BY_BROWSERS)
        if forms(word) & words(text) and other not in words(text)
    ]
    assert alone == []
    phrases = [
        f"{name}: {old!r}, write {new!r}"
        for name, text in texts().items()
        for old, new in PHRASES.items()
        if old in split(text)
    ]
    assert phrases == []


def vague_names(source: str) -> Iterator[str]:
    """Yield the vague names that the functions of *source* give to a variable, a parameter or themselves."""
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if not isinstance(function, ast.Lambda) and function.name in LOCALS:
            yield function.name
        for node in ast.walk(function):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in LOCALS:
                yield node.id
            if isinstance(node, ast.arg) and node.arg in LOCALS:
                yield node.arg


def test_a_variable_is_named_by_what_it_holds() -> None:
    sources = [name for name in texts() if name.endswith(".py")]
    assert len(sources) > 700
    assert [f"{name}: {each}" for name in sources for each in set(vague_names((ROOT / name).read_text()))] == []


def test_identifiers_are_split_into_words() -> None:
    assert words("class DeedRefused: at_first_sight()") == {"class", "deed", "refused", "at", "first", "sight"}
    assert "mended" in forms("mend") and "wishes" in forms("wish")
    assert "read replica" in split("class ReadReplica") and "replica url" in split("SATCHEL_REPLICA_URL")


def test_vague_names_are_noticed() -> None:
    source = (
        "def f(rows, told):\n    found = [one for one in rows]\n    row = found\nclass C:\n    seen: int = 0\n"
    )
    assert sorted(vague_names(source)) == ["found", "one", "told"]
