"""`satchel serve`: web and worker together, or each alone.

The parent starts each part as a process of its own, and supervises it (`backend/supervisor.py`). Each process
imports only what it needs.
"""

import os
import signal
import subprocess  # nosec B404 # argument lists of our own
import sys
import threading

import click

from backend.cli import sample_settings
from backend.cli.context import console, engine_of, load_settings
from backend.cli.node import one_node_only
from backend.cli.port import require_free_port
from backend.permissions import close_new_files
from backend.settings import Settings, read_settings
from backend.supervisor import Child, ChildEnded, Policy, Supervisor, end_with_parent


@click.command()
@click.option("--only", type=click.Choice(["web", "worker"]), help="Run only this part.")
@click.option(
    "--threads",
    default=2,
    show_default=True,
    type=click.IntRange(1, 100),
    help="Number of threads that send to the ERP.",
)
@click.option("--sample", is_flag=True, help="Set up the sample company, and run its sample ERP too.")
@click.option(
    "--lan", is_flag=True, help="Serve phones in the local network by HTTPS; see `satchel certificate`."
)
@click.option("--invite", "invited", metavar="REP", help="Print commands that make a terminal REP's phone.")
@click.option(
    "--end-with",
    "parent",
    type=int,
    metavar="PID",
    help="Also end when the process PID ends, which started this one.",
)
def serve(
    only: str | None, threads: int, sample: bool, lan: bool, invited: str | None, parent: int | None
) -> None:
    """Run the web server and the worker until SIGTERM or Ctrl-C."""
    if parent is not None:
        end_with_parent(parent)
    close_new_files()
    environ = dict(os.environ)
    if lan:
        # Imported here: it loads the library of certificates.
        from backend.cli.certificate import lan_variables

        environ |= lan_variables(load_settings())
    settings = load_settings(environ)
    if not sample or only is not None:
        with engine_of(settings):
            pass  # It raises if the database is not there or has another schema, before anything starts.
    if only != "worker":
        require_free_port(settings)
    if only is None:
        with one_node_only(settings, "node"):
            _serve_all(settings, environ, threads, sample, invited)
        return
    with one_node_only(settings, only):
        if only == "web":
            # Imported here: a process that is not the web server does not load it (memory, and start-up time).
            from backend.cli.web import run_web

            run_web(settings)
        else:
            # Imported here for the same reason.
            from backend.worker import run

            run(settings, threads=threads)


def _serve_all(
    settings: Settings, environ: dict[str, str], threads: int, sample: bool, invited: str | None
) -> None:
    office: list[str] = []
    parts = [["serve", "--only", "web"], ["serve", "--only", "worker", "--threads", str(threads)]]
    if sample:
        folder = settings.erp.get("folder") or str(settings.folder / "erp")
        environ = environ | {"SATCHEL_ERP_FOLDER": folder}
        settings = read_settings(environ)
        # Imported here: only the sample company needs it.
        from backend.cli.init import add_sample_reps, set_up
        from backend.cli.sample_person import add_sample_person

        console.print(
            f"Setting up the sample company in {settings.folder}; this takes some seconds.", soft_wrap=True
        )
        set_up(settings)
        sample_settings.save(settings.folder, environ)
        invited = invited or add_sample_reps(settings)[0]
        office = [add_sample_person(settings)]
        # In a process of its own, so that the parent of web and worker does not keep its memory.
        once = ["sample-erp", "--folder", folder, "--once", "--end-with", str(os.getpid())]
        first = subprocess.run(_command(once), env=environ, check=False)  # nosec B603 # an argument list of our own
        if first.returncode:
            raise click.ClickException("the sample ERP did not start; its message is above")
        parts.append(["sample-erp", "--folder", folder])
    if invited:
        # Imported here: it loads the connector, which the parent of web and worker does not need.
        from backend.cli import invitation

        commands = [*office, *invitation.prepare(settings, invited)]
        invitation.print_when_listening(settings, commands, console)
    _supervise(parts, environ)


def _supervise(parts: list[list[str]], environ: dict[str, str]) -> None:
    """Run *parts* (arguments of `satchel`) until SIGTERM or SIGINT, or until one of them ends."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    children = [
        Child(
            " ".join(["satchel", *arguments]),
            _command([*arguments, "--end-with", str(os.getpid())]),
            environ,
            Policy.END_ALL,
        )
        for arguments in parts
    ]
    with Supervisor(children) as supervisor:
        try:
            while not stop.wait(0.2):
                supervisor.look()
        except ChildEnded as error:
            raise click.ClickException(str(error)) from None


def _command(arguments: list[str]) -> list[str]:
    """Return the command line of `satchel` with *arguments*, run by this Python interpreter."""
    return [sys.executable, "-m", "backend.cli", *arguments]
