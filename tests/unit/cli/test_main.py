"""The list of commands: complete, and printed without importing a command."""

import importlib
import subprocess
import sys

import click
import pytest

from backend.cli.main import COMMANDS

HELP_AND_MODULES = """
import sys
from backend.cli.main import main
main(["--help"], standalone_mode=False)
print(*sorted(sys.modules), file=sys.stderr)
"""

DOCTOR_AND_COLLECTIONS = """
import gc
from backend.cli.main import main
seen = []
gc.callbacks.append(lambda phase, details: seen.append(phase))
main.get_command(None, "doctor")
print(len(seen), gc.isenabled())
"""


def test_help_lists_each_command_and_imports_none() -> None:
    process = subprocess.run(
        [sys.executable, "-c", HELP_AND_MODULES], capture_output=True, text=True, timeout=600, check=True
    )
    output = " ".join(process.stdout.split())
    for name, entry in COMMANDS.items():
        assert f"{name} {entry.summary}" in output
    modules = set(process.stderr.split())
    assert not modules & {entry.target.partition(":")[0] for entry in COMMANDS.values()}
    assert not modules & {"sqlalchemy", "flask", "redis", "psycopg", "alembic", "jwt", "rich", "httpx"}


def test_a_command_is_imported_without_a_search_for_garbage() -> None:
    process = subprocess.run(
        [sys.executable, "-c", DOCTOR_AND_COLLECTIONS], capture_output=True, text=True, timeout=600, check=True
    )
    assert process.stdout.split() == ["0", "True"]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_listed_command_has_this_name_and_a_help(name: str) -> None:
    module, _, function = COMMANDS[name].target.partition(":")
    command = getattr(importlib.import_module(module), function)
    assert isinstance(command, click.Command)
    assert command.name == name
    assert command.help
