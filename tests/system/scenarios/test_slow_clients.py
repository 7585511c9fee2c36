"""A rep syncs and sends an order while 200 clients have stopped in the middle, under both web servers.

Granian holds a thread for each body that does not come, so under it this is shown for heads and readers only;
`docs/operations.md` says what a proxy must do.
"""

import socket
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.eventually import SECONDS
from tests.system.scenarios.conftest import Enrol
from tests.system.scenarios.node import Node

CLIENTS = 200
STOPPED_SECONDS = "3600"
"""The server keeps the stopped clients for longer than the rep of this test tries."""
HEAD = b"GET /livez HTTP/1.1\r\nHost: x\r\nX-A: "
BODY = b"POST /v1/push HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
READER = b"GET /v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 8
"""Replies that nobody reads; several, because the first ones fit into the buffers of the system."""


@pytest.mark.parametrize(
    ("web_server", "stopped"),
    [
        ("gunicorn", (HEAD, BODY, READER)),
        pytest.param("granian", (HEAD, READER), marks=pytest.mark.full),
    ],
    ids=["gunicorn", "granian"],
)
def test_a_rep_is_served_beside_200_clients_that_have_stopped(
    tmp_path: Path, enrol: Enrol, web_server: str, stopped: tuple[bytes, ...]
) -> None:
    settings = {
        "SATCHEL_ERP_FOLDER": str(tmp_path / "erp"),
        "SATCHEL_WEB_SERVER": web_server,
        "SATCHEL_WEB_CLIENT_SECONDS": STOPPED_SECONDS,
    }
    with Node(tmp_path, settings) as node, ExitStack() as stack:
        node.command("sample-erp", "--folder", str(tmp_path / "erp"), "--once")
        node.command("init", "--sample")
        node.command("ingest")
        node.start_web()
        rep = enrol(node, "R1")
        rep.sync()
        for begun in stopped:
            for _ in range(CLIENTS):
                _stop_in_the_middle(stack, node.port, begun)
            order = rep.capture_order()
            # Not one sync: while the replies to the readers are made, a pull may be asked to come again.
            document = rep.sync_until(partial(rep.submission, order), "the order arrived")
            assert document["state"] == "queued"


def _stop_in_the_middle(stack: ExitStack, port: int, begun: bytes) -> None:
    client = stack.enter_context(socket.socket())
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(SECONDS)
    client.connect(("127.0.0.1", port))
    client.sendall(begun)
