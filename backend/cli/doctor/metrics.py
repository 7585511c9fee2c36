"""What `satchel doctor` says of metrics: whether they are counted, served, and to whom."""

import ipaddress
import tempfile
from collections.abc import Iterator

import httpx

from backend.cli.doctor.finding import BAD, GOOD, WARN, Finding
from backend.metrics import files
from backend.metrics.exporter import PATH
from backend.settings import Settings

SECONDS = 5.0
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - compared with, not listened on


def examine_metrics(settings: Settings) -> Iterator[Finding]:
    """Yield the findings about metrics; nothing but them depends on these."""
    if not settings.metrics_address:
        yield Finding(GOOD, "metrics", "none: SATCHEL_METRICS_ADDRESS is empty")
        return
    yield from _directory(settings)
    yield from _served(settings.metrics_address)
    host, _, _ = settings.metrics_address.rpartition(":")
    if not _is_loopback(host):
        yield Finding(
            WARN,
            "metrics",
            f"{host} can be reached from other machines, and whoever reaches it may read them",
            "let a firewall or a proxy admit Prometheus alone, or set SATCHEL_METRICS_ADDRESS to 127.0.0.1",
        )


def _directory(settings: Settings) -> Iterator[Finding]:
    directory = files.directory_in(settings.folder)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory) as file:
            # As much as one process takes: a full disk shows here, too.
            file.write(bytes(files.ALLOCATED * len(files.KINDS)))
    except OSError as error:
        advice = "make it writable, with space on its disk, and start again; until then nothing is counted"
        yield Finding(WARN, "metrics", f"{directory}: {error.strerror}", advice)


def _served(address: str) -> Iterator[Finding]:
    host, _, port = address.rpartition(":")
    url = f"http://{EVERYWHERE.get(host, host)}:{port}{PATH}"
    try:
        reply = httpx.get(url, timeout=SECONDS, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        advice = "start `satchel serve`; if it runs, its log says what is wrong. Sync does not depend on it"
        yield Finding(WARN, "metrics", f"{url} does not answer: {error}", advice)
        return
    if reply.status_code == 200 and "satchel_database_up" in reply.text:
        yield Finding(GOOD, "metrics", f"served at {url}")
    else:
        advice = "set SATCHEL_METRICS_ADDRESS to a port that is free"
        yield Finding(BAD, "metrics", f"another program answers at {url}", advice)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
