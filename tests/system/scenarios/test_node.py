"""A node ends when the process that started it is killed."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.eventually import SECONDS, eventually
from tests.services import RedisServer
from tests.services.process import free_port
from tests.services.process_tree import alive, descendants_of
from tests.system.scenarios.node import ROOT, Node, bare_environ

SCRIPT = """
import sys, time
from pathlib import Path
from tests.system.scenarios.node import Node

folder = Path(sys.argv[1])
node = Node(folder, {"SATCHEL_REDIS_URL": sys.argv[2], "SATCHEL_ERP_FOLDER": str(folder / "erp")})
node.start_web()
node.start_worker()
time.sleep(600)
"""


def test_a_node_ends_with_its_parent_process(tmp_path: Path, redis_server: RedisServer) -> None:
    Node(tmp_path, {}).command("init")
    with (tmp_path / "script.log").open("wb") as log:
        script = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, tmp_path, redis_server.url],
            cwd=ROOT, env=bare_environ(), stdout=log, stderr=log,
        )  # fmt: skip
    try:
        # The web server and its process, the worker and the doorbell's, and a guard for each of the two.
        family = eventually(lambda: _family(script), "everything has started")
    finally:
        script.kill()
        script.wait()
    eventually(lambda: not any(alive(pid) for pid in family), "all of them are gone")


def _family(script: "subprocess.Popen[bytes]") -> list[int] | None:
    assert script.poll() is None, "the script ended"
    descendants = descendants_of(script.pid)
    return descendants if len(descendants) >= 6 else None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["SIGKILL", "SIGTERM"])
def test_nothing_of_make_run_outlives_make(tmp_path: Path, number: int) -> None:
    """Make's recipe is run as make runs it, with the file's own command line."""
    [recipe] = [
        line.removeprefix("\t")
        for line in (ROOT / "Makefile").read_text().splitlines()
        if "satchel serve --sample --end-with" in line
    ]
    makefile = tmp_path / "Makefile"
    port = free_port()
    binaries = Path(sys.executable).parent
    makefile.write_text(f"PORT := {port}\nBIN := {binaries}\nrun:\n\t{recipe}\n")
    environ = {**bare_environ(), "SATCHEL_FOLDER": str(tmp_path / "instance"), "SATCHEL_PORT": str(port)}
    with (tmp_path / "make.log").open("wb") as log:
        make = subprocess.Popen(
            ["make", "-f", makefile, "run"], cwd=tmp_path, env=environ, stdout=log, stderr=log
        )
        family = eventually(lambda: _running(make, tmp_path / "make.log"), "node, web, worker and ERP run")
        make.send_signal(number)
        make.wait(SECONDS)
    eventually(lambda: not any(alive(pid) for pid in family), "all of them are gone")


def _running(make: "subprocess.Popen[bytes]", log: Path) -> list[int] | None:
    """Return the processes below make once the web server has its own process, too."""
    assert make.poll() is None, log.read_text()
    descendants = descendants_of(make.pid)
    # satchel serve, web with one process of its own, worker, sample ERP.
    return descendants if len(descendants) >= 5 else None
