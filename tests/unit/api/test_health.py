"""livez and readyz: what removes a node from the load balancer, and what does not."""

from dataclasses import replace
from typing import Any

import pytest

from backend.api.services import EXTENSION
from backend.database.core import Model, db
from backend.migrations.upgrade import upgrade
from tests.unit.api.installation import Installation


@pytest.fixture
def migrated(here: Installation) -> Installation:
    """An installation whose tables were created by the migrations."""
    engine = here.sessions().get_bind()
    Model.metadata.drop_all(engine)
    upgrade(engine)
    return here


def test_a_node_that_was_set_up_is_ready(migrated: Installation) -> None:
    reply = migrated.client.get("/readyz")
    assert (reply.status_code, reply.json) == (200, {"status": "ready", "problems": [], "warnings": []})


def test_a_database_that_was_not_set_up_is_said_to_be_so(here: Installation) -> None:
    reply = here.client.get("/readyz")
    assert reply.status_code == 503
    assert "run `satchel init`" in reply.json["problems"][0]


def test_a_database_that_does_not_answer_is_a_problem_and_the_process_lives(
    migrated: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with migrated.app.app_context():
        db.engine.dispose()
    (migrated.settings.folder / "satchel.sqlite").rename(migrated.settings.folder / "elsewhere")
    (migrated.settings.folder / "satchel.sqlite").mkdir()
    reply = migrated.client.get("/readyz")
    assert (reply.status_code, reply.json["problems"]) == (503, ["the database does not answer"])
    assert migrated.client.get("/livez").status_code == 200


def test_a_redis_that_is_away_is_a_warning(migrated: Installation) -> None:
    here: Any = migrated.app.extensions[EXTENSION]
    settings = replace(here.settings, redis_url="redis://127.0.0.1:1/0")
    migrated.app.extensions[EXTENSION] = replace(here, settings=settings)
    reply = migrated.client.get("/readyz")
    assert (reply.status_code, len(reply.json["warnings"])) == (200, 1)
