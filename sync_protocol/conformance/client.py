"""The kit's own device, to test a server: a key, tokens and requests."""

import base64
import json
import time
from collections.abc import Mapping
from typing import Any, NoReturn
from uuid import uuid4

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from marshmallow import Schema

from sync_protocol import base64url
from sync_protocol.conformance.rule import RuleViolation, expect
from sync_protocol.dpop import PROOF_HEADER, PROOF_TYPE, nonce_time
from sync_protocol.enrol import EnrolReplySchema, TokenReplySchema
from sync_protocol.problem import MEDIA_TYPE, ProblemSchema

Json = dict[str, Any]
"""A JSON object as it travels: the schema named beside it declares its keys."""
TIMEOUT = httpx.Timeout(30.0)


class Client:
    """A device of the rep whose one-time enrolment *code* is given; it enrols on first use."""

    def __init__(self, server: str, code: str, http: httpx.BaseTransport | None = None) -> None:
        self.server, self.code = server.rstrip("/"), code
        self.key = Ed25519PrivateKey.generate()
        self.enrolled: Json | None = None
        self.nonce: str | None = None
        """The server's newest nonce for proofs."""
        self.transport = http
        self._http = httpx.Client(base_url=self.server, timeout=TIMEOUT, transport=http)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def request(self, method: str, path: str, *, token: str | None = "", **more: Any) -> httpx.Response:
        """Send a request and return the reply; raises `RuleViolation` if there is none.

        *token* replaces the access token; None sends no token. *more* are arguments of `httpx.Client.request`.
        """
        headers = dict(more.pop("headers", {}))
        if token == "":  # nosec B105 # no password
            token = self.tokens["access_token"]
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            return self._http.request(method, path, headers=headers, **more)
        except httpx.HTTPError as error:
            raise RuleViolation(f"{method} {path} got no reply: {error or type(error).__name__}") from None

    @property
    def tokens(self) -> Json:
        """The reply of the enrolment, with the current tokens; enrols on first use."""
        if self.enrolled is None:
            reply = self.enrol()
            if reply.status_code != 201:
                code = reply.headers.get("satchel-error", "")
                raise RuleViolation(f"the code does not enrol a device: {reply.status_code} {code}".rstrip())
            self.enrolled = expect_json(reply, EnrolReplySchema)
        return self.enrolled

    def enrol(self, key: Ed25519PrivateKey | None = None) -> httpx.Response:
        """Send an enrolment with the code, and with the device's key unless *key* is given."""
        public = base64url.encode((key or self.key).public_key().public_bytes_raw())
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": public}
        body = {"code": self.code, "public_key": jwk, "device_name": "conformance kit", "app_version": "kit"}
        return self.prove("/v1/enrol", body, key or self.key)

    def refresh(self, refresh_token: str, key: Ed25519PrivateKey | None = None) -> httpx.Response:
        """Request new tokens, with a proof signed by the device's key unless *key* is given."""
        return self.prove("/v1/token", {"refresh_token": refresh_token}, key or self.key)

    def prove(self, path: str, body: Json, key: Ed25519PrivateKey) -> httpx.Response:
        """POST *body* with a proof by *key*, once more if the server requires another nonce."""
        reply = self.send_proof(path, body, self.proof(path, key))
        if reply.headers.get("satchel-error") == "use_dpop_nonce":
            expect("dpop-nonce" in reply.headers, f"{path}: use_dpop_nonce came without a DPoP-Nonce")
            self.nonce = reply.headers["dpop-nonce"]
            reply = self.send_proof(path, body, self.proof(path, key))
        return reply

    def send_proof(self, path: str, body: Json, proof: str | None) -> httpx.Response:
        """POST *body* with *proof*; None sends no proof."""
        headers = {} if proof is None else {PROOF_HEADER: proof}
        return self.request("POST", path, token=None, json=body, headers=headers)

    def proof(self, path: str, key: Ed25519PrivateKey | None = None, **changed: Any) -> str:
        """Return a new proof for a POST to *path*; *changed* replaces members of its payload."""
        public = base64url.encode((key or self.key).public_key().public_bytes_raw())
        at = nonce_time(self.nonce) if self.nonce else int(time.time())
        payload = {"jti": uuid4().hex, "htm": "POST", "htu": self.server + path, "iat": at}
        payload |= {"nonce": self.nonce} if self.nonce else {}
        header = {"typ": PROOF_TYPE, "jwk": {"kty": "OKP", "crv": "Ed25519", "x": public}}
        return jwt.encode(payload | changed, key or self.key, algorithm="EdDSA", headers=header)

    def rotate(self) -> Json:
        """Request the next pair of tokens, store it and return it."""
        reply = self.refresh(self.tokens["refresh_token"])
        self.tokens.update(expect_json(reply, TokenReplySchema))
        return self.tokens

    def pull(self, cursor: str | None = None, *, schema: int = 1, **more: Any) -> httpx.Response:
        """Request the page after *cursor*."""
        query = {"schema": str(schema), **({"cursor": cursor} if cursor else {}), **more.pop("query", {})}
        return self.request("GET", "/v1/pull", params=query, **more)

    def push(self, *documents: Mapping[str, Any]) -> list[Json]:
        """Push *documents* and return their results."""
        reply = self.request("POST", "/v1/push", json={"submissions": list(documents)})
        value = expect_json(reply, None)
        results: list[Json] = value.get("results", [])
        expect(len(results) == len(documents), f"{len(documents)} documents, {len(results)} results")
        return results


def expect_json(
    reply: httpx.Response, schema: type[Schema] | None, status: tuple[int, ...] = (200, 201)
) -> Json:
    """Return the JSON of a successful reply, validated with *schema*; raises `RuleViolation`."""
    request = f"{reply.request.method} {reply.request.url.path}"
    if reply.status_code not in status:
        _unexpected(reply, request)
    media = reply.headers.get("content-type", "").partition(";")[0]
    expect(media == "application/json", f"{request} answered with {media or 'no content type'}")
    try:
        value = reply.json()
    except json.JSONDecodeError:
        raise RuleViolation(f"{request} answered with invalid JSON") from None
    if schema is not None:
        faults = schema().validate(value)
        expect(not faults, f"{request}: {faults}")
    return dict(value)


def _unexpected(reply: httpx.Response, request: str) -> NoReturn:
    code = reply.headers.get("satchel-error", "")
    raise RuleViolation(f"{request} was answered with {reply.status_code} {code}".rstrip())


def expect_problem(reply: httpx.Response, status: int, code: str) -> Json:
    """Return the problem in *reply*, which must have *status* and *code*; raises `RuleViolation`."""
    request = f"{reply.request.method} {reply.request.url.path}"
    expect(
        reply.status_code == status,
        f"{request} was answered with {reply.status_code} instead of {status} {code}",
    )
    expect(reply.headers.get("satchel-error") == code, f"{request}: the header Satchel-Error is not {code}")
    if reply.request.method == "HEAD":
        return {}
    media = reply.headers.get("content-type", "")
    expect(media == MEDIA_TYPE, f"{request} answered a problem as {media}")
    value = reply.json()
    faults = ProblemSchema().validate(value)
    expect(not faults, f"{request}: {faults}")
    expect(value["code"] == code, f"{request}: the code is {value['code']} instead of {code}")
    return dict(value)


def b64(data: bytes) -> str:
    """Return *data* in base64."""
    return base64.b64encode(data).decode()
