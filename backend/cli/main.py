"""The command group, and how its errors look: one sentence, no traceback."""

import os
from typing import Any

import click
from sqlalchemy.exc import OperationalError

from backend import telemetry
from backend.cli.conformance import conformance
from backend.cli.delivery import delivery
from backend.cli.device import device
from backend.cli.doctor import doctor
from backend.cli.feed import feed
from backend.cli.ingest import ingest
from backend.cli.init import init
from backend.cli.office import office
from backend.cli.parked import parked_group
from backend.cli.rep import rep
from backend.cli.sample_erp import sample_erp
from backend.cli.segments import segments
from backend.cli.serve import serve
from backend.cli.sweep import sweep
from backend.cli.timeline import submissions, timeline
from backend.erp.errors import ErpError
from backend.erp.port import ConnectorMissing
from backend.feed.positions import FeedMissing
from backend.settings import SettingError


class _Satchel(click.Group):
    """Turns the errors that an operator can mend into one sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (SettingError, ConnectorMissing, FeedMissing) as error:
            raise click.ClickException(str(error)) from None
        except ErpError as error:
            raise click.ClickException(f"the ERP: {error.message}; see `satchel doctor`") from None
        except OperationalError as error:
            reason = str(error.orig).strip().splitlines()[0]
            raise click.ClickException(
                f"the database does not answer: {reason}; see `satchel doctor`"
            ) from None


@click.group(cls=_Satchel, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="satchel")
@click.option("-v", "--verbose", is_flag=True, help="Log more.")
def main(verbose: bool) -> None:
    """Satchel: an offline-sync backend for field sales."""
    # A wrong setting must not keep `doctor` from saying so, nor a rep's terminal from working.
    form = os.environ.get("SATCHEL_LOG", "text")
    telemetry.configure(form if form in telemetry.FORMATTERS else "text", verbose=verbose)


for command in (
    init,
    serve,
    ingest,
    sweep,
    feed,
    delivery,
    segments,
    doctor,
    rep,
    submissions,
    timeline,
    parked_group,
    office,
    device,
    sample_erp,
    conformance,
):
    main.add_command(command)
