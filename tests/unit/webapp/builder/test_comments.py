"""Comments are taken out by lines, and nothing else is changed."""

import re

import pytest

from backend.webapp.builder.comments import without_comments
from backend.webapp.builder.paths import APP


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("// words\nrun();\n", "\nrun();\n"),
        ("/** words */\nrun();\n", "\nrun();\n"),
        ("/**\n * words\n */\nrun();\n", "\n\n\nrun();\n"),
        ("  // words\n  run(); // beside code\n", "\n  run(); // beside code\n"),
        ("/** @type {X} */ (value).run();\n", "/** @type {X} */ (value).run();\n"),
        ("/* a */ run(); /* b */\n", "/* a */ run(); /* b */\n"),
        ('const url = "https://example.com";\n', 'const url = "https://example.com";\n'),
    ],
)
def test_a_line_that_is_only_a_comment_becomes_empty(source: str, expected: str) -> None:
    assert without_comments(source) == expected


def test_no_template_literal_of_the_app_has_a_line_like_a_comment() -> None:
    """Such a line would be taken out, although it is text."""
    faults = [
        f"{path.relative_to(APP)}: {literal[:60]}"
        for path in APP.rglob("*.js")
        for literal in re.findall(r"`[^`]*`", _code(path.read_text("utf-8")))
        if re.search(r"^\s*(//|/\*)", literal, re.M)
    ]
    assert faults == []


def _code(source: str) -> str:
    """Return *source* without comments that mention a backtick, which would look like a literal."""
    return re.sub(r"^\s*(//|/?\*).*`.*$", "", source, flags=re.M)
