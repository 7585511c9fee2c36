"""Rules of a server's lock: enrolment, tokens, and how problems look."""

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync_protocol.conformance.client import Client, checked, refused
from sync_protocol.conformance.verdict import Rule, expect
from sync_protocol.enrol import EnrolReplySchema, TokenReplySchema

PAGE = "docs/protocol.md"
ENROLMENT = f"{PAGE}#enrolment-and-tokens"


def enrol(client: Client) -> None:
    tokens = client.tokens
    again = checked(client.enrol(), EnrolReplySchema)
    expect(again["device_id"] == tokens["device_id"], "the same code and key gave another device")
    client.enrolled = again
    refused(client.enrol(Ed25519PrivateKey.generate()), 400, "enrolment_code_invalid")
    wrong = Client(client.server, "00000-00000-00000", client.transport)
    refused(wrong.enrol(), 400, "enrolment_code_invalid")
    wrong.close()


def token(client: Client) -> None:
    held = client.tokens["refresh_token"]
    first = checked(client.refresh(held), TokenReplySchema)
    again = checked(client.refresh(held), TokenReplySchema)
    expect(first["refresh_token"] == again["refresh_token"], "after a lost reply the successor is another one")
    refused(client.refresh(held, Ed25519PrivateKey.generate()), 401, "refresh_invalid")
    client.tokens.update(again)
    client.rotate()
    refused(client.refresh(held), 401, "refresh_invalid")


def locked(client: Client) -> None:
    doors = (("GET", "/v1/pull"), ("POST", "/v1/push"), ("POST", "/v1/sync"), ("POST", "/v1/receipts"))
    for method, path in doors:
        refused(client.ask(method, path, token=None), 401, "token_missing")
        refused(client.ask(method, path, token="a.b.c"), 401, "token_invalid")  # noqa: S106 - no token of anybody


def open_doors(client: Client) -> None:
    limits = checked(client.ask("GET", "/v1/limits", token=None), None)
    wanted = ("push_submissions", "push_bytes", "submission_bytes", "receipt_bytes", "poll_after_seconds")
    lacking = [name for name in wanted if not isinstance(limits.get(name), int)]
    expect(not lacking, f"/v1/limits does not tell {', '.join(lacking)}")
    described = checked(client.ask("GET", "/v1/openapi.json", token=None), None)
    expect(str(described.get("openapi", "")).startswith("3.1"), "/v1/openapi.json is not OpenAPI 3.1")


def envelope(client: Client) -> None:
    def push(content: bytes, coding: str = "identity") -> httpx.Response:
        headers = {"Content-Type": "application/json", "Content-Encoding": coding}
        return client.ask("POST", "/v1/push", content=content, headers=headers)

    refused(push(b'{"submissions":[1,]}'), 400, "not_json")
    refused(push(b'{"submissions":[],"submissions":[]}'), 400, "not_json")
    refused(push(b'{"submissions":5}'), 422, "envelope_invalid")
    refused(push(b"x", "br"), 415, "encoding_unsupported")
    refused(push(b"not gzip", "gzip"), 400, "body_damaged")
    refused(client.ask("GET", "/v1/nothing"), 404, "not_found")
    refused(client.ask("DELETE", "/v1/pull"), 405, "method_not_allowed")


RULES = [
    Rule("enrol", "The same code and key give the same device, another key none", ENROLMENT, enrol),
    Rule("token", "A lost reply gives the same successor; used up means used up", ENROLMENT, token),
    Rule("locked", "No door without a good token", f"{PAGE}#requests", locked),
    Rule("open-doors", "Limits and description for everybody", f"{PAGE}#requests", open_doors),
    Rule("envelope", "Each malformed request has its problem", f"{PAGE}#errors", envelope),
]
