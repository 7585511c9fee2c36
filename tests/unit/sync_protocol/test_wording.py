"""Every text has both languages, the same places in both, a use, and one translation for one term."""

import ast
import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.delivery.park_reasons import PARK_REASONS
from sync_protocol.catalogue import KINDS
from sync_protocol.contract import missing_texts, vocabulary
from sync_protocol.contract.kinds import reasons
from sync_protocol.sentence import PLACE, TYPES
from sync_protocol.wire_field import WireField
from sync_protocol.wording import LANGUAGES, TEXTS, Words, words

ROOT = Path(__file__).parents[3]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
WITHOUT_CHINESE = {"word.comma", "word.semicolon"} | {
    f"reason.{code}" for code in ("several", "sentence_then", "clause_then", "at_place", "with_why")
}
"""Punctuation and templates of places alone."""

GLOSSARY = {
    "warehouse": "仓库",
    "receipt": "票据",
    "price list": "价格表",
    "credit limit": "信用额度",
    "expense categor": "费用类别",
    "forecast": "预测",
    "contact person": "联系人",
    "currency": "币",
    "office": "内勤",
    "customer": "客户",
    "units?\\b(?! price)": "单位",
    "invoice": "发票|开票|收票",
    "list price": "标价",
    "price": "价",
    "project": "项目",
    "withdrawn": "撤回",
    "discount": "折扣",
    "justification": "超标说明",
    "product": "商品",
    "territory": "销售区域",
    "stock": "库存",
}
"""Each term, and how every text that has it in English translates it."""
FOR_LATER_DECLARATIONS = {"field.name", "field.number", "field.group"}
"""Labels that every collection of today has in words of its own."""
FORBIDDEN = (
    *("顾客", "产品", "收据", "价目表", "报价单", "终端", "货币", "后勤", "办公室", "用户"),
    *("无须", "更改", "表价", "收单", "记录于"),
)
"""Other translations of these terms, which would make two words of one."""


def texts_of_screens() -> dict[str, Words]:
    """Return the texts of the phone app's own screens, by their names."""
    source = (ROOT / "backend" / "webapp" / "app" / "texts" / "table.js").read_text(encoding="utf-8")
    pair = re.compile(
        r'^  ("?)([\w.]+)\1: \[\s*("(?:[^"\\]|\\.)*"),\s*("(?:[^"\\]|\\.)*"),?\s*\]', re.MULTILINE
    )
    texts = {name: Words(json.loads(en), json.loads(zh)) for _, name, en, zh in pair.findall(source)}
    assert len(texts) == len(re.findall(r"^  [\w.\"]+: \[", source, re.MULTILINE)) > 100
    return texts


EVERY_TEXT = TEXTS | {f"table.js: {name}": text for name, text in texts_of_screens().items()}
"""A rep reads both on one screen, so they have the same terms."""


def test_the_wording_names_its_languages_as_its_texts_have_them() -> None:
    assert tuple(language["id"] for language in LANGUAGES) == Words._fields


@pytest.mark.parametrize("language", Words._fields)
def test_no_text_is_empty(language: str) -> None:
    assert [key for key, text in TEXTS.items() if not getattr(text, language).strip()] == []


def test_every_chinese_text_is_chinese() -> None:
    assert {key for key, text in TEXTS.items() if not CHINESE.search(text.zh)} == WITHOUT_CHINESE


def test_both_languages_have_the_same_places() -> None:
    differing = [
        key for key, text in TEXTS.items() if sorted(PLACE.findall(text.en)) != sorted(PLACE.findall(text.zh))
    ]
    assert differing == []


def test_a_place_has_a_type_that_phones_know() -> None:
    types = {kind for text in TEXTS.values() for _, kind in PLACE.findall(text.en) if kind}
    assert types <= TYPES


def test_no_brace_is_outside_of_a_place() -> None:
    assert [
        key for key, text in TEXTS.items() if any(re.search(r"[{}]", PLACE.sub("", words)) for words in text)
    ] == []


@pytest.mark.parametrize("term", GLOSSARY)
def test_one_term_has_one_translation(term: str) -> None:
    word = re.compile(rf"\b{term}", re.IGNORECASE)
    assert any(word.search(PLACE.sub("", text.en)) for text in TEXTS.values()), "no text has the term"
    using = {key: text for key, text in EVERY_TEXT.items() if word.search(PLACE.sub("", text.en))}
    assert [key for key, text in using.items() if not re.search(GLOSSARY[term], text.zh)] == []


