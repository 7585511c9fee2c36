"""Making a mutant: its edits applied to the sources of the product."""

from collections.abc import Sequence

from ast_grep_py import SgRoot

from tests.mutants.edits import Edit
from tests.mutants.symbol import ROOT, SymbolMissing
from tests.mutants.tree import NotOne, normal


class StaleMutant(ValueError):
    """The source is not what the mutant was written for any more."""


def mutated(name: str, edits: Sequence[Edit]) -> dict[str, str]:
    """Return each file that the mutant *name* changes, by its path below the root, as it is with *edits*.

    Raises `StaleMutant`.
    """
    sources: dict[str, str] = {}
    for edit in edits:
        file = edit.symbol.file
        source = normal(sources.get(file) or (ROOT / file).read_text())
        try:
            changes = edit.changes(edit.symbol.within(SgRoot(source, "python").root()))
        except (NotOne, SymbolMissing) as error:
            raise StaleMutant(f"mutant {name!r}, {edit.symbol}: {error}") from None
        sources[file] = source
        # From the last to the first, so that the places of the others stay right.
        for change in sorted(changes, reverse=True):
            sources[file] = sources[file][: change.start] + change.text + sources[file][change.end :]
        _check(name, edit, source, sources[file])
    return sources


def _check(name: str, edit: Edit, old: str, new: str) -> None:
    if new == old:
        raise StaleMutant(f"mutant {name!r}, {edit.symbol}: the edit changes nothing")
    try:
        compile(new, edit.symbol.file, "exec")
    except SyntaxError as error:
        raise StaleMutant(f"mutant {name!r}, {edit.symbol}: {error}") from None
