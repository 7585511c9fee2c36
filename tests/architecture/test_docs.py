"""The documentation is current: links, files and commands that it names exist."""

import re
from pathlib import Path

import click
import pytest

from backend.cli.main import main

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("docs/**/*.md"), ROOT / "README.md"])
PACKAGE_PAGES = sorted(
    page
    for page in [*ROOT.glob("backend/**/*.md"), *ROOT.glob("sync_protocol/**/*.md")]
    if "node_modules" not in page.parts
)
TEST_FILES = [str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("tests/**/test_*.py"))]


LABEL = re.compile(r"^\s*(?:(?:[-*]|\d+\.)\s+)?(?:\*\*[^*]+\.\*\*\s+)?")
"""The mark of a list, and the bold words that stand for a heading."""
SENTENCE_END = re.compile(r"[a-z0-9X)\"*][.!?][)\"*]*\s+[*(\"\[]*[A-Z]")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_linked_files_exist(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
    local = [target for target in targets if not re.match(r"[a-z]+:", target)]
    assert [target for target in local if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_named_in_the_docs_exist(page: Path) -> None:
    named = re.findall(r"`((?:backend|sync_protocol|tests|docs|requirements)/[\w./-]+)`", page.read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES + PACKAGE_PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_test_files_named_in_the_docs_exist(page: Path) -> None:
    named = re.findall(r"`([\w/]*\btest_\w+\.py)`", page.read_text())
    assert [name for name in named if not any(f"/{path}".endswith(f"/{name}") for path in TEST_FILES)] == []


def crowded(text: str) -> list[str]:
    """Return the lines of a page that hold more than one sentence; tables and blocks of code may."""
    prose, in_code = [], False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            in_code = not in_code
        elif not in_code and not line.startswith(("|", "#", "    ", "<!--")):
            prose.append(line)
    return [line for line in prose if SENTENCE_END.search(re.sub(r"`[^`]*`", "X", LABEL.sub("", line)))]


@pytest.mark.parametrize("page", PAGES + PACKAGE_PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_line_holds_one_sentence(page: Path) -> None:
    assert crowded(page.read_text()) == []


def test_a_line_of_two_sentences_is_noticed() -> None:
    assert crowded("- It stops. `x` starts.\n\n1. One sentence.\n```\na. B. C.\n```\n") == [
        "- It stops. `x` starts."
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_named_in_the_docs_exist(page: Path) -> None:
    context = click.Context(main)
    for line in re.findall(r"\bsatchel ([a-z][a-z -]*)", "\n".join(re.findall(r"`[^`]+`", page.read_text()))):
        command: click.Command | None = main
        for word in line.split():
            if not isinstance(command, click.Group) or word.startswith("-"):
                break
            command = command.get_command(context, word)
            assert command is not None, f"satchel {line}"


def test_every_page_is_linked_from_the_index() -> None:
    reached, waiting = set(), [ROOT / "docs/index.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md" or not page.is_file():
            continue
        reached.add(page)
        waiting += [
            (page.parent / target).resolve()
            for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        ]
    assert {page for page in PAGES if page.parent != ROOT} - reached == set()
