"""The files in which processes count: they outlive their process, are bounded, and may fail to be made."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from backend.api.routes import ROUTES
from backend.erp.errors import ErrorClass
from backend.metrics import METRICS, files
from tests.eventually import eventually
from tests.system.scenarios.node import ROOT, bare_environ
from tests.unit.metrics.scrape import Values, read, value

COUNT = """
import sys, os
from pathlib import Path
from backend import metrics
from backend.metrics import files
files.join(Path(sys.argv[1]))
metrics.PUSHES.inc(int(sys.argv[2]))
metrics.HTTP_SECONDS.labels("/livez").observe(0.3)
print("counted", flush=True)
assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ
sys.stdin.read()
"""


def start(folder: Path, amount: int) -> "subprocess.Popen[str]":
    """Start a process that has counted *amount* and lives until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", COUNT, folder, str(amount)],
        cwd=ROOT, env=bare_environ(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "counted\n"
    return process


def run(program: str, *arguments: "Path | str") -> "subprocess.CompletedProcess[str]":
    """Run *program* to its end."""
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, cwd=ROOT, env=bare_environ(), capture_output=True, text=True, check=True)


def end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def served(directory: Path) -> Values:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(directory))
    return read(generate_latest(registry).decode())


def test_counts_of_ended_processes_are_kept_and_their_files_deleted(tmp_path: Path) -> None:
    directory = files.directory_in(tmp_path)
    first = start(tmp_path, 3)
    for amount in (10, 100):
        end(start(tmp_path, amount))
    for _ in range(2):
        files.add_up_ended(directory)
        values = served(directory)
        assert value(values, "satchel_pushes_total") == 113
        assert value(values, "satchel_http_request_duration_seconds_count", route="/livez") == 3
        assert value(values, "satchel_http_request_duration_seconds_bucket", route="/livez", le="0.5") == 3
        assert value(values, "satchel_http_request_duration_seconds_bucket", route="/livez", le="0.25") == 0
        assert len([*directory.glob("*.alive")]) == 1
        # The one that lives, and the past.
        assert len([*directory.glob("*.db")]) == 4
    end(first)


def test_the_first_process_of_a_new_start_begins_at_zero(tmp_path: Path) -> None:
    end(start(tmp_path, 3))
    process = start(tmp_path, 4)
    assert value(served(files.directory_in(tmp_path)), "satchel_pushes_total") == 4
    end(process)


def test_the_directory_of_a_removed_machine_is_deleted(tmp_path: Path) -> None:
    gone, alive = tmp_path / "metrics/gone", tmp_path / "metrics/alive"
    for directory, days in ((gone, 8), (alive, 6)):
        directory.mkdir(parents=True)
        beat = directory / files.HEARTBEAT
        beat.touch()
        old = time.time() - days * 86_400
        os.utime(beat, (old, old))
    end(start(tmp_path, 1))
    assert not gone.exists() and alive.exists()


FILL = """
import sys
from pathlib import Path
from backend.metrics import METRICS, files
directory = files.join(Path(sys.argv[1]))
for metric in METRICS:
    for n in range(metric.most if metric.label_names else 0):
        metric.labels(*(f"{n:03}" + "x" * 20 for _ in metric.label_names))
print([path.stat().st_size for path in directory.glob("*.db")])
"""


def test_all_series_fit_into_the_reserved_file_size(tmp_path: Path) -> None:
    """A file that grows is not reserved: writing to it on a full disk would kill the process."""
    result = run(FILL, tmp_path)
    assert json.loads(result.stdout) == [files.ALLOCATED] * 2


def test_every_route_and_outcome_has_a_series_of_its_own() -> None:
    limits = {metric.name: metric.most for metric in METRICS}
    assert limits["satchel_http_request_duration_seconds"] > len({route.path for route in ROUTES}) + 1
    assert limits["satchel_erp_call_duration_seconds"] >= 4 * (len(ErrorClass) + 2)


FULL = """
import resource
import sys
from pathlib import Path
from backend import metrics
from backend.metrics import exporter
if sys.argv[2] == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
exporter.start(Path(sys.argv[1]), "127.0.0.1:1", None)
metrics.PUSHES.inc(7)
print(metrics.PUSHES.samples())
"""


@pytest.mark.parametrize("trouble", ["full", "unwritable"])
def test_the_server_runs_without_metrics_files_and_logs_it(tmp_path: Path, trouble: str) -> None:
    if trouble == "unwritable":
        (tmp_path / "metrics").write_text("in the way")
    result = run(FULL, tmp_path, trouble)
    assert result.stdout == "{(): 7.0}\n"
    assert "metrics of this process are not counted" in result.stderr
    # Nothing is left of it that takes space, or that a scrape would stumble over.
    left = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert left == (["directory.lock"] if trouble == "full" else ["metrics"])


def test_files_of_a_process_killed_at_its_start_are_deleted(tmp_path: Path) -> None:
    directory = files.directory_in(tmp_path)
    process = start(tmp_path, 5)
    for name in ("1-abc.alive", "counter_1-abc.new", "histogram_1-abc.new"):
        (directory / name).touch()
    files.add_up_ended(directory)
    assert not [path.name for path in directory.iterdir() if "1-abc" in path.name]
    assert value(served(directory), "satchel_pushes_total") == 5
    end(process)


def test_a_killed_process_releases_its_slot(tmp_path: Path) -> None:
    directory = files.directory_in(tmp_path)
    process, other = start(tmp_path, 1), start(tmp_path, 1)
    end(other)
    eventually(
        lambda: not files._is_running(directory / _alive_of(directory, other.pid)),
        "it is known to have ended",
    )
    assert files._is_running(directory / _alive_of(directory, process.pid))
    end(process)


def _alive_of(directory: Path, pid: int) -> str:
    [path] = directory.glob(f"{pid}-*.alive")
    return path.name
