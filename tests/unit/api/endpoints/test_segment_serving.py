"""How the bytes are sent: gunicorn uses sendfile, or nginx reads the file; nobody loads it into memory."""

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from backend.database.core import make_sessions
from backend.feed import segments
from backend.feed.segments import SegmentInfo
from backend.identity import reps
from backend.identity.key_ring import KeyRing
from backend.identity.models import Device
from backend.settings import read_settings
from backend.sync import grants
from backend.sync.segments.links import SignedLink, SignedLinks
from backend.sync.segments.store_factory import make_store
from sync_protocol.segment import KeyRange
from tests.bench.systems.nginx_program import nginx_program
from tests.eventually import SECONDS, eventually
from tests.services.process import ServerProcess, free_port
from tests.system.scenarios.node import Node

MIB = 1024 * 1024
LARGE = os.urandom(MIB) * 48
"""Far larger than any segment, so that a server that loads it into memory is noticed."""
NAME = sha256(LARGE).hexdigest()

SPY = """
import os
import socket
plain = os.sendfile
def sendfile(out, source, offset, count):
    sent = plain(out, source, offset, count)
    with open(os.environ["SENT_LOG"], "a") as log:
        log.write(f"{offset} {sent}\\n")
    return sent
os.sendfile = sendfile
"""
NGINX = """
daemon off; {user} worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 64; }}
http {{
    access_log off; sendfile on;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass {web}; proxy_set_header Host $host; }}
        location ~ "^/internal/segments/(?<part>../(?<name>[0-9a-f]{{64}}))$" {{
            internal; alias {segments}/$part; etag off; add_header ETag "\\"$name\\"";
        }}
    }}
}}
"""


def device(id: str, rep: str, now: datetime) -> Device:
    """Return the row of a device that has enrolled."""
    return Device(
        id=id, rep=rep, name="Pixel", public_key={}, enrolled_at=now, family_began_at=now, refreshed_at=now
    )


