"""`satchel init`: create the folder, the tables, the default role, and the reps of the sample company."""

import click
from alembic.util import CommandError
from sqlalchemy import func, select

from backend.cli.context import console, engine_of, load_settings, transaction
from backend.cli.price_limit import publish_limit
from backend.cli.refusal import CannotRun
from backend.clock import SystemClock
from backend.identity.models import RoleCollection
from backend.identity.reps import DEFAULT_ROLE, save
from backend.migrations.upgrade import upgrade
from backend.permissions import create_folder
from backend.sample_erp.reps import REPS
from backend.settings import Settings
from backend.sync import grants
from sync_protocol.catalogue import COLLECTIONS

SAMPLE_DISCOUNT = "10"
"""What the reps of the sample company may grant, in percent."""


@click.command()
@click.option("--sample", is_flag=True, help="Also add the reps of the sample company.")
def init(sample: bool) -> None:
    """Create the database, or upgrade it to the newest schema. Safe to run again."""
    settings = load_settings()
    before, after = set_up(settings)
    console.print(f"Database {'set up' if before is None else 'upgraded'}: revision {after}")
    if sample:
        console.print(f"Sample reps: {', '.join(add_sample_reps(settings))}")


def set_up(settings: Settings) -> tuple[str | None, str]:
    """Create or upgrade the tables, and create the default role; return the revisions before and after.

    Raises CannotRun if a newer program has upgraded the database.
    """
    create_folder(settings)
    try:
        with engine_of(settings, any_schema=True) as engine:
            revisions = upgrade(engine)
    except CommandError as error:
        # Alembic's, such as a revision that it does not know.
        message = f"the database cannot be upgraded: {error}; install the Satchel that upgraded it last"
        raise CannotRun(message) from None
    with transaction(settings) as session:
        if not session.scalar(select(func.count()).select_from(RoleCollection)):
            grants.set_role(session, DEFAULT_ROLE, COLLECTIONS)
    return revisions


def add_sample_reps(settings: Settings) -> list[str]:
    """Add the reps of the sample company with their channels; return their ids."""
    with transaction(settings) as session:
        for sample in REPS:
            save(session, sample.id, sample.name, sample.employee_number)
            for channel in (f"territory:{sample.territory}", f"warehouse:{sample.warehouse}"):
                grants.assign(session, sample.id, channel, SystemClock().now())
            publish_limit(session, sample.id, SAMPLE_DISCOUNT)
    return [sample.id for sample in REPS]
