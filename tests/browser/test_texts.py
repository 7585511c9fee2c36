"""Every text exists in both languages, with the same places for values."""

import re
from typing import Any

from backend.webapp.builder.paths import APP
from tests.browser.phone import Phone

PLACE = re.compile(r"\{(\w+)\}")


TABLES = ["texts/table.js", *(path.relative_to(APP).as_posix() for path in sorted(APP.rglob("texts.js")))]


def texts(shell: Phone) -> dict[str, Any]:
    shell.open()
    script = """async names => {
        const base = document.querySelector("script[type=module]").src.replace("main.js", "");
        const read = async name => Object.entries((await import(base + name)).TEXTS);
        const all = await Promise.all(names.map(async name => [name, await read(name)]));
        const named = ([name, texts]) => texts.map(([key, both]) => [`${name} ${key}`, both]);
        return Object.fromEntries(all.flatMap(named));
    }"""
    table: dict[str, Any] = shell.page.evaluate(script, TABLES)
    return table


def test_no_text_is_missing_in_a_language(shell: Phone) -> None:
    table = texts(shell)
    assert len(TABLES) > 2
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
