"""The command group `satchel`: loads each command when it is used, and shows errors as one sentence."""

import importlib
import os
from typing import Any

import click

from backend import logs

COMMANDS = {
    "conformance": "backend.cli.conformance:conformance",
    "delivery": "backend.cli.delivery:delivery",
    "device": "backend.cli.device.group:device_group",
    "doctor": "backend.cli.doctor.command:doctor",
    "feed": "backend.cli.feed:feed",
    "ingest": "backend.cli.ingest:ingest",
    "init": "backend.cli.init:init",
    "office": "backend.cli.office:office",
    "parked": "backend.cli.parked:parked_group",
    "rep": "backend.cli.rep:rep",
    "sample-erp": "backend.cli.sample_erp:sample_erp",
    "segments": "backend.cli.segments:segments",
    "serve": "backend.cli.serve:serve",
    "submissions": "backend.cli.timeline:submissions",
    "sweep": "backend.cli.sweep:sweep",
    "timeline": "backend.cli.timeline:timeline",
}
"""Command name to module and function. A command is imported only when it is used, so that none waits for the
libraries of the others."""


class _Satchel(click.Group):
    """Imports commands on demand, and turns errors that an operator can correct into one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

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
            raise click.ClickException(message) from None


@click.group(cls=_Satchel, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="satchel")
@click.option("-v", "--verbose", is_flag=True, help="Also log debug messages.")
def main(verbose: bool) -> None:
    """Satchel: an offline-sync backend for field sales."""
    # Not `read_settings`: with a wrong setting, `doctor` must still report it and `device` must still work.
    form = os.environ.get("SATCHEL_LOG", "text")
    logs.configure(form if form in logs.FORMATTERS else "text", verbose=verbose)
