"""Real processes and real scrapes: two web processes, a worker, and what may go wrong with port and folder."""

import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx
import pytest
from prometheus_client.mmap_dict import MmapedDict

from backend.metrics import files
from tests.eventually import SECONDS, eventually
from tests.services import PostgresServer
from tests.services.process import free_port
from tests.system.scenarios.conftest import Enrol
from tests.system.scenarios.conftest import enrol as enrol
from tests.system.scenarios.node import Node
from tests.unit.metrics.scrape import Values, scrape, total, value

get = partial(httpx.get, timeout=SECONDS)


@pytest.fixture
def node(tmp_path: Path, postgres_server: PostgresServer) -> Iterator[Node]:
    """A node on PostgreSQL with two web processes, whose metrics are served."""
    name = f"metrics_{tmp_path.name.lower()[-40:]}"
    environ = {
        "SATCHEL_DATABASE_URL": postgres_server.create_database(name),
        "SATCHEL_WEB_PROCESSES": "2",
        "SATCHEL_METRICS_ADDRESS": f"127.0.0.1:{free_port()}",
        "SATCHEL_ERP_FOLDER": str(tmp_path / "erp"),
    }
    with Node(tmp_path, environ) as node:
        node.command("init")
        yield node
    postgres_server.drop_database(name)


def export_company(node: Node) -> None:
    """Write what the worker and `satchel ingest` read."""
    node.command("sample-erp", "--folder", str(node.folder / "erp"), "--once")


def address(node: Node) -> str:
    return node.environ["SATCHEL_METRICS_ADDRESS"]


def scraped(node: Node) -> Values | None:
    """Return what is served, None if nobody serves now."""
    try:
        return scrape(address(node))
    except httpx.TransportError:
        return None


def counts_by_process(node: Node) -> dict[int, float]:
    """Return how many requests to /v1/limits each process has counted, by process id."""
    counted = {}
    for path in files.directory_in(node.folder / "instance").glob("counter_[0-9]*.db"):
        values = MmapedDict.read_all_values_from_file(str(path))
        pid = int(path.stem.removeprefix("counter_").partition("-")[0])
        counted[pid] = sum(value for key, value, *_ in values if "/v1/limits" in key)
    return {pid: count for pid, count in counted.items() if count}


def send_requests(node: Node, times: int) -> None:
    with ThreadPoolExecutor(8) as pool:
        replies = pool.map(lambda n: get(f"{node.url}/v1/limits").status_code, range(times))
        assert set(replies) == {200}


def test_two_web_processes_and_a_worker_count_together(node: Node) -> None:
    export_company(node)
    node.start_web()
    node.start_worker()
    sent, labels = 0, {"method": "GET", "route": "/v1/limits", "status": "200"}

    def both_have_counted() -> bool:
        nonlocal sent
        send_requests(node, 40)
        sent += 40
        return len(counts_by_process(node)) >= 2

    def counted() -> float:
        return value(scrape(address(node)), "satchel_http_requests_total", **labels)

    eventually(both_have_counted, "both processes answer requests")
    # A request is counted after its reply has been sent.
    eventually(lambda: counted() == sent, "all requests are counted")
    values = scrape(address(node))
    assert value(values, "satchel_http_request_duration_seconds_count", route="/v1/limits") == sent
    # What the worker alone counts and what the database alone knows are in the same answer.
    eventually(lambda: total(scrape(address(node)), "satchel_ingest_records_total") > 1_000, "it is read")
    values = scrape(address(node))
    assert value(values, "satchel_database_up") == 1
    assert value(values, "satchel_ingest_lag_seconds", collection="units", connector="flatfile") < 3600
    # A process that dies takes nothing with it, be it the one that serves.
    for pid in counts_by_process(node):
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: scraped(node), "another process serves")
    send_requests(node, 10)
    eventually(lambda: counted() == sent + 10, "nothing is lost")
    names = [path.name for path in files.directory_in(node.folder / "instance").glob("*.db")]
    assert len(names) <= 2 * 4, "two web processes, a worker and the past"


def test_the_public_app_has_no_metrics_and_the_private_port_nothing_else(node: Node) -> None:
    node.start_web()
    eventually(lambda: scraped(node), "metrics are served")
    for path in ("/metrics", "/v1/metrics", "/metrics/"):
        assert get(f"{node.url}{path}").status_code == 404
    for path in ("/", "/v1/limits", "/livez", "/metrics/x"):
        assert get(f"http://{address(node)}{path}").status_code == 404
    assert address(node).startswith("127.0.0.1:")
    assert "metrics" not in get(f"{node.url}/v1/openapi.json").json()["paths"]


def test_an_order_is_counted_without_names(node: Node, enrol: Enrol) -> None:
    export_company(node)
    node.command("ingest")
    node.command("rep", "add", "R1", "Anja Petersen", "--employee", "E001")
    node.command("rep", "assign", "R1", "territory:NE")
    node.start_web()
    rep = enrol(node, "R1")
    rep.sync()
    values = eventually(lambda: scraped(node), "metrics are served")
    assert value(values, "satchel_pull_pages_total", result="changes") > 0
    assert value(values, "satchel_devices", last_seen="5m") == 1
    text = get(f"http://{address(node)}/metrics").text
    for secret in ("R1", "Anja", "territory", "C0001", "E001"):
        assert secret not in text


def test_an_occupied_metrics_port_is_logged_and_stops_nothing(node: Node) -> None:
    host, port = address(node).split(":")
    with socket.socket() as other:
        other.bind((host, int(port)))
        other.listen()
        node.start_web()
        log = node.folder / "web.log"
        eventually(lambda: "metrics are not served" in log.read_text(), "the log says so")
        send_requests(node, 5)
        assert log.read_text().count("metrics are not served") == 1
    eventually(lambda: scraped(node), "metrics are served once the port is free")
    assert "served at" in node.command("doctor", check=False)


def test_an_unwritable_metrics_directory_is_logged_and_stops_nothing(node: Node) -> None:
    (node.folder / "instance").mkdir(exist_ok=True)
    (node.folder / "instance/metrics").write_text("in the way")
    node.start_web()
    send_requests(node, 5)
    log = node.folder / "web.log"
    eventually(lambda: "metrics of this process are not counted" in log.read_text(), "the log says so")
    assert scraped(node) is None
