"""docs/protocol.md says what every limit and every field of a submission is: a stranger builds from it."""

import re
from pathlib import Path

import pytest

from sync_protocol.limits import LIMITS
from sync_protocol.submission import SubmissionSchema

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")


def named_in_table(heading: str) -> set[str]:
    """Return the names in the first column of the table that begins with *heading*."""
    rows = PAGE[PAGE.index(heading) :].split("\n\n")[0].splitlines()[2:]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        ("| limit | is |", set(LIMITS.as_wire())),
        ("| field | holds |\n|---|---|\n| `id`", set(SubmissionSchema().fields)),
    ],
    ids=["limits", "submission"],
)
def test_a_table_names_each_one_and_no_other(heading: str, names: set[str]) -> None:
    assert named_in_table(heading) == names


def test_the_length_of_a_text_is_counted_as_the_page_says() -> None:
    """A character outside the first 65,536 counts once, although JavaScript counts it twice."""
    values = {
        "id": "01KBR9YJ3M0000000000000001",
        "captured_at": "2026-11-23T08:00:00Z",
        "schema": 1,
        "body": {},
    }
    submission = values | {"sha256": "0" * 64, "kind": "\U0001f600" * 40}
    assert SubmissionSchema().validate(submission) == {}
    assert "kind" in SubmissionSchema().validate(submission | {"kind": "\U0001f600" * 41})
