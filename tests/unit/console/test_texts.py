"""The texts of the console: both languages, the same places, and none that no page uses."""

import importlib
import pkgutil
import re
from pathlib import Path

from backend import console
from backend.office.actions import ACTIONS
from backend.office.roles import Role

PACKAGES = [each.name for each in pkgutil.iter_modules(console.__path__) if each.ispkg]
FOLDER = Path(console.__path__[0])
COMPUTED = re.compile(r"(action|error|role|problem|nav|attempt|result)\.")


def tables() -> dict[str, dict[str, tuple[str, str]]]:
    names = {"": "backend.console.texts", **{name: f"backend.console.{name}.texts" for name in PACKAGES}}
    return {name: importlib.import_module(module).TEXTS for name, module in names.items()}


def test_each_text_has_two_languages_and_the_same_places() -> None:
    for texts in tables().values():
        for name, (english, chinese) in texts.items():
            assert re.findall(r"\{(\w+)\}", english) == re.findall(r"\{(\w+)\}", chinese), name
            assert re.search(r"[\u4e00-\u9fff]|^ERP$", chinese), name


def test_each_text_is_used() -> None:
    sources = "\n".join(path.read_text() for path in [*FOLDER.rglob("*.html"), *FOLDER.rglob("*.py")])
    for texts in tables().values():
        unused = [name for name in texts if f"'{name}'" not in sources and not COMPUTED.match(name)]
        assert [name for name in unused if sources.count(f'"{name}"') < 2] == []


def test_each_action_has_a_name() -> None:
    assert {f"action.{name}" for name in ACTIONS} <= tables()[""].keys()


def test_each_role_has_a_name() -> None:
    assert {f"role.{role.value}" for role in Role} <= tables()[""].keys()
