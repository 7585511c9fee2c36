"""`satchel init`: create the folder, the tables, the default role, and the reps of the sample company."""

import click
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.cli.context import console, engine_of, load_settings, transaction
from backend.clock import SystemClock
from backend.identity.models import Rep, RoleCollection
from backend.migrations.upgrade import upgrade
from backend.sample_erp.reps import REPS
from backend.settings import Settings
from backend.sync import grants
from sync_protocol.catalogue import COLLECTIONS

DEFAULT_ROLE = "sales"


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
    """Create or upgrade the tables, and create the default role; return the revisions before and after."""
    settings.folder.mkdir(parents=True, exist_ok=True)
    with engine_of(settings) as engine:
        revisions = upgrade(engine)
    with transaction(settings) as session:
        if not session.scalar(select(func.count()).select_from(RoleCollection)):
            grants.set_role(session, DEFAULT_ROLE, COLLECTIONS)
    return revisions


def add_sample_reps(settings: Settings) -> list[str]:
    """Add the reps of the sample company with their channels; return their ids."""
    with transaction(settings) as session:
        for sample in REPS:
            add_rep(session, sample.id, sample.name, sample.employee_number)
            for channel in (f"territory:{sample.territory}", f"warehouse:{sample.warehouse}"):
                grants.assign(session, sample.id, channel, SystemClock().now())
    return [sample.id for sample in REPS]


def add_rep(
    session: Session, id: str, name: str, employee_number: str | None, role: str = DEFAULT_ROLE
) -> None:
    """Add a rep, or change the name, employee number and role of an existing one."""
    row = session.get(Rep, id)
    if row is None:
        session.add(Rep(id=id, name=name, role=role, employee_number=employee_number, active=True))
    else:
        row.name, row.employee_number, row.role = name, employee_number, role
    session.flush()
