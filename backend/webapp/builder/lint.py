"""`python -m backend.webapp.builder.lint`: check types (tsc) and style (Biome) of the phone app.

`--fix` writes what Biome can fix instead.

Both are native programs in npm packages. They are found through npm, which knows the platform.
"""

import subprocess  # nosec B404 # argument lists of our own
import sys

from backend.webapp.builder import npm
from backend.webapp.builder.paths import MODULES, WEBAPP

PROJECTS = ("tsconfig.json", "tsconfig.sw.json")


def commands(*, fix: bool) -> list[list[str]]:
    """Return the commands of all checks; with *fix* Biome's only, which then writes."""
    node = npm.node_command()
    biome = [*node, str(MODULES / "@biomejs/biome/bin/biome")]
    if fix:
        return [[*biome, "check", "--write", "."]]
    tsc = [*node, str(MODULES / "typescript/bin/tsc")]
    return [[*biome, "ci", "--colors=off", "."], *([*tsc, "--project", project] for project in PROJECTS)]


if __name__ == "__main__":
    npm.install(tools=True)
    results = [
        subprocess.run(command, cwd=WEBAPP, check=False).returncode  # nosec B603
        for command in commands(fix="--fix" in sys.argv)
    ]
    sys.exit(max(results))
