"""`make lint` notices what rows 37 and 43 of docs/security.md leave to it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BAD = {
    "SQL put together": (
        "def f(db, name):\n    db.execute(f\"SELECT * FROM t WHERE n = '{name}'\")\n",
        "B608",
        "S608",
    ),
    "a shell": ("import subprocess\nsubprocess.run('ls ' + input(), shell=True)\n", "B602", "S602"),
    "pickle": ("import pickle\npickle.loads(b'')\n", "B301", "S301"),
}


@pytest.mark.parametrize("name", BAD)
def test_lint_notices_sql_that_is_put_together(tmp_path: Path, name: str) -> None:
    source, of_bandit, of_ruff = BAD[name]
    (tmp_path / "bad.py").write_text(source)
    bandit = subprocess.run(
        [sys.executable, "-m", "bandit", "-q", "-r", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert bandit.returncode == 1 and of_bandit in bandit.stdout
    config = ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    ruff = subprocess.run(
        [str(Path(sys.executable).parent / "ruff"), "check", *config, str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert of_ruff in ruff.stdout


def test_no_accepted_line_accepts_everything() -> None:
    """`# nosec` without the id of a rule would hide the next fault of that line too."""
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in ("backend", "sync_protocol")
        for path in (ROOT / folder).glob("**/*.py")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if "# nosec" in line and "# nosec B" not in line
    ]
    assert bare == []
