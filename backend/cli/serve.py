"""`satchel serve`: web and worker together, or each alone.

The parent starts each part as a process of its own. If one of them ends, it ends the others and itself, so that
systemd or the container runtime sees the failure. Each process imports only what it needs.
"""

import os
import subprocess

import click

from backend.cli.context import console, engine_of, load_settings
from backend.cli.node import one_node_only
from backend.cli.processes import command, running, supervise
from backend.migrations.upgrade import current, newest
from backend.settings import Settings, read_settings


@click.command()
@click.option("--only", type=click.Choice(["web", "worker"]), help="Run only this part.")
@click.option("--threads", default=2, show_default=True, help="Number of threads that send to the ERP.")
@click.option("--sample", is_flag=True, help="Set up the sample company, and run its sample ERP too.")
@click.option("--invite", "invited", metavar="REP", help="Print commands that make a terminal REP's phone.")
def serve(only: str | None, threads: int, sample: bool, invited: str | None) -> None:
    """Run the web server and the worker until SIGTERM or Ctrl-C."""
    settings = load_settings()
    if only is None:
        with one_node_only(settings, "node"):
            _serve_all(settings, threads, sample, invited)
        return
    _require_schema(settings)
    with one_node_only(settings, only):
        if only == "web":
            # Imported here: a process that is not the web server does not load it (memory, and start-up time).
            from backend.cli.web import run_web

            run_web(settings)
        else:
            # Imported here for the same reason.
            from backend.worker import run

            run(settings, threads=threads)


def _require_schema(settings: Settings) -> None:
    with engine_of(settings) as engine, engine.connect() as connection:
        revision = current(connection)
    if revision != newest():
        raise click.ClickException(
            f"the schema is at revision {revision or 'none'}, not {newest()}; run `satchel init`"
        )


def _serve_all(settings: Settings, threads: int, sample: bool, invited: str | None) -> None:
    environ = dict(os.environ)
    parts = [["serve", "--only", "web"], ["serve", "--only", "worker", "--threads", str(threads)]]
    if sample:
        folder = settings.erp.get("folder") or str(settings.folder / "erp")
        environ["SATCHEL_ERP_FOLDER"] = folder
        settings = read_settings(environ)
        # Imported here: only the sample company needs it.
        from backend.cli.init import add_sample_reps, set_up

        set_up(settings)
        invited = invited or add_sample_reps(settings)[0]
        subprocess.run(command(["sample-erp", "--folder", folder, "--once"]), env=environ, check=True)
        parts.append(["sample-erp", "--folder", folder])
    else:
        _require_schema(settings)
    if invited:
        # Imported here: it loads the connector, which the parent of web and worker does not need.
        from backend.cli.invitation import invite

        invite(settings, invited, console)
    with running(parts, environ) as started:
        supervise(started)
