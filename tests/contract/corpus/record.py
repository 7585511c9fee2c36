"""Freezes the corpus of the revision that is about to be released: `python -m tests.contract.corpus.record`."""

import sys
import tempfile
from pathlib import Path

from backend.api.openapi.document import schemas
from backend.api.routes import ROUTES
from backend.settings import read_settings
from sync_protocol import SCHEMA_REVISION
from sync_protocol.reference.json_schema import definitions
from tests.contract.corpus import corpus
from tests.contract.wire.story import Story
from tests.contract.wire.world import first_records, world


def freeze(revision: int) -> None:
    """Play the golden story on a fresh database and keep it as the corpus of *revision*."""
    corpus.folder(revision).mkdir()
    records = first_records()
    with tempfile.TemporaryDirectory() as folder:
        settings = read_settings({"SATCHEL_FOLDER": str(Path(folder) / "instance")})
        with world(settings, records) as installation:
            story = Story(installation)
            for name, golden in story.play():
                corpus.write(revision, name, golden)
    first = [[put.collection, put.key, dict(put.record)] for put in records]
    corpus.write(revision, "story", {"records": first, "steps": story.stage.steps})
    corpus.write(revision, "catalogue", definitions(schemas(ROUTES)))


if __name__ == "__main__":
    if corpus.folder(SCHEMA_REVISION).exists():
        sys.exit(f"revision {SCHEMA_REVISION} has a corpus already; a released corpus is never written again")
    freeze(SCHEMA_REVISION)
