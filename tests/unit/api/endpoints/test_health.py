"""livez and readyz: what removes a node from the load balancer, and what does not."""

from dataclasses import replace
from typing import Any

import pytest

from backend.api.services import EXTENSION
from backend.database.core import Model
from backend.database.web_session import db
from backend.migrations.upgrade import upgrade
from tests.unit.api.installation import Installation

NO_WORKER = "no worker has run yet: documents are stored, but not sent to the ERP"


@pytest.fixture
def migrated(installation: Installation) -> Installation:
    """An installation whose tables were created by the migrations."""
    engine = installation.sessions().get_bind()
    Model.metadata.drop_all(engine)
    upgrade(engine)
    return installation


def test_a_migrated_node_is_ready(migrated: Installation) -> None:
    reply = migrated.client.get("/readyz")
    assert (reply.status_code, reply.json) == (
        200,
        {"status": "ready", "problems": [], "warnings": [NO_WORKER]},
    )


def test_readyz_reports_a_database_without_tables(installation: Installation) -> None:
    reply = installation.client.get("/readyz")
    assert reply.status_code == 503
    assert "run `satchel init`" in reply.json["problems"][0]


def test_readyz_fails_and_livez_succeeds_without_a_database(
    migrated: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with migrated.app.app_context():
        db.engine.dispose()
    (migrated.settings.folder / "satchel.sqlite").rename(migrated.settings.folder / "elsewhere")
    (migrated.settings.folder / "satchel.sqlite").mkdir()
    reply = migrated.client.get("/readyz")
    assert (reply.status_code, reply.json["problems"]) == (503, ["the database does not answer"])
    assert migrated.client.get("/livez").status_code == 200


def test_readyz_warns_of_an_unreachable_redis(migrated: Installation) -> None:
    satchel: Any = migrated.app.extensions[EXTENSION]
    settings = replace(satchel.settings, redis_url="redis://127.0.0.1:1/0")
    migrated.app.extensions[EXTENSION] = replace(satchel, settings=settings)
    reply = migrated.client.get("/readyz")
    assert (reply.status_code, len(reply.json["warnings"])) == (200, 2)
