"""Every text exists in both languages, with the same places for values."""

import re
from typing import Any

from tests.browser.phone import Phone

PLACE = re.compile(r"\{(\w+)\}")


def texts(shell: Phone) -> dict[str, Any]:
    shell.open()
    script = "document.querySelector('script[type=module]').src.replace('main.js', 'texts/table.js')"
    return shell.page.evaluate(f"import({script}).then(table => table.TEXTS)")


def test_no_text_is_missing_in_a_language(shell: Phone) -> None:
    table = texts(shell)
    assert len(table) > 40
    faults = {
        name: both
        for name, both in table.items()
        if len(both) != 2
        or not all(text.strip() for text in both)
        or set(PLACE.findall(both[0])) != set(PLACE.findall(both[1]))
        or not re.search(r"[\u4e00-\u9fff]", both[1])
    }
    assert faults == {}
