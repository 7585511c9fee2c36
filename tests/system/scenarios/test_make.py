"""The targets of `make` that run until they are stopped: they take PORT, and end when make ends."""

import subprocess
from pathlib import Path

import pytest

from tests.system.scenarios.node import ROOT, bare_environ

PROGRAM = '#!/bin/sh\necho "port=$SATCHEL_PORT parent=$PPID arguments=$*"\n'
STAMPS = (
    "requirements/tools.lock",
    "requirements/node.lock",
    "requirements/run.lock",
    "requirements/test.lock",
    "pyproject.toml",
    ".uv/bin/uv",
    ".venv/run.stamp",
    ".venv/test.stamp",
)
"""Files that make compares, from the oldest to the newest: nothing is installed."""


@pytest.mark.parametrize("target", ["run", "demo-tryton"])
@pytest.mark.parametrize("way", ["argument", "PORT", "SATCHEL_PORT", "default"])
def test_a_target_takes_the_port_and_ends_with_make(tmp_path: Path, target: str, way: str) -> None:
    for name in STAMPS:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for name in ("python", "satchel"):
        (tmp_path / name).write_text(PROGRAM)
        (tmp_path / name).chmod(0o755)
    command = ["make", "-f", str(ROOT / "Makefile"), target, f"BIN={tmp_path}"]
    environ = bare_environ()
    if way == "argument":
        command.append("PORT=8123")
    elif way != "default":
        environ[way] = "8123"
    with subprocess.Popen(command, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, text=True) as make:
        output, _ = make.communicate(timeout=600)
    assert f"port={'8000' if way == 'default' else '8123'} parent={make.pid} " in output
    assert output.rstrip().endswith(f"--end-with {make.pid}")
