"""The golden exchanges of the office's API: today's replies equal them, and OpenAPI describes them."""

import re
from pathlib import Path
from typing import Any

import pytest

from backend.api.openapi.document import document
from backend.api.routes import ROUTES
from backend.settings import read_settings
from sync_protocol.office import OfficeActionSchema, ParkedListSchema, ParkedSchema
from sync_protocol.problem import ProblemSchema
from tests.contract.wire import exchange, office
from tests.contract.wire.test_golden import check
from tests.contract.wire.world import world

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
    schema = ProblemSchema if status >= 400 else ParkedListSchema if "documents" in body else ParkedSchema
    assert schema().validate(body) == {}
    if "body" in golden["request"]:
        assert OfficeActionSchema().validate(golden["request"]["body"]) == {}


def operation(request: dict[str, Any]) -> dict[str, Any]:
    path = re.sub(r"/parked/[0-9A-Z]{26}\b", "/parked/{id}", request["path"])
    described: dict[str, Any] = document(ROUTES)["paths"][path][request["method"].lower()]
    return described
