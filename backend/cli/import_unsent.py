"""`satchel import-unsent`: documents that a wiped phone had not sent."""

from collections import Counter
from pathlib import Path

import click
from sqlalchemy.orm import sessionmaker

from backend import doorbell
from backend.cli.context import console, engine_of, load_settings, local_user
from backend.cli.refusal import CannotRun
from backend.clock import SystemClock
from backend.identity import audit
from backend.identity.models import Rep
from backend.sync.unsent_import import ExportInvalid, import_export, read_export


@click.command("import-unsent")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--rep", "rep_id", help="Take the documents only if they are of the rep with this id.")
def import_unsent(file: Path, rep_id: str | None) -> None:
    """Import the FILE that a phone wrote when it was wiped: documents and receipts that it had not sent.

    Each document keeps its id. So a document that arrived after all is recognised, and the import may be
    repeated.
    """
    settings, clock = load_settings(), SystemClock()
    try:
        export = read_export(file)
    except ExportInvalid as error:
        raise CannotRun(str(error)) from None
    if rep_id not in (None, export.rep):
        raise CannotRun(f"{file} holds documents of rep {export.rep}, not of {rep_id}")
    with engine_of(settings) as engine:
        sessions = sessionmaker(engine, expire_on_commit=False)
        with sessions() as session, session.begin():
            if session.get(Rep, export.rep) is None:
                raise CannotRun(f"{file} holds documents of rep {export.rep}, who does not exist here")
            audit.record(
                session,
                actor=local_user(),
                action="documents.import",
                subject=export.rep,
                detail={"device": export.device, "documents": len(export.documents)},
                now=clock.now(),
            )
        imported = import_export(sessions, settings.folder, export, clock)
    doorbell.ring(settings)
    statuses = Counter(str(result["status"]) for result in imported.results)
    console.print(
        f"Rep {export.rep}: {len(imported.results)} documents"
        f" ({', '.join(f'{count} {status}' for status, count in statuses.items()) or 'none'}),"
        f" {imported.receipts} receipts.",
        soft_wrap=True,
    )
    for result in imported.results:
        for fault in result["errors"]:
            line = f"{result['id']} {fault['field']}: {fault['message']}"
            console.print(line, soft_wrap=True, highlight=False, markup=False)
    for refusal in imported.refused_receipts:
        console.print(refusal, style="yellow", soft_wrap=True)
