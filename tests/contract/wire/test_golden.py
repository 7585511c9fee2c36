"""The golden exchanges: the server's replies equal the files, and the schemas accept them."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft202012Validator
from marshmallow import Schema

from backend.api.openapi.document import document
from backend.api.routes import ROUTES
from backend.settings import Settings
from sync_protocol.conformance.http_server import Request
from sync_protocol.conformance.proofs import proof_faults
from sync_protocol.dpop import nonce_time
from sync_protocol.enrol import EnrolReplySchema, TokenReplySchema
from sync_protocol.errors import WEB_SERVER_CODES, ErrorCode
from sync_protocol.problem import ProblemSchema
from sync_protocol.pull import PageSchema, SyncReplySchema
from sync_protocol.push import PushReplySchema
from sync_protocol.verify import VerifyReplySchema
from tests.contract.wire import exchange, office
from tests.contract.wire.story import Story
from tests.contract.wire.world import world

pytestmark = pytest.mark.both_dialects

DOCUMENT = document(ROUTES)
REPLIES: dict[str, type[Schema]] = {
    "/v1/enrol": EnrolReplySchema,
    "/v1/token": TokenReplySchema,
    "/v1/pull": PageSchema,
    "/v1/push": PushReplySchema,
    "/v1/sync": SyncReplySchema,
    "/v1/verify": VerifyReplySchema,
}


def test_the_server_answers_as_the_golden_exchanges_say(settings: Settings) -> None:
    """Every golden request is sent again, on both databases; `make reference` writes them."""
    with world(settings) as installation:
        exchanges = dict(Story(installation).play())
    assert sorted(exchanges) == exchange.names()
    for name, golden in exchanges.items():
        assert exchange.comparable(golden) == exchange.comparable(exchange.read(name)), name


def test_every_error_of_an_envelope_has_its_example() -> None:
    examples = {name.removeprefix("problem-") for name in exchange.names() if name.startswith("problem-")}
    # Errors that only the office's routes return have their examples in the folder of that API.
    examples |= {name.removeprefix("problem-") for name in exchange.names(office.FOLDER) if "problem-" in name}
    # The web server's own are in tests/unit/web_server/test_error_pages.py: these exchanges end at the app.
    assert examples == {code.code for code in ErrorCode if code.status and code not in WEB_SERVER_CODES}


def test_every_result_of_a_push_has_its_example() -> None:
    results = [r for name in ("push", "push-again") for r in exchange.read(name)["reply"]["body"]["results"]]
    assert {r["status"] for r in results} == {"received", "refused", "quarantined", "duplicate"}


@pytest.mark.parametrize("name", exchange.names())
def test_golden_replies_match_openapi_and_the_schemas(name: str) -> None:
    golden = exchange.read(name)
    body, status = golden["reply"].get("body"), golden["reply"]["status"]
    described = operation(golden["request"])
    if described is None:
        assert name in ("problem-not_found", "problem-method_not_allowed")
        assert ProblemSchema().validate(body) == {}
        return
    reply = described["responses"][str(status)]
    if body is None:
        return
    content_type = golden["reply"]["headers"]["Content-Type"]
    check(reply["content"][content_type]["schema"], body)
    schema = ProblemSchema if status >= 400 else REPLIES.get(golden["request"]["path"])
    if schema is not None:
        assert schema().validate(body) == {}


@pytest.mark.parametrize("name", exchange.names())
def test_successful_golden_requests_match_openapi(name: str) -> None:
    golden = exchange.read(name)
    described = operation(golden["request"])
    results = (golden["reply"].get("body") or {}).get("results", [])
    refused = any(result["status"] in ("refused", "quarantined") for result in results)
    if described and golden["reply"]["status"] < 400 and not refused and "body" in golden["request"]:
        check(described["requestBody"]["content"]["application/json"]["schema"], golden["request"]["body"])


def operation(request: dict[str, Any]) -> dict[str, Any] | None:
    path = request["path"]
    if path.startswith("/v1/receipts/"):
        path = "/v1/receipts/{upload_id}"
    if path.startswith("/v1/segments/"):
        path = "/v1/segments/{sha256}"
    described: dict[str, Any] | None = DOCUMENT["paths"].get(path, {}).get(request["method"].lower())
    return described


def check(schema: dict[str, Any], value: Any) -> None:
    resolved = {**schema, "components": DOCUMENT["components"]}
    faults = [
        f"{error.json_path}: {error.message}" for error in Draft202012Validator(resolved).iter_errors(value)
    ]
    assert faults == []


def test_the_proof_of_the_example_is_a_test_vector() -> None:
    """Its signature, type, method, address and time are those that docs/protocol.md describes."""
    enrolled = exchange.read("enrol")
    key, issuer = enrolled["request"]["body"]["public_key"], enrolled["reply"]["body"]["issuer"]
    for name in ("enrol", "token"):
        request = exchange.read(name)["request"]
        headers = {"dpop": request["headers"]["DPoP"], "host": urlsplit(issuer).netloc}
        server_time = nonce_time(exchange.read(name)["reply"]["headers"]["DPoP-Nonce"])
        assert server_time is not None
        sent = Request("POST", request["path"], {}, headers, b"")
        assert proof_faults(sent, key, server_time) == []
