"""The command group `satchel`: loads each command when it is used, and shows errors as one sentence."""

import gc
import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import click

from backend import logs
from backend.cli.refusal import CannotRun


class _Entry(NamedTuple):
    """Where a command is, as `module:function`, and its line in the list of commands."""

    target: str
    summary: str


COMMANDS = {
    "audit": _Entry("backend.cli.audit:audit_group", "Read, verify and export the audit trail."),
    "certificate": _Entry(
        "backend.cli.certificate:certificate_command", "Make a certificate for HTTPS in the local network."
    ),
    "conformance": _Entry(
        "backend.cli.conformance:conformance",
        "Check your own device or server against the rules of the protocol.",
    ),
    "delivery": _Entry("backend.cli.delivery:delivery", "Compare documents with the ERP, and resume sending."),
    "device": _Entry(
        "backend.cli.device.group:device_group",
        "Act as a rep's device: sync, look things up, capture documents.",
    ),
    "doctor": _Entry(
        "backend.cli.doctor.command:doctor", "Check the settings, the database, Redis and the ERP."
    ),
    "feed": _Entry("backend.cli.feed:feed", "Maintain the feed."),
    "import-unsent": _Entry(
        "backend.cli.import_unsent:import_unsent", "Import the unsent documents that a phone wrote to a file."
    ),
    "ingest": _Entry("backend.cli.ingest:ingest", "Read the ERP."),
    "init": _Entry("backend.cli.init:init", "Create the database, or upgrade it to the newest schema."),
    "keys": _Entry(
        "backend.cli.keys:keys", "Manage the keys that sign tokens; nodes notice a change within half a minute."
    ),
    "office": _Entry(
        "backend.cli.office:office", "Manage the people of the office, and the programs that use its API."
    ),
    "parked": _Entry(
        "backend.cli.parked:parked_group", "List, show and settle the documents that need a person."
    ),
    "receipts": _Entry("backend.cli.receipts:receipts_group", "List refused receipts, and check them again."),
    "rep": _Entry("backend.cli.rep:rep", "Manage reps, their channels and their devices."),
    "sample-erp": _Entry(
        "backend.cli.sample_erp:sample_erp", "Run the ERP of a sample company, to try out Satchel."
    ),
    "segments": _Entry("backend.cli.segments:segments", "List the segment set of each stream."),
    "serve": _Entry("backend.cli.serve:serve", "Run the web server and the worker."),
    "submissions": _Entry("backend.cli.timeline:submissions", "List submissions, newest first."),
    "sweep": _Entry("backend.cli.sweep:sweep", "Find records that the ERP no longer has, and delete them."),
    "timeline": _Entry("backend.cli.timeline:timeline", "Show the history of a submission."),
}
"""A command is imported only when it is used, so that none waits for the libraries of the others.

The list of commands is printed from the summaries, because it would import every command otherwise.
"""


@contextmanager
def _without_collection() -> Iterator[None]:
    """Pause the garbage collector while modules are imported, and let it pass over what they leave.

    Nearly all of that stays until the process ends. Searching it for garbage took a third of the CPU of
    `satchel doctor` (docs.python.org/3/library/gc.html#gc.freeze).
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


class _Satchel(click.Group):
    """Imports commands on demand, and turns errors that an operator can correct into one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].target.partition(":")
        with _without_collection():
            command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:
            # Imported here for a quick start: it loads the database and the ERP port, which few commands need.
            from backend.cli.error_messages import explain

            message = explain(error)
            if message is None:
                raise
            raise CannotRun(message) from None


@click.group(cls=_Satchel, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="satchel")
@click.option("-v", "--verbose", is_flag=True, help="Also log debug messages.")
def main(verbose: bool) -> None:
    """Satchel: an offline-sync backend for field sales."""
    # Not `read_settings`: with a wrong setting, `doctor` must still report it and `device` must still work.
    form = os.environ.get("SATCHEL_LOG", "text")
    logs.configure(form if form in logs.FORMATTERS else "text", verbose=verbose)
