"""The golden exchanges of the office's API: today's replies equal them, and OpenAPI describes them."""

import re
from pathlib import Path
from typing import Any

import pytest
from marshmallow import Schema

from backend.api.openapi.document import document
from backend.api.routes import ROUTES
from backend.settings import read_settings
from sync_protocol.office import OfficeActionSchema, ParkedListSchema, ParkedSchema
from sync_protocol.office_batches import BatchRequestSchema, BatchSchema, CauseListSchema, UndoSchema
from sync_protocol.problem import ProblemSchema
from tests.contract.wire import exchange, office
from tests.contract.wire.test_golden import check
from tests.contract.wire.world import world

BATCH = dict.fromkeys(("batch", "batch-begin", "batch-continue", "batch-undo"), BatchSchema)
SCHEMAS: dict[str, type[Schema]] = {"list": ParkedListSchema, "causes": CauseListSchema, **BATCH}
"""The schemas of the replies; `ParkedSchema` of all others."""
REQUESTS: dict[str, type[Schema]] = {"batch-begin": BatchRequestSchema, "batch-undo": UndoSchema}
NAMES = exchange.names(office.FOLDER)


def test_the_office_api_answers_as_the_golden_exchanges_say(tmp_path: Path) -> None:
    """`make reference` writes them again."""
    with world(read_settings({"SATCHEL_FOLDER": str(tmp_path / "instance")})) as installation:
        played = dict(office.play(installation))
    assert sorted(played) == NAMES
    for name, golden in played.items():
        assert golden == exchange.read(name, office.FOLDER), name


@pytest.mark.parametrize("name", NAMES)
def test_golden_exchanges_of_the_office_match_openapi_and_the_schemas(name: str) -> None:
    golden = exchange.read(name, office.FOLDER)
    body, status = golden["reply"]["body"], golden["reply"]["status"]
    described = operation(golden["request"])
    [content] = described["responses"][str(status)]["content"].values()
    check(content["schema"], body)
    assert (ProblemSchema if status >= 400 else SCHEMAS.get(name, ParkedSchema))().validate(body) == {}
    if "body" in golden["request"]:
        assert REQUESTS.get(name, OfficeActionSchema)().validate(golden["request"]["body"]) == {}


def operation(request: dict[str, Any]) -> dict[str, Any]:
    path = re.sub(r"/(parked|batches)/[0-9A-Z]{26}\b", r"/\1/{id}", request["path"])
    described: dict[str, Any] = document(ROUTES)["paths"][path][request["method"].lower()]
    return described