def prepare(folder: Path, **environ: str) -> tuple[Node, str]:
    """Return a node that serves one large segment, its web server running, and the path of a link to it."""
    node = Node(folder, environ)
    node.command("init")
    settings = read_settings({"SATCHEL_FOLDER": node.environ["SATCHEL_FOLDER"]})
    make_store(settings).put(NAME, LARGE)
    sessions = make_sessions(settings.database_url)
    with sessions() as session, session.begin():
        reps.save(session, "R1", "Ana", None)
        grants.assign(session, "R1", "territory:NW", datetime.now(UTC))
        session.add(device("D1", "R1", datetime.now(UTC)))
        sheet = SegmentInfo(KeyRange(), NAME, len(LARGE), 1)
        segments.replace(session, ("territory:NW", "customers"), 1, [sheet], datetime.now(UTC))
    with sessions() as session:
        session.get_bind().engine.dispose()
    link = SignedLinks(KeyRing(settings.folder), "http://x", 3600).at(
        datetime.now(UTC), SignedLink("D1", 1, 0)
    )(NAME)
    assert link is not None
    node.start_web()
    return node, link.removeprefix("http://x")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, str, Path]]:
    """A node whose calls of sendfile are counted."""
    folder = tmp_path_factory.mktemp("plain")
    (folder / "spy").mkdir()
    (folder / "spy" / "sitecustomize.py").write_text(SPY)
    log = folder / "sent.txt"
    node, path = prepare(folder, PYTHONPATH=str(folder / "spy"), SENT_LOG=str(log))
    with node:
        yield node, path, log


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of an nginx before a node that tells it where files are, and the path of a link."""
    folder = tmp_path_factory.mktemp("proxied")
    node, path = prepare(folder, SATCHEL_SEGMENT_ACCEL="/internal/segments")
    port = free_port()
    (folder / "nginx.conf").write_text(
        NGINX.format(
            user="user root;" if os.geteuid() == 0 else "",
            folder=folder,
            port=port,
            web=node.url,
            segments=folder / "instance" / "segments",
        )
    )
    with node:
        command = [nginx_program(), "-c", folder / "nginx.conf", "-e", folder / "nginx.log"]
        nginx = ServerProcess(command, folder / "nginx.out")
        try:
            eventually(lambda: _answers(port), "nginx answers")
            yield f"http://127.0.0.1:{port}", path
        finally:
            nginx.stop()


get, head = partial(httpx.get, timeout=SECONDS), partial(httpx.head, timeout=SECONDS)


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/livez", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def resident(pid: int) -> int:
    """Return the memory of the process and its children in bytes."""
    pids = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    pages = [int(Path(f"/proc/{process_id}/statm").read_text().split()[1]) for process_id in pids]
    return sum(pages) * os.sysconf("SC_PAGE_SIZE")


def handed(log: Path) -> list[tuple[int, int]]:
    """Return offset and count of each call of sendfile, in bytes."""
    lines = log.read_text().splitlines() if log.exists() else []
    return [(int(offset), int(count)) for offset, count in map(str.split, lines)]


def test_gunicorn_hands_the_whole_file_to_the_kernel(plain: tuple[Node, str, Path]) -> None:
    node, path, log = plain
    log.unlink(missing_ok=True)
    reply = get(node.url + path)
    assert reply.status_code == 200 and sha256(reply.content).hexdigest() == NAME
    # The last line is written after the bytes, which may be here before it.
    eventually(lambda: sum(count for _, count in handed(log)) == len(LARGE), "the kernel had the whole file")


def test_gunicorn_hands_a_range_to_the_kernel_too(plain: tuple[Node, str, Path]) -> None:
    node, path, log = plain
    log.unlink(missing_ok=True)
    reply = get(node.url + path, headers={"Range": "bytes=1000000-3000000", "If-Range": f'"{NAME}"'})
    assert (reply.status_code, reply.content) == (206, LARGE[1_000_000:3_000_001])
    eventually(lambda: sum(count for _, count in handed(log)) == 2_000_001, "the kernel had the whole range")
    assert handed(log)[0][0] == 1_000_000


def test_head_sends_no_body(plain: tuple[Node, str, Path]) -> None:
    node, path, log = plain
    log.unlink(missing_ok=True)
    reply = head(node.url + path)
    assert (reply.headers["Content-Length"], reply.content) == (str(len(LARGE)), b"")
    assert not log.exists()


def test_the_web_process_loads_no_segment_into_memory(plain: tuple[Node, str, Path]) -> None:
    node, path, _ = plain
    get(node.url + path)
    assert node.web is not None
    before, peak, stop = resident(node.web.pid), 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not stop.wait(0.01):
            peak = max(peak, resident(node.web.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    downloads = [threading.Thread(target=get, args=(node.url + path,)) for _ in range(6)]
    for thread in downloads:
        thread.start()
    for thread in downloads:
        thread.join()
    stop.set()
    watcher.join()
    assert 0 < peak < before + 16 * MIB


def test_nginx_sends_the_file_with_our_headers(proxied: tuple[str, str]) -> None:
    url, path = proxied
    reply = get(url + path)
    assert reply.status_code == 200 and sha256(reply.content).hexdigest() == NAME
    assert reply.headers["ETag"] == f'"{NAME}"'
    assert reply.headers["Content-Type"] == "application/vnd.satchel.segment"
    assert reply.headers["Cache-Control"].endswith("max-age=31536000, immutable")
    assert "X-Accel-Redirect" not in reply.headers and "Content-Encoding" not in reply.headers


def test_nginx_answers_ranges_and_conditions(proxied: tuple[str, str]) -> None:
    url, path = proxied
    range_header = {"Range": "bytes=10-19"}
    for tag, status in ((None, 206), (f'"{NAME}"', 206), ('"other"', 200)):
        reply = get(url + path, headers={**range_header, **({"If-Range": tag} if tag else {})})
        assert reply.status_code == status, tag
        assert reply.content == (LARGE[10:20] if status == 206 else LARGE)
    assert get(url + path, headers={"If-None-Match": f'"{NAME}"'}).status_code == 304
    beyond = get(url + path, headers={"Range": "bytes=999999999-"})
    assert (beyond.status_code, beyond.json()["code"]) == (416, "range_beyond_end")
    assert head(url + path).headers["Content-Length"] == str(len(LARGE))


def test_nginx_refuses_direct_requests_for_segment_files(proxied: tuple[str, str]) -> None:
    url, path = proxied
    assert get(f"{url}/internal/segments/{NAME[:2]}/{NAME}").status_code == 404
    altered = get(url + path + "x")
    assert (altered.status_code, altered.json()["code"]) == (404, "link_invalid")
