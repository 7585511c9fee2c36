"""The scripted server notices what breaks the rules of the wire, also where no rule of the kit asks for it."""

import base64
import hashlib
import json
from dataclasses import replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync_protocol import base64url
from sync_protocol.conformance.http_server import Reply, Request
from sync_protocol.conformance.proofs import proof_faults
from sync_protocol.conformance.script import Script
from sync_protocol.conformance.scripted_server import ScriptedServer

KEY = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
JWK = {"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(KEY.public_key().public_bytes_raw())}
RECEIPT = b"a receipt"
RIGHT_PIECE = {
    "tus-resumable": "1.0.0",
    "upload-offset": "0",
    "content-type": "application/offset+octet-stream",
}


NOW = 1_800_000_000.0


def request_with(proof: str) -> Request:
    return Request("POST", "/v1/token", {}, {"dpop": proof, "host": "x"}, b"{}")


def proof(header: Any = None, **changed: Any) -> Request:
    """Return a request for tokens; *header* and *changed* replace members of its proof."""
    payload = {"jti": "1", "htm": "POST", "htu": "http://x/v1/token", "iat": int(NOW), "nonce": "n", **changed}
    headers = {"typ": "dpop+jwt", "jwk": JWK, **(header or {})}
    return request_with(jwt.encode(payload, KEY, algorithm="EdDSA", headers=headers))


@pytest.mark.parametrize(
    ("request_", "fault"),
    [
        (request_with(""), "has no proof"),
        (request_with("a.b.c"), "not signed by the enrolled key"),
        (proof({"typ": "JWT"}), "'dpop+jwt'"),
        (proof({"typ": "satchel-proof+jwt"}), "'dpop+jwt'"),
        (proof({"kid": "1"}), "instead of alg, jwk, typ"),
        (proof({"jwk": {**JWK, "x": "A" * 43}}), "not the enrolled one"),
        (proof({"jwk": {**JWK, "d": "A" * 43}}), "private key"),
        (proof(htm="GET"), "method"),
        (proof(htu="http://y/v1/token"), "address"),
        (proof(htu="http://x/v1/enrol"), "address"),
        (proof(htu="http://x/v1/token?a=1"), "address"),
        (proof(jti=""), "jti"),
        (proof(iat=str(int(NOW))), "whole seconds"),
        (proof(iat=int(NOW) - 301), "server's time"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_proof_for_something_else_is_a_fault(request_: Request, fault: str) -> None:
    assert proof_faults(proof(), JWK, NOW) == []
    (message,) = proof_faults(request_, JWK, NOW)
    assert fault in message


def test_a_proof_is_accepted_once_and_with_a_nonce_of_the_server() -> None:
    server = ScriptedServer(Script())
    server.public_key = JWK
    at = int(server.clock())
    first = server.answer(proof(iat=at))
    assert (first.status, json.loads(first.body)["code"]) == (400, "use_dpop_nonce")
    good = replace(proof(iat=at, nonce=first.headers["DPoP-Nonce"]), body=b'{"refresh_token": "refresh-1"}')
    assert server.answer(good).status == 200 and server.faults == []
    assert server.answer(good).status == 400 and "same `jti`" in server.faults[0]


@pytest.fixture
def server() -> ScriptedServer:
    """A server with an upload of RECEIPT at its start."""
    scripted_server = ScriptedServer(Script())
    metadata = f"sha256 {base64.b64encode(hashlib.sha256(RECEIPT).hexdigest().encode()).decode()}"
    headers = {"tus-resumable": "1.0.0", "upload-length": str(len(RECEIPT)), "upload-metadata": metadata}
    scripted_server.receipts.answer(Request("POST", "/v1/receipts", {}, headers, b""))
    return scripted_server


def send_piece(server: ScriptedServer, **headers: str) -> Reply:
    """Send RECEIPT in one piece; *headers* replace those that are right, with _ for -."""
    (path,) = server.receipts.uploads
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.receipts.answer(Request("PATCH", path, {}, RIGHT_PIECE | changed, RECEIPT))


def test_a_piece_of_a_receipt_is_stored(server: ScriptedServer) -> None:
    assert send_piece(server).status == 204
    assert list(server.receipts.stored.values()) == [RECEIPT]
    assert server.receipts.pieces == [len(RECEIPT)]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content_type": "application/json"}, 415),
        ({"upload_offset": "1"}, 409),
        ({"tus_resumable": "0.2"}, 412),
    ],
)
def test_a_piece_with_a_wrong_header_is_refused(
    server: ScriptedServer, headers: dict[str, str], status: int
) -> None:
    assert send_piece(server, **headers).status == status
    assert server.receipts.stored == {} and server.receipts.pieces == []


def test_a_request_is_answered_once_by_the_test_and_then_by_the_rules(server: ScriptedServer) -> None:
    request = Request("GET", "/v1/pull", {}, {}, b"")
    server.once("/v1/pull", lambda request: Reply(418))
    assert [server.respond(request).status for _ in range(2)] == [418, 401]
    server.valid_tokens.add("t")
    allowed = replace(request, headers={"authorization": "Bearer t"})
    reply = server.respond(allowed)
    tagged = {**allowed.headers, "if-none-match": reply.headers["ETag"]}
    idle = replace(allowed, headers=tagged, query={"cursor": "kit:nothing"})
    assert server.respond(idle).status == 304
    assert len(server.received) == 4
