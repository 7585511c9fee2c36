"""How the tiny device sends requests, and which replies it trusts."""

import base64
import http.client
import json
import time
import zlib
from typing import Any
from urllib.parse import urlsplit

import jwt
from ulid import ULID

from tests.contract.conformance.tiny.state import Json, Stored, Trouble

LOST = (OSError, http.client.HTTPException)


class Requests(Stored):
    """Requests with and without the access token."""

    def exchange(
        self, method: str, url: str, body: bytes | None, headers: Json
    ) -> tuple[int, Json, bytes, bool]:
        """Return status, headers, bytes, and whether the body is complete."""
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=10)
        try:
            connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), body, headers)
            reply = connection.getresponse()
            try:
                raw, complete = reply.read(), True
            except http.client.IncompleteRead as cut:
                raw, complete = cut.partial, False
        finally:
            connection.close()
        return reply.status, {name.lower(): value for name, value in reply.getheaders()}, raw, complete

    def request(self, method: str, path: str, body: bytes | None = None, headers: Any = None) -> Any:
        """Return status, headers and value of a reply that is whole and the server's; raises `Trouble`."""
        session = self.state["session"]
        sent = {"Accept-Encoding": "gzip", "Content-Type": "application/json", **(headers or {})}
        if "access_token" in session:
            sent["Authorization"] = f"Bearer {session['access_token']}"
        url = path if "://" in path else session["server"] + path
        try:
            status, named, raw, complete = self.exchange(method, url, body, sent)
        except LOST:
            if not self.breaks("no-retry"):
                raise
            status, named, raw, complete = self.exchange(method, url, body, sent)
        if status in (301, 302) and self.breaks("redirect"):
            return self.request(method, urlsplit(named["location"]).path, body, headers)
        if not complete:
            raise Trouble("cut short")
        if status in (204, 304) or method == "HEAD" or (status == 201 and not raw):
            if status >= 400:
                raise Trouble("no such upload", status)
            return status, named, None
        return self._value(status, named, raw)

    def _value(self, status: int, named: Json, raw: bytes) -> Any:
        if named.get("content-encoding") == "gzip":
            inflater = zlib.decompressobj(31)
            try:
                raw = inflater.decompress(raw)
            except zlib.error:
                raise Trouble("damaged") from None
            if not inflater.eof:
                if self.breaks("cut"):
                    return 304, named, None
                raise Trouble("cut short")
        media = named.get("content-type", "")
        if media == "application/problem+json" and status >= 400:
            value = json.loads(raw)
            is_wiped = value.get("wipe") is True
            order, nonce = value.get("wipe_order"), named.get("dpop-nonce")
            raise Trouble(value["code"], status, value["code"], is_wiped, nonce, order)
        if media != "application/json" or status >= 300:
            if self.breaks("portal") and status == 200:
                return 304, named, None
            is_wiped = self.breaks("no-wipe") and status == 401
            raise Trouble(f"{media} is not from the server", status, wipe=is_wiped)
        return status, named, json.loads(raw)

    def authorized(self, *request: Any, **more: Any) -> Any:
        """Send a request; refresh once if the token has expired."""
        tries = 3 if self.breaks("refresh-once") else 1
        for _ in range(tries):
            try:
                return self.request(*request, **more)
            except Trouble as trouble:
                is_known = trouble.code in ("token_expired", "token_invalid", "token_missing")
                is_token = is_known or not self.breaks("unknown-401")
                if trouble.status != 401 or not trouble.code or trouble.wipe or not is_token:
                    raise
                if self.breaks("refresh"):
                    raise
            self._refresh()
        return self.request(*request, **more)

    def _refresh(self) -> None:
        session = self.state["session"]
        token = session["refresh_token"]
        if self.breaks("lost-rotation"):
            session["refresh_token"] = "used"
            self.save()
        session.update(self.prove("/v1/token", {"refresh_token": token}))
        self.save()

    def confirm_wipe(self) -> None:
        """Tell the server that this device has wiped itself, if it does not know yet."""
        order = self.state["wiped"]
        if not order or self.breaks("wiped"):
            return
        body = json.dumps({"wipe_order": order["wipe_order"], "exported": 0}).encode()
        sent = {"Content-Type": "application/json"}
        try:
            status, *_ = self.exchange("POST", f"{order['server']}/v1/wiped", body, sent)
        except LOST:
            return
        if status < 500:
            self.state["wiped"] = None
            self.save()

    def prove(self, path: str, body: Json) -> Any:
        """POST *body* with a proof, once more with the server's nonce; return the value of the reply."""
        nonce = None
        for tries in (3, 2, 1) if self.breaks("nonce") else (2, 1):
            proof = {"DPoP": self.proof(path, nonce)}
            try:
                return self.request("POST", path, json.dumps(body).encode(), proof)[2]
            except Trouble as trouble:
                if trouble.code != "use_dpop_nonce" or tries == 1:
                    if trouble.status == 400 and not self.breaks("refused-proof"):
                        # The status is not about the documents of the push that needed the tokens.
                        raise Trouble(str(trouble), code=trouble.code) from None
                    raise
                nonce = trouble.nonce
        return None

    def proof(self, path: str, nonce: str | None) -> str:
        at = int(nonce.partition(".")[0]) if nonce and not self.breaks("wrong-clock") else int(time.time())
        public = base64.urlsafe_b64encode(self.key().public_key().public_bytes_raw()).rstrip(b"=").decode()
        payload = {"jti": str(ULID()), "htm": "POST", "htu": self.state["session"]["server"] + path, "iat": at}
        if self.breaks("refresh") and path == "/v1/token":
            payload["htm"] = "GET"
        header = {"typ": "dpop+jwt", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": public}}
        payload |= {"nonce": nonce} if nonce else {}
        return jwt.encode(payload, self.key(), algorithm="EdDSA", headers=header)
