"""The command: what it prints, and its exit status."""

import json
import sys

from click.testing import CliRunner

from backend.cli.main import main

DRIVER = [sys.executable, "-m", "sync_protocol.device.driver"]
DEAF = [sys.executable, "-c", "import sys\nfor line in sys.stdin: print('{}', flush=True)"]


def test_the_command_reports_a_device_that_keeps_a_rule() -> None:
    result = CliRunner().invoke(main, ["conformance", "device", "--only", "drop", "--", *DRIVER])
    assert result.exit_code == 0
    assert "pass" in result.output and "1 of 1 rules kept" in result.output


def test_the_command_reports_a_device_that_answers_wrongly() -> None:
    result = CliRunner().invoke(main, ["conformance", "device", "--only", "D1", "--json", "--", *DEAF])
    assert result.exit_code == 1
    report = json.loads(result.output)
    assert report["passed"] is False
    assert "no `ok`" in report["rules"][0]["detail"]


def test_the_command_refuses_an_unknown_rule() -> None:
    result = CliRunner().invoke(main, ["conformance", "device", "--only", "D999", "--", *DRIVER])
    assert result.exit_code == 2
    assert "there is no rule D999" in result.output
