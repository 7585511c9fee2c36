"""`satchel doctor` on metrics: whether they are collected and served, and who can read them."""

import tempfile
from collections.abc import Iterator

import httpx

from backend.cli.doctor.finding import ERROR, OK, WARNING, Finding
from backend.files import make_private_folder
from backend.metrics import files
from backend.metrics.exporter import PATH
from backend.settings import Settings
from backend.settings.this_machine import is_this_machine, local_url

TIMEOUT_SECONDS = 5.0


def examine_metrics(settings: Settings) -> Iterator[Finding]:
    """Yield the findings about metrics, which are served."""
    yield from _directory(settings)
    yield from _served(settings.metrics_address)
    host, _, _ = settings.metrics_address.rpartition(":")
    # Without a host, every interface is meant.
    if not (host and is_this_machine(host)):
        yield Finding(
            WARNING,
            "metrics",
            f"other machines can reach {host} and read them",
            "admit only Prometheus in the firewall or proxy, or set SATCHEL_METRICS_ADDRESS to 127.0.0.1",
        )


def _directory(settings: Settings) -> Iterator[Finding]:
    directory = files.directory_in(settings.folder)
    try:
        make_private_folder(directory)
        with tempfile.TemporaryFile(dir=directory) as file:
            # As much as one process allocates, so that a full disk is found too.
            file.write(bytes(files.ALLOCATED * len(files.KINDS)))
    except OSError as error:
        advice = "make it writable, free disk space, and restart; until then nothing is counted"
        yield Finding(WARNING, "metrics", f"{directory}: {error.strerror}", advice)


def _served(address: str) -> Iterator[Finding]:
    host, _, port = address.rpartition(":")
    url = f"{local_url(host, port)}{PATH}"
    try:
        reply = httpx.get(url, timeout=TIMEOUT_SECONDS, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        advice = "start `satchel serve`; if it runs, see its log. Sync does not depend on metrics"
        yield Finding(WARNING, "metrics", f"{url} does not answer: {error}", advice)
        return
    if reply.status_code == 200 and "satchel_database_up" in reply.text:
        yield Finding(OK, "metrics", f"served at {url}")
    else:
        advice = "set SATCHEL_METRICS_ADDRESS to a free port"
        yield Finding(ERROR, "metrics", f"another program answers at {url}", advice)
