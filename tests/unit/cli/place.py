"""A place in which commands run: a folder and an environment; and what a refused command looks like."""

import json
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from click.testing import CliRunner, Result

from backend.cli.main import main
from tests.unit.cli.commands import ARGUMENTS

FOLDER = "SATCHEL_FOLDER"


@dataclass(frozen=True)
class Place:
    """A folder in which a command runs, and its environment."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def run(self, name: str, *arguments: str) -> Result:
        """Run the command *name* with its well-formed arguments, or with *arguments*."""
        body = self.folder / "body.json"
        body.write_text(json.dumps({"customer_id": "C1"}))
        export = self.folder / "export.zip"
        with zipfile.ZipFile(export, "w") as archive:
            archive.writestr("about.json", json.dumps({"rep": "R1"}))
            archive.writestr("documents.json", "[]")
        files = {"BODY": str(body), "EXPORT": str(export), "AUDIT": str(body.with_name("audit.jsonl"))}
        words = [files.get(word, word) for word in arguments or ARGUMENTS[name]]
        first = {"device": ["--folder", str(self.folder / "device")]}
        if name.startswith("sample-erp"):
            first = {"sample-erp": ["--folder", self.environ["SATCHEL_ERP_FOLDER"]]}
        group, *rest = name.split()
        line = [group, *first.get(group, []), *rest, *words]
        return CliRunner().invoke(main, line, env=self.environ)


def assert_refused(result: Result, *words: str, status: int = 2) -> None:
    """Assert that *result* is one or two sentences on standard error with *words*, and *status*."""
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code == status, result.output
    assert "Traceback" not in result.output
    errors = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    others = [
        line
        for line in result.stderr.splitlines()
        if line and not line.startswith(("Error: ", "Usage: ", "Try "))
    ]
    assert len(errors) == 1, result.stderr
    assert others == [], result.stderr
    sentences = re.split(r"[.;] (?=\S)", errors[0])
    assert 1 <= len(sentences) <= 3, errors[0]
    for word in words:
        assert word in errors[0], errors[0]
