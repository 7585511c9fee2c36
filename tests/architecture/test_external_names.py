"""A name from outside becomes a path in one function, and a file of the share is opened in another one."""

import ast

from tests.architecture.test_contracts import ROOT, committed

ONE_WAY = "sync_protocol/external_name.py"
OWN_NAMES = {
    "backend/api/reference.py": "the pages of our own documentation",
    "backend/cli/node.py": "the parts of this program",
    "backend/connectors/flatfile/acknowledgements.py: self._layout.acks / name": "a listed name, only renamed",
    "backend/connectors/flatfile/exports.py: self.path / file.name": "a constant",
    "backend/connectors/flatfile/layout.py: self.archive / f'forecast-{period}'": "a month",
    "backend/connectors/flatfile/snapshot.py: export.path / file.name": "a constant",
    "backend/identity/keys.py": "a kind, a time and random digits",
    "backend/webapp/builder/console.py": "a file of the console that is built",
    "backend/webapp/builder/output.py: folder / name": "a file of the app that is built",
    "backend/webapp/builder/vendor.py: MODULES.parent / path": "a file of a locked npm package",
    "backend/webapp/builder/vendor.py: MODULES / path": "a file of a locked npm package",
    "backend/webapp/builder/vendor.py: VENDOR / 'console' / name": "a name that the module itself lists",
    "backend/webapp/builder/vendor.py: VENDOR / name": "a name that the module itself lists",
    "backend/webapp/built_files.py": "the files that the build lists",
    "backend/webapp/icons.py": "a size of the icon",
    "backend/metrics/files.py": "names of this host and process",
    "backend/receipts/files.py: folder / 'copies' / sha256[:2]": "two digits, before `file_in`",
    "backend/receipts/files.py: folder / 'receipts' / sha256[:2]": "two digits, before `file_in`",
    "backend/sample_erp/documents.py: layout.acks / f'{ACK}{stem}{MANIFEST}'": "the sample ERP's own share",
    "backend/sample_erp/export.py": "the sample ERP's own share",
    "backend/sample_erp/replies.py": "the sample ERP's own share",
    "backend/sync/segments/file_store.py: self.folder / f'.probe.{secrets.token_hex(4)}'": "random",
    "backend/sync/segments/file_store.py: self.folder / name[:2]": "two digits, before `file_in`",
}
"""Places, or whole files, that join a name of their own making, and why it is none from outside."""
READS_THE_SHARE = "backend/connectors/flatfile/"
OPENING = frozenset({"open", "read_bytes", "read_text", "write_bytes", "write_text"})


def joined_names(path: str) -> list[str]:
    """Return the places in the file *path* that join something else than a constant to a folder."""
    places_found = []
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and _is_name(node.right):
            places_found.append(f"{path}: {ast.unparse(node)}")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "joinpath":
            places_found.append(f"{path}: {ast.unparse(node)}")
    return places_found


def _is_name(node: ast.expr) -> bool:
    """Say whether *node* may be a name that is no constant. Numbers are divided by numbers and calls."""
    if isinstance(node, ast.JoinedStr):
        return True
    text = ast.unparse(node)
    return (
        isinstance(node, ast.Name | ast.Attribute | ast.Subscript)
        and any(word in text for word in ("name", "sha256", "file", "stem", "key", "id", "path", "part"))
        and not text.rpartition(".")[2].isupper()
    )


def places() -> list[str]:
    paths = {str(path.relative_to(ROOT)) for path in committed("backend/*.py", "sync_protocol/*.py")}
    return [place for path in sorted(paths - {ONE_WAY}) for place in joined_names(path)]


def test_only_one_function_joins_a_name_from_outside_to_a_folder() -> None:
    assert [place for place in places() if not {place, place.partition(": ")[0]} & set(OWN_NAMES)] == []


def test_each_exception_still_joins_a_name() -> None:
    places_found = {name for place in places() for name in (place, place.partition(": ")[0])}
    assert set(OWN_NAMES) - places_found == set()


def test_every_file_of_the_share_is_opened_without_following_links() -> None:
    places_found = []
    for path in committed(f"{READS_THE_SHARE}*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
                if name in OPENING and not ast.unparse(node).startswith("receipt.open("):
                    places_found.append(f"{path.relative_to(ROOT)}: {ast.unparse(node)}")
    assert places_found == []
