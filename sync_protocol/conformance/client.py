"""A phone of the kit's own, for exercising a server: a key, tokens, requests, and a replica by the rules."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any, NoReturn
from uuid import uuid4

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from marshmallow import Schema

from sync_protocol import base64url
from sync_protocol.conformance.verdict import RuleViolation, expect
from sync_protocol.enrol import EnrolReplySchema, TokenReplySchema
from sync_protocol.problem import MEDIA_TYPE, ProblemSchema

Json = dict[str, Any]
TIMEOUT = httpx.Timeout(30.0)


class Client:
    """Speaks to *server* with the one-time *code* of a rep; enrols when it is first needed."""

    def __init__(self, server: str, code: str, http: httpx.BaseTransport | None = None) -> None:
        self.server, self.code = server.rstrip("/"), code
        self.key = Ed25519PrivateKey.generate()
        self.enrolled: Json | None = None
        self.transport = http
        self._http = httpx.Client(base_url=self.server, timeout=TIMEOUT, transport=http)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def ask(self, method: str, path: str, *, token: str | None = "", **more: Any) -> httpx.Response:
        """Send a request; with the access token unless *token* says another one, or None for none."""
        headers = dict(more.pop("headers", {}))
        if token == "":
            token = self.tokens["access_token"]
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            return self._http.request(method, path, headers=headers, **more)
        except httpx.HTTPError as error:
            raise RuleViolation(f"{method} {path} was not answered: {error or type(error).__name__}") from None

    @property
    def tokens(self) -> Json:
        """The session, enrolled on first need."""
        if self.enrolled is None:
            reply = self.enrol()
            if reply.status_code != 201:
                code = reply.headers.get("satchel-error", "")
                raise RuleViolation(f"the code does not enrol a device: {reply.status_code} {code}".rstrip())
            self.enrolled = checked(reply, EnrolReplySchema)
        return self.enrolled

    def enrol(self, key: Ed25519PrivateKey | None = None) -> httpx.Response:
        """Enrol with the code, with a key of its own or another one."""
        public = base64url.encode((key or self.key).public_key().public_bytes_raw())
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": public}
        body = {"code": self.code, "public_key": jwk, "device_name": "conformance kit", "app_version": "kit"}
        return self.ask("POST", "/v1/enrol", token=None, json=body)

    def refresh(self, refresh_token: str, key: Ed25519PrivateKey | None = None) -> httpx.Response:
        """Ask for new tokens, with a proof by the device's key or another one."""
        rth = base64url.encode(hashlib.sha256(refresh_token.encode()).digest())
        claims = {"aud": self.tokens["issuer"], "rth": rth, "jti": uuid4().hex}
        proof = jwt.encode(claims, key or self.key, algorithm="EdDSA", headers={"typ": "satchel-proof+jwt"})
        return self.ask("POST", "/v1/token", token=None, json={"refresh_token": refresh_token, "proof": proof})

    def rotate(self) -> Json:
        """Take the next pair of tokens."""
        reply = self.refresh(self.tokens["refresh_token"])
        self.tokens.update(checked(reply, TokenReplySchema))
        return self.tokens

    def pull(self, cursor: str | None = None, *, schema: int = 1, **more: Any) -> httpx.Response:
        """Ask for the page after *cursor*."""
        query = {"schema": str(schema), **({"cursor": cursor} if cursor else {}), **more.pop("query", {})}
        return self.ask("GET", "/v1/pull", params=query, **more)

    def push(self, *documents: Mapping[str, Any]) -> list[Json]:
        """Push *documents* and return their results."""
        reply = self.ask("POST", "/v1/push", json={"submissions": list(documents)})
        value = checked(reply, None)
        results: list[Json] = value.get("results", [])
        expect(len(results) == len(documents), f"{len(documents)} documents, {len(results)} results")
        return results


def checked(reply: httpx.Response, schema: type[Schema] | None, status: tuple[int, ...] = (200, 201)) -> Json:
    """Return the JSON of a good answer, held to *schema*; raises `Broken`."""
    what = f"{reply.request.method} {reply.request.url.path}"
    if reply.status_code not in status:
        _unexpected(reply, what)
    media = reply.headers.get("content-type", "").partition(";")[0]
    expect(media == "application/json", f"{what} answered with {media or 'no type'}")
    try:
        value = reply.json()
    except json.JSONDecodeError:
        raise RuleViolation(f"{what} answered with what is not JSON") from None
    if schema is not None:
        faults = schema().validate(value)
        expect(not faults, f"{what}: {faults}")
    return dict(value)


def _unexpected(reply: httpx.Response, what: str) -> NoReturn:
    code = reply.headers.get("satchel-error", "")
    raise RuleViolation(f"{what} was answered with {reply.status_code} {code}".rstrip())


def refused(reply: httpx.Response, status: int, code: str) -> Json:
    """Return the problem that *reply* has to be; raises `Broken`."""
    what = f"{reply.request.method} {reply.request.url.path}"
    expect(
        reply.status_code == status, f"{what} was answered with {reply.status_code} instead of {status} {code}"
    )
    expect(reply.headers.get("satchel-error") == code, f"{what}: the header Satchel-Error is not {code}")
    if reply.request.method == "HEAD":
        return {}
    media = reply.headers.get("content-type", "")
    expect(media == MEDIA_TYPE, f"{what} answered a problem as {media}")
    value = reply.json()
    faults = ProblemSchema().validate(value)
    expect(not faults, f"{what}: {faults}")
    expect(value["code"] == code, f"{what}: the code is {value['code']} instead of {code}")
    return dict(value)


def b64(data: bytes) -> str:
    """Return *data* in base64."""
    return base64.b64encode(data).decode()
