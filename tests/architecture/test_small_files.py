"""A file shorter than 40 lines with a single user is part of that user, or says why it is not."""

import ast
import re
from collections import defaultdict

from tests.architecture.test_contracts import ROOT, committed

SHORT = 40
FOUND_BY_NAME = re.compile(
    r"^backend/(api/endpoints|cli(/device)?|migrations|connectors/tryton/module/trytond_satchel|console/[a-z_]+)/"
    r"|^sync_protocol/catalogue/|/__(init|main)__\.py$"
)
"""One endpoint, command, page, table or declaration for each file, so that its name leads there."""
REASON = re.compile(r"\b(separate|apart) from\b|\bfile of its own\b", re.IGNORECASE)


def users() -> dict[str, set[str]]:
    """Return by file, as paths, the files that import it."""
    paths = [str(path.relative_to(ROOT)) for path in committed("backend/*.py", "sync_protocol/*.py")]
    modules = {path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in paths}
    importers: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        for node in ast.walk(ast.parse((ROOT / path).read_text())):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [each.name for each in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{each.name}" for each in node.names)]
            for name in names:
                if name in modules and modules[name] != path:
                    importers[modules[name]].add(path)
    return {path: importers[path] for path in paths}


def test_a_short_file_with_a_single_user_says_why_it_is_separate() -> None:
    silent = []
    for path, importers in users().items():
        text = (ROOT / path).read_text()
        if text.count("\n") < SHORT and len(importers) == 1 and not FOUND_BY_NAME.search(path):
            docstring = " ".join((ast.get_docstring(ast.parse(text)) or "").split())
            if not REASON.search(docstring):
                silent.append(f"{path}, used by {importers.pop()}")
    assert silent == []


def test_users_are_found_in_both_forms_of_import() -> None:
    importers = users()
    assert "backend/delivery/forwarder.py" in importers["backend/delivery/breaker.py"]
    assert "backend/delivery/forwarder.py" in importers["backend/retry.py"]
