"""OpenAPI and the generated reference describe what the program does, and nothing else."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from backend.api import reference
from backend.api.openapi.document import document, schemas
from backend.api.route import Auth
from backend.api.routes import ROUTES
from backend.webapp import blueprint as webapp
from sync_protocol.catalogue import COLLECTIONS, KINDS
from sync_protocol.errors import WEB_SERVER_CODES, ErrorCode
from sync_protocol.reference.json_schema import DIALECT, definitions, name_of
from tests.unit.api.installation import Installation, api_rules
from tests.unit.sync import company

DOCS = Path(__file__).parents[4] / "docs"
DEFINITIONS = definitions(schemas(ROUTES))


def faults(name: str, value: Any) -> list[str]:
    schema = {"$schema": DIALECT, "$ref": f"#/$defs/{name}", "$defs": DEFINITIONS}
    return [error.message for error in Draft202012Validator(schema).iter_errors(value)]


def test_openapi_describes_exactly_the_routes(installation: Installation) -> None:
    described = installation.client.get("/v1/openapi.json").json
    routes = {
        (re.sub(r"<(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in api_rules(installation)
        # The files of the phone app are no API.
        if rule.rule not in webapp.PATHS
        for method in rule.methods - ({"HEAD"} if "GET" in rule.methods else set())
    }
    assert routes == {(path, m) for path, item in described["paths"].items() for m in item if m != "parameters"}


def test_openapi_is_a_valid_document() -> None:
    described = document(ROUTES)
    for name, schema in described["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert schema, name
    text = json.dumps(described)
    for reference_ in set(re.findall(r'"#/components/schemas/(\w+)"', text)):
        assert reference_ in described["components"]["schemas"]


def test_openapi_marks_public_routes() -> None:
    described = document(ROUTES)["paths"]
    for route in ROUTES:
        operation = described[re.sub(r"<(\w+)>", r"{\1}", route.path)][route.method.lower()]
        public = route.auth is Auth.PUBLIC
        assert bool(operation["security"]) != public
        assert ("401" in operation["responses"]) == (not public or route.name == "token")


def test_openapi_describes_every_error_code() -> None:
    text = json.dumps(document(ROUTES)["paths"])
    unnamed = {code.code for code in ErrorCode if code.status and f"`{code.code}`" not in text}
    assert unnamed == {"method_not_allowed", *(code.code for code in WEB_SERVER_CODES)}


@pytest.mark.parametrize("name", reference.pages())
def test_the_generated_reference_is_current(name: str) -> None:
    """`python -m backend.api.reference docs/reference` writes it."""
    assert (DOCS / "reference" / name).read_text(encoding="utf-8") == reference.pages()[name]


def test_the_reference_names_every_collection_kind_and_code() -> None:
    catalogue, errors = reference.pages()["catalogue.md"], reference.pages()["errors.md"]
    assert all(f"### {name}\n" in catalogue for name in (*COLLECTIONS, *KINDS))
    assert all(f"| `{code.code}` |" in errors for code in ErrorCode)
    assert "On hand minus reserved; it may be negative." in catalogue, "the notes below the fields are missing"


RECORDS = [
    company.customer("C1", "NW", replaced_by="C2"),
    company.order("O1", "C1"),
    company.receivable("R1", "C1"),
    company.unit(),
    company.product("P1"),
    company.warehouse("W1"),
    company.expense_category(),
]


@pytest.mark.parametrize("put", RECORDS, ids=lambda put: put.collection)
def test_valid_records_match_their_json_schema(put: Any) -> None:
    name = name_of(COLLECTIONS[put.collection].schema)
    assert faults(name, put.record) == []
    for field in put.record:
        assert faults(name, {key: value for key, value in put.record.items() if key != field}) != []
        assert faults(name, {**put.record, field: 1.5}) != []
    assert faults(name, {**put.record, "stranger": 1}) != []


def test_openapi_validates_a_submission_by_its_kind() -> None:
    document = company.submission("01KBR9Z8Q5T0000000000000AA", company.order_body())
    assert faults("Submission", document) == []
    assert faults("Submission", {**document, "kind": "a_newer_one", "body": {}}) == []
    assert faults("Submission", {**document, "kind": "forecast"}) != []
    assert faults("Submission", {**document, "body": company.order_body(order_date="today")}) != []


def test_openapi_validates_a_change_by_its_collection() -> None:
    change = {
        "channel": "everyone",
        "collection": "units",
        "put": [[1, company.unit().record]],
        "gone": [[2, "x"]],
    }
    assert faults("Changes", change) == []
    assert faults("Changes", {**change, "collection": "warehouses"}) != []
    assert faults("Changes", {**change, "put": [company.unit().record]}) != []
    assert faults("Changes", {**change, "gone": ["x"]}) != []
