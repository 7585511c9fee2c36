"""A node ends when the process that started it is killed."""

import subprocess
import sys
from pathlib import Path

from tests.services import RedisServer
from tests.services.process_tree import alive, descendants_of
from tests.system.scenarios.node import ROOT, Node, bare_environ, eventually

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


def test_a_node_ends_with_whoever_started_it(tmp_path: Path, redis_server: RedisServer) -> None:
    Node(tmp_path, {}).command("init")
    with (tmp_path / "script.log").open("wb") as log:
        script = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, tmp_path, redis_server.url],
            cwd=ROOT, env=bare_environ(), stdout=log, stderr=log,
        )  # fmt: skip
    try:
        # The web server and its process, the worker and the doorbell's, and a guard for each of the two.
        family = eventually(lambda: _family(script), "everything has started", 60)
    finally:
        script.kill()
        script.wait()
    eventually(lambda: not any(alive(pid) for pid in family), "all of them are gone", 20)


def _family(script: "subprocess.Popen[bytes]") -> list[int] | None:
    assert script.poll() is None, "the script ended"
    descendants = descendants_of(script.pid)
    return descendants if len(descendants) >= 6 else None
