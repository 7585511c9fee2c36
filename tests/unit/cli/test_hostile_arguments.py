"""Every command with hostile arguments: no traceback, and nothing that a terminal obeys."""

import pytest

from tests.unit.cli.commands import ARGUMENTS, WITH_DATABASE
from tests.unit.cli.place import Place
from tests.unit.identity.hostile_names import HOSTILE

NAMES = ("a line break", "NUL", "an escape", "half of a surrogate pair", "nothing")
VALUES = {name: HOSTILE[name] for name in NAMES}
LONG = ("serve", "sweep", "ingest", "feed", "delivery", "segments")
"""Commands that work for long with right arguments; theirs are collections and numbers, which click checks."""
NAMING = [name for name in WITH_DATABASE if ARGUMENTS[name] and name.split()[0] not in LONG]


@pytest.mark.parametrize("command", NAMING)
def test_a_hostile_argument_is_answered_with_a_sentence(set_up: Place, command: str) -> None:
    for n, word in enumerate(ARGUMENTS[command]):
        if word.startswith("--") or word in ("BODY", "EXPORT"):
            continue
        for name, text in VALUES.items():
            words = [*ARGUMENTS[command][:n], text, *ARGUMENTS[command][n + 1 :]]
            words = [str(set_up.folder / "none") if each in ("BODY", "EXPORT") else each for each in words]
            result = set_up.run(*command.split(), *words)
            shown = f"{command} with {name}: {result.output!a} {result.exception!r}"
            assert result.exception is None or isinstance(result.exception, SystemExit), shown
            assert result.exit_code in (0, 1, 2), shown
            assert not any(character in result.output for character in "\x00\x1b\ud800"), shown
