"""The search index: what it finds, in which order, and after changes."""

from random import Random
from typing import Any

from playwright.sync_api import Page

TEXTS = {
    "C1": "10045 alpha gmbh bern", "C2": "20045 beta alpha thun", "C3": "30001 betalpha basel",
    "C4": "100 müller & söhne zürich", "C5": "40001 北京电子公司 bei jing dian zi gong si bjdzgs",
}  # fmt: skip
SEARCH = """({ texts, changes, queries, limit }) => {
    const index = new m.search.CollectionIndex();
    const folded = values => values.map(m.searchText.folded);
    index.add(Object.keys(texts), folded(Object.values(texts)));
    index.rebuild();
    for (const [keys, values, rebuild] of changes) {
        index.add(keys, folded(values));
        if (rebuild) index.rebuild();
    }
    return queries.map(query => index.search(query, limit));
}"""


def search(page: Page, texts: dict[str, str], changes: list[Any], queries: list[str], limit: int = 50) -> Any:
    return page.evaluate(SEARCH, {"texts": texts, "changes": changes, "queries": queries, "limit": limit})


def test_beginnings_come_before_words_and_words_before_parts(page: Page) -> None:
    keys = search(page, TEXTS, [], ["alpha", "100", "beta", "45"])
    assert keys == [["C1", "C2", "C3"], ["C1", "C4"], ["C2", "C3"], ["C1", "C2"]]


def test_chinese_is_found_by_characters_pinyin_and_initials(page: Page) -> None:
    assert search(page, TEXTS, [], ["北京", "电子", "bei jing", "bjdz", "gong"]) == [["C5"]] * 5


def test_joined_forms_and_initials_are_derived_from_syllables(page: Page) -> None:
    """The server sends syllables, and every reading of a character that its phrase does not decide."""
    text = page.evaluate(
        "record => m.searchText.searchText(record)",
        {"id": "C1", "name": "单机 北京", "search": "dan/shan ji bei jing; su zhou"},
    )
    words = set(text.split(" "))
    assert words >= {"danjibeijing", "shanjibeijing", "suzhou", "djbj", "sjbj", "sz"}
    assert search(page, {"C1": text}, [], ["beijing", "bei jing", "djbj", "suzhou", "sz"]) == [["C1"]] * 5


def test_a_name_with_many_readings_has_few_forms(page: Page) -> None:
    forms = page.evaluate("m.searchText.pinyinForms", " ".join(["chang/zhang"] * 30))
    assert len(forms) < 50
    assert all(form.startswith(("chang", "zhang", "c", "z")) for form in forms)


def test_accents_case_and_the_order_of_words_do_not_matter(page: Page) -> None:
    assert search(page, TEXTS, [], ["MULLER", "Söhne müller", "zurich", "thun ALPHA"]) == [["C4"]] * 3 + [
        ["C2"]
    ]


def test_nothing_typed_shows_the_first_and_nothing_found_is_nothing(page: Page) -> None:
    assert search(page, TEXTS, [], ["", "  ", "qqq"], 2) == [["C1", "C2"], ["C1", "C2"], []]


def test_changed_rows_replace_their_old_text(page: Page) -> None:
    changes = [[["C1", "C2", "C6"], ["10045 omega", "", "60001 alpha new"], False]]
    assert search(page, TEXTS, changes, ["alpha", "omega", "thun"]) == [["C6", "C3"], ["C1"], []]


def test_any_changes_give_what_a_plain_search_gives(page: Page) -> None:
    """Random texts, changes and queries, compared with `in`; with and without a new string in between."""
    draw = Random(3)

    def text() -> str:
        return " ".join(
            "".join(draw.choices("ab1北", k=draw.randrange(1, 4))) for _ in range(draw.randrange(1, 4))
        )

    for _ in range(30):
        rows = {f"K{n}": text() for n in range(draw.randrange(8))}
        current, changes = dict(rows), []
        for _ in range(draw.randrange(5)):
            keys = draw.sample([f"K{n}" for n in range(10)], draw.randrange(1, 4))
            values = [draw.choice(["", text()]) for _ in keys]
            changes.append([keys, values, draw.random() < 0.3])
            current.update(zip(keys, values, strict=True))
        queries = [text() for _ in range(10)]
        for query, keys in zip(queries, search(page, rows, changes, queries, 100), strict=True):
            expected = {k for k, t in current.items() if t and all(word in t for word in query.split())}
            assert set(keys) == expected and len(keys) == len(expected), (rows, changes, query)
