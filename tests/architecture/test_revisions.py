"""Every released revision has a corpus, so that no release breaks the phones of earlier ones."""

import re
from pathlib import Path

from sync_protocol import SCHEMA_REVISION
from tests.contract.corpus import corpus

CHANGELOG = (Path(__file__).parents[2] / "CHANGELOG.md").read_text(encoding="utf-8")


def missing_corpora(changelog: str, newest: int, frozen: list[int]) -> list[str]:
    """Return what is missing: every revision below the newest is frozen, and the newest once it is released.

    A released heading reads `## 0.2.0 (2026-12-01), revision 2`.
    """
    faults = [f"no corpus of revision {n}" for n in range(1, newest) if n not in frozen]
    for heading in re.findall(r"^## (.+)$", changelog, re.M):
        if heading == "Unreleased":
            continue
        named = re.search(r", revision (\d+)$", heading)
        if not named:
            faults.append(f"the heading {heading!r} must end with its revision, as in `, revision {newest}`")
        elif int(named[1]) not in frozen:
            faults.append(
                f"revision {named[1]} is released without a corpus; python -m tests.contract.corpus.record"
            )
    return faults


def test_every_released_revision_is_frozen() -> None:
    assert missing_corpora(CHANGELOG, SCHEMA_REVISION, corpus.revisions()) == []


def test_a_release_without_a_frozen_corpus_is_found() -> None:
    assert missing_corpora("## Unreleased\n", 2, [1]) == []
    assert missing_corpora("## Unreleased\n", 2, []) == ["no corpus of revision 1"]
    assert len(missing_corpora("## 0.2.0 (2026-12-01), revision 2\n", 2, [1])) == 1
    assert len(missing_corpora("## 0.2.0 (2026-12-01)\n", 2, [1, 2])) == 1
    assert (
        missing_corpora("## 0.2.0 (2026-12-01), revision 2\n## 0.1.0 (2026-11-25), revision 1\n", 2, [1, 2])
        == []
    )


def test_every_corpus_is_complete() -> None:
    for revision in corpus.revisions():
        assert len(corpus.names(revision)) > 30
        for name in corpus.NO_EXCHANGE:
            assert corpus.read(revision, name)
