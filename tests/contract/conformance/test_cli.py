"""The command: what it prints, and its exit status."""

import json
import sys

from click.testing import CliRunner

from backend.cli.main import main

DRIVER = [sys.executable, "-m", "sync_protocol.device.driver"]
DEAF = [sys.executable, "-c", "import sys\nfor line in sys.stdin: print('{}', flush=True)"]


def test_a_device_that_keeps_a_rule() -> None:
    done = CliRunner().invoke(main, ["conformance", "device", "--only", "drop", "--", *DRIVER])
    assert done.exit_code == 0
    assert "pass" in done.output and "1 of 1 rules kept" in done.output


def test_a_device_that_does_not_answer_by_the_book() -> None:
    done = CliRunner().invoke(main, ["conformance", "device", "--only", "D1", "--json", "--", *DEAF])
    assert done.exit_code == 1
    report = json.loads(done.output)
    assert report["passed"] is False
    assert "no `ok`" in report["rules"][0]["detail"]


def test_a_rule_that_is_none() -> None:
    done = CliRunner().invoke(main, ["conformance", "device", "--only", "D99", "--", *DRIVER])
    assert done.exit_code == 2
    assert "there is no rule D99" in done.output
