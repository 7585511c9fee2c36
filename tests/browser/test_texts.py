"""Every text exists in both languages, with the same places for values."""

import re
from typing import Any

from backend.webapp.builder.paths import APP
from tests.browser.phone import Phone

COUNTED = re.compile(r"\{count\} [a-z]")
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


def test_a_counted_text_has_another_one_for_a_single_thing(shell: Phone) -> None:
    table = texts(shell)
    counted = [name for name, (english, _) in table.items() if COUNTED.search(english)]
    assert len(counted) >= 4
    faults = [name for name in counted if not _has_single(name, table)]
    assert faults == []


def _has_single(name: str, table: dict[str, Any]) -> bool:
    beginning, many, _ = name.partition("many_")
    singles = [other for other, both in table.items() if not PLACE.findall(both[0])]
    return bool(many) and any(other.startswith(f"{beginning}one_") for other in singles)


def test_bytes_have_a_plural(shell: Phone) -> None:
    shell.open()
    script = """async () => {
        const base = document.querySelector("script[type=module]").src.replace("main.js", "");
        const { bytesText } = await import(base + "texts/sizes.js");
        return [0, 1, 2, 1500].map(bytesText);
    }"""
    assert shell.page.evaluate(script) == ["0 bytes", "1 byte", "2 bytes", "1.5 kB"]
