"""Rules of a server's authentication: enrolment, tokens, and the form of problems."""

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync_protocol.conformance.client import Client, expect_json, expect_problem
from sync_protocol.conformance.verdict import Rule, expect
from sync_protocol.enrol import EnrolReplySchema, TokenReplySchema

PAGE = "docs/protocol.md"
ENROLMENT = f"{PAGE}#enrolment-and-tokens"


def enrol(client: Client) -> None:
    tokens = client.tokens
    again = expect_json(client.enrol(), EnrolReplySchema)
    expect(again["device_id"] == tokens["device_id"], "the same code and key gave another device")
    client.enrolled = again
    expect_problem(client.enrol(Ed25519PrivateKey.generate()), 400, "enrolment_code_invalid")
    wrong = Client(client.server, "00000-00000-00000", client.transport)
    expect_problem(wrong.enrol(), 400, "enrolment_code_invalid")
    wrong.close()


def token(client: Client) -> None:
    refresh_token = client.tokens["refresh_token"]
    first = expect_json(client.refresh(refresh_token), TokenReplySchema)
    again = expect_json(client.refresh(refresh_token), TokenReplySchema)
    expect(
        first["refresh_token"] == again["refresh_token"],
        "after a lost reply the next refresh token is a different one",
    )
    expect_problem(client.refresh(refresh_token, Ed25519PrivateKey.generate()), 401, "refresh_invalid")
    client.tokens.update(again)
    client.rotate()
    expect_problem(client.refresh(refresh_token), 401, "refresh_invalid")


def requires_token(client: Client) -> None:
    routes = (("GET", "/v1/pull"), ("POST", "/v1/push"), ("POST", "/v1/sync"), ("POST", "/v1/receipts"))
    for method, path in routes:
        expect_problem(client.request(method, path, token=None), 401, "token_missing")
        expect_problem(client.request(method, path, token="a.b.c"), 401, "token_invalid")  # noqa: S106 - no token of anybody


def public_routes(client: Client) -> None:
    limits = expect_json(client.request("GET", "/v1/limits", token=None), None)
    required = ("push_submissions", "push_bytes", "submission_bytes", "receipt_bytes", "poll_after_seconds")
    missing = [name for name in required if not isinstance(limits.get(name), int)]
    expect(not missing, f"/v1/limits lacks {', '.join(missing)}")
    document = expect_json(client.request("GET", "/v1/openapi.json", token=None), None)
    expect(str(document.get("openapi", "")).startswith("3.1"), "/v1/openapi.json is not OpenAPI 3.1")


def envelope(client: Client) -> None:
    def push(content: bytes, coding: str = "identity") -> httpx.Response:
        headers = {"Content-Type": "application/json", "Content-Encoding": coding}
        return client.request("POST", "/v1/push", content=content, headers=headers)

    expect_problem(push(b'{"submissions":[1,]}'), 400, "not_json")
    expect_problem(push(b'{"submissions":[],"submissions":[]}'), 400, "not_json")
    expect_problem(push(b'{"submissions":5}'), 422, "envelope_invalid")
    expect_problem(push(b"x", "br"), 415, "encoding_unsupported")
    expect_problem(push(b"not gzip", "gzip"), 400, "body_damaged")
    expect_problem(client.request("GET", "/v1/nothing"), 404, "not_found")
    expect_problem(client.request("DELETE", "/v1/pull"), 405, "method_not_allowed")


RULES = [
    Rule("enrol", "The same code and key give the same device; another key gives none", ENROLMENT, enrol),
    Rule("token", "After a lost reply the same next token; a used token is refused", ENROLMENT, token),
    Rule("token-required", "Protected routes need a valid token", f"{PAGE}#requests", requires_token),
    Rule("public-routes", "Limits and OpenAPI document need no token", f"{PAGE}#requests", public_routes),
    Rule("envelope", "Each malformed request gets its own problem", f"{PAGE}#errors", envelope),
]
