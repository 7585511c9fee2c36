"""`satchel serve`: web and worker together, or each alone.

The parent supervises: it starts each part as a process of its own, and if one of them ends, it ends the
other, so that whoever supervises the parent sees that something is wrong.
"""

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
from rich.panel import Panel
from sqlalchemy import select

from backend.cli import init as setting_up
from backend.cli.context import console, engine_of, load_settings, transaction
from backend.cli.node import one_node_only
from backend.cli.web import run_web
from backend.clock import SystemClock
from backend.connectors.flatfile.sample.reps import REPS
from backend.identity import enrolment
from backend.identity.models import Rep
from backend.migrations.upgrade import current, newest
from backend.settings import Settings
from backend.worker import run as run_worker

STOP_SECONDS = 20


@click.command()
@click.option("--only", type=click.Choice(["web", "worker"]), help="Run one part alone.")
@click.option("--threads", default=2, show_default=True, help="Forwarding threads of the worker.")
@click.option("--sample", is_flag=True, help="Set up the sample company, and play its ERP beside the server.")
def serve(only: str | None, threads: int, sample: bool) -> None:
    """Run the web server and the worker until told to stop."""
    settings = load_settings()
    if only is None:
        _serve_all(settings, threads, sample)
        return
    _require_schema(settings)
    if only == "web":
        run_web(settings)
    else:
        run_worker(settings, threads=threads)


def _require_schema(settings: Settings) -> None:
    with engine_of(settings) as engine, engine.connect() as connection:
        revision = current(connection)
    if revision != newest():
        raise click.ClickException(
            f"the database is at revision {revision or 'none'}, this program needs {newest()}; run `satchel init`"
        )


def _serve_all(settings: Settings, threads: int, sample: bool) -> None:
    with one_node_only(settings):
        environ = dict(os.environ)
        parts: list[list[str]] = [["serve", "--only", "web"], ["serve", "--only", "worker", "--threads", str(threads)]]
        if sample:
            folder = settings.erp.get("folder") or str(settings.folder / "erp")
            environ["SATCHEL_ERP_FOLDER"] = folder
            setting_up.set_up(settings)
            setting_up.add_sample_reps(settings)
            subprocess.run(_command(["sample-erp", "--folder", folder, "--once"]), env=environ, check=True)
            parts.insert(0, ["sample-erp", "--folder", folder])
        else:
            _require_schema(settings)
        children = [subprocess.Popen(_command(part), env=environ, start_new_session=True) for part in parts]
        try:
            if sample:
                _invite(settings)
            _supervise(children)
        finally:
            _stop(children)


def _command(arguments: list[str]) -> list[str]:
    return [sys.executable, "-m", "backend.cli", *arguments]


def _supervise(children: list[subprocess.Popen[bytes]]) -> None:
    """Wait for a signal, or for the first part that ends by itself."""
    stopping: list[int] = []

    def stop(number: int, frame: Any) -> None:
        stopping.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    while not stopping:
        for child in children:
            if child.poll() is not None:
                raise click.ClickException(f"`{' '.join(map(str, child.args[2:]))}` ended with {child.returncode}")  # type: ignore[index,arg-type]
        time.sleep(0.2)


def _stop(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _invite(settings: Settings) -> None:
    """Print a session that a newcomer can paste into another terminal."""
    url = f"http://{settings.host}:{settings.port}"
    rep = REPS[0]
    with transaction(settings) as session:
        if session.scalars(select(Rep).where(Rep.id == rep.id)).one_or_none() is None:
            return
        code = enrolment.create(session, rep.id, SystemClock().now(), dt.timedelta(hours=48))
    satchel = Path(sys.executable).with_name("satchel")
    try:
        satchel = satchel.relative_to(Path.cwd())
    except ValueError:
        pass
    lines = [
        f"{satchel} device enrol {code} --server {url}",
        f"{satchel} device sync                      # the first sync: {rep.name}'s replica",
        f"{satchel} device list customers",
        f"{satchel} device customer {rep.sample_customer}",
        f"{satchel} device order --customer {rep.sample_customer} --line {rep.sample_product}:3   # needs no network",
        f"{satchel} device outbox",
        f"{satchel} device sync                      # sent; the worker hands it to the ERP",
        "sleep 10",
        f"{satchel} device sync                      # and here is the ERP's number",
        f"{satchel} device outbox",
    ]
    console.print(
        Panel(
            "\n".join(lines),
            title="Satchel is starting. Paste this into another terminal",
            subtitle=f"{url}   Ctrl-C stops",
            expand=False,
        ),
        highlight=False,
        soft_wrap=True,
    )
