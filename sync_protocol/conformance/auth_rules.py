"""Rules of a server's authentication: enrolment, tokens, and the form of problems."""

import json
import time

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync_protocol.conformance.client import Client, expect_json, expect_problem
from sync_protocol.conformance.rule import Rule, expect
from sync_protocol.enrol import EnrolReplySchema, TokenReplySchema

PAGE = "docs/protocol.md"
ENROLMENT = f"{PAGE}#enrolment-and-tokens"
NOT_SIGNED = "a.b.c"
"""Has the form of a token."""


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


def proof(client: Client) -> None:
    """A proof is for one method, address, time and nonce, and for one request."""
    client.rotate()
    path, body = "/v1/token", {"refresh_token": client.tokens["refresh_token"]}

    def refused(proof: str | None, code: str = "invalid_dpop_proof") -> None:
        reply = client.send_proof(path, body, proof)
        expect_problem(reply, 400, code)
        expect("dpop-nonce" in reply.headers, f"{code} came without a DPoP-Nonce")

    refused(None)
    refused("not.a.proof")
    refused(client.proof(path, htm="GET"))
    refused(client.proof(path, htu=f"{client.server}/v1/enrol"))
    refused(client.proof(path, htu=f"https://elsewhere.example{path}"))
    refused(client.proof(path, jti=""))
    refused(client.proof(path, nonce="1.none"), "use_dpop_nonce")
    refused(client.proof(path, iat=1), "use_dpop_nonce")
    used = client.proof(path)
    client.tokens.update(expect_json(client.send_proof(path, body, used), TokenReplySchema))
    refused(used)


def wiped(client: Client) -> None:
    """Nobody but the server orders a wipe, and no order that it did not give is confirmed."""
    client.rotate()
    for order in ("", "sw1.x", f"sw1.{client.tokens['device_id']}.{'A' * 43}"):
        reply = client.request("POST", "/v1/wiped", token=None, json={"wipe_order": order, "exported": 0})
        expect_problem(reply, 400, "wipe_order_invalid")
    reply = client.request("GET", "/v1/pull")
    expect(reply.status_code == 200, "a confirmation that was refused has revoked the device")


def requires_token(client: Client) -> None:
    routes = (("GET", "/v1/pull"), ("POST", "/v1/push"), ("POST", "/v1/sync"), ("POST", "/v1/receipts"))
    for method, path in routes:
        expect_problem(client.request(method, path, token=None), 401, "token_missing")
        expect_problem(client.request(method, path, token=NOT_SIGNED), 401, "token_invalid")


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


def bounds(client: Client) -> None:
    headers = {"Content-Type": "application/json"}
    large = json.dumps({"code": "x" * 100_000, "public_key": {}, "device_name": "conformance kit"}).encode()
    reply = client.request("POST", "/v1/enrol", token=None, content=large, headers=headers)
    expect_problem(reply, 413, "body_too_large")
    deep = b'{"submissions":[' + b"[" * 200 + b"]" * 200 + b"]}"
    expect_problem(client.request("POST", "/v1/push", content=deep, headers=headers), 400, "not_json")


def reuse(client: Client) -> None:
    first = client.tokens["refresh_token"]
    client.rotate()
    client.rotate()
    # A proof that may be older than the last refresh is no reuse: the request may have been late.
    time.sleep(1.1)
    client.nonce = None
    expect_problem(client.refresh(first), 401, "refresh_invalid")
    expect_problem(client.refresh(client.tokens["refresh_token"]), 401, "refresh_invalid")
    expect_problem(client.request("GET", "/v1/pull"), 401, "token_invalid")


LAST = [Rule("reuse", "A reused refresh token ends the enrolment, with all its tokens", ENROLMENT, reuse)]
"""Checked after all other rules: the device must enrol again."""

RULES = [
    Rule("enrol", "The same code and key give the same device; another key gives none", ENROLMENT, enrol),
    Rule("token", "After a lost reply the same next token; another key gets none", ENROLMENT, token),
    Rule("proof", "A proof is for one request, address, time and nonce", ENROLMENT, proof),
    Rule("wiped", "A confirmation needs the order of this server", f"{PAGE}#wiping", wiped),
    Rule("token-required", "Protected routes need a valid token", f"{PAGE}#requests", requires_token),
    Rule("public-routes", "Limits and OpenAPI document need no token", f"{PAGE}#requests", public_routes),
    Rule("bounds", "Kilobytes without a token, and JSON of few levels", f"{PAGE}#requests", bounds),
    Rule("envelope", "Each malformed request gets its own problem", f"{PAGE}#errors", envelope),
]
