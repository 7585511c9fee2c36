"""The tables in docs/conformance.md: `python -m sync_protocol.conformance.rules_table docs/conformance.md`.

Separate from `rule`, because only the documentation needs Markdown.
"""

import re
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from sync_protocol.conformance import device, server
from sync_protocol.conformance.rule import Rule

_TABLE = r"(<!-- rules of a {subject} -->\n\n).*?(\n<!-- end -->)"


def table(rules: Iterable[tuple[str, Rule[Any]]]) -> str:
    """Return the table of *rules*, each with its number."""
    lines = ["| rule | requires | explained in |", "|---|---|---|"]
    for number, rule in rules:
        page = PurePosixPath(rule.page.partition("#")[0]).stem
        link = rule.page.removeprefix("docs/")
        lines.append(f"| {number} `{rule.name}` | {rule.summary} | [{page}]({link}) |")
    return "\n".join(lines) + "\n"


def with_tables(page: str) -> str:
    """Return the Markdown *page* with its two tables written again."""
    for subject, rules in (("device", table(device.RULES)), ("server", table(server.RULES))):
        page = _with_table(page, subject, rules)
    return page


def _with_table(page: str, subject: str, rules: str) -> str:
    pattern = re.compile(_TABLE.format(subject=subject), re.DOTALL)
    return pattern.sub(lambda match: match[1] + rules + match[2], page)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(with_tables(path.read_text(encoding="utf-8")), encoding="utf-8")