@pytest.mark.parametrize("word", FORBIDDEN)
def test_no_text_has_another_translation(word: str) -> None:
    assert [key for key, text in EVERY_TEXT.items() if word in text.zh] == []


def test_chinese_sentences_have_chinese_punctuation() -> None:
    wrong = re.compile(r"[\u4e00-\u9fff][,;:?!]|[\u4e00-\u9fff]\.")
    assert [key for key, text in EVERY_TEXT.items() if wrong.search(text.zh)] == []


def test_every_park_reason_has_a_label_and_a_sentence() -> None:
    declared = {key.split(".")[1] for key in TEXTS if key.startswith("park.")}
    assert declared == set(PARK_REASONS)
    assert [name for name in PARK_REASONS if words(f"park.{name}.sentence") is None] == []
    assert {reason.owner for reason in PARK_REASONS.values() if reason.owner} <= {
        key.removeprefix("owner.") for key in TEXTS if key.startswith("owner.")
    }


def test_a_text_that_two_files_declare_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import sync_protocol.wording as wording
    from sync_protocol.wording import kinds

    monkeypatch.setitem(kinds.TEXTS, "state.queued", ("Queued", "待发送"))
    with pytest.raises(ValueError, match=r"declared twice: state\.queued"):
        wording._collected()


def test_every_text_about_a_field_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("sync_protocol.contract.labels")
    used: set[str] = set()

    def recorded(*keys: str) -> Words | None:
        key = next((key for key in keys if key in TEXTS), None)
        used.update({key} if key else set())
        return words(*keys)

    monkeypatch.setattr(module, "words", recorded)
    missing_texts()
    prefixes = (
        "collection.",
        "kind.",
        "field.",
        "choice.",
        "state.",
        "decision.",
        "result.",
        "park.",
        "error.",
    )
    declared = {key for key in TEXTS if key.startswith(prefixes)}
    assert declared - used == FOR_LATER_DECLARATIONS


def test_every_sentence_is_used() -> None:
    """A template that nothing names is a text that nobody reads, or a misspelled code."""
    declared = {key.removeprefix("reason.") for key in TEXTS if key.startswith(vocabulary.REASON)}
    sources = [*ROOT.glob("sync_protocol/**/*.py"), *ROOT.glob("backend/**/*.py")]
    text = "\n".join(path.read_text() for path in sources if "wording" not in path.parts)
    named = set(re.findall(r'"([a-z_0-9]+)"', text)) | {
        code for kind in KINDS.values() for code in reasons(kind)
    }
    named |= {f"receipt_{name}" for name in re.findall(r'"([a-z_]+)"', text)}
    assert declared - named == set()


def named_sentences() -> Iterator[tuple[str, set[str] | None]]:
    """Yield the code and the parameters of each call of `sentence`; None if it does not name them."""
    for path in [*ROOT.glob("sync_protocol/**/*.py"), *ROOT.glob("backend/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "sentence" and node.args:
                names = {keyword.arg for keyword in node.keywords if keyword.arg}
                spread = any(keyword.arg is None for keyword in node.keywords)
                branches = [node.args[0]]
                if isinstance(node.args[0], ast.IfExp):
                    branches = [node.args[0].body, node.args[0].orelse]
                for code in branches:
                    if isinstance(code, ast.Constant):
                        yield code.value, None if spread else names


def test_every_sentence_has_the_parameters_of_its_template() -> None:
    calls = list(named_sentences())
    assert len(calls) > 100
    assert [code for code, _ in calls if f"reason.{code}" not in TEXTS] == []
    wrong = [
        (code, names)
        for code, names in calls
        if names is not None and names != {name for name, _ in PLACE.findall(TEXTS[f"reason.{code}"].en)}
    ]
    assert wrong == []


def test_every_type_of_field_has_a_sentence_for_a_wrong_value() -> None:
    codes = {value.code for value in all_subclasses(WireField) if hasattr(value, "code")}
    assert [code for code in sorted(codes) if f"reason.{code}" not in TEXTS] == []


def all_subclasses(base: type) -> set[type]:
    direct = set(base.__subclasses__())
    return direct | {inner for each in direct for inner in all_subclasses(each)}
