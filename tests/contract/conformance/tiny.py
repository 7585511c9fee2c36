"""A device of revision 1 in the fewest lines, by another hand than the reference device's, that can be told to
break a rule: each word in `faults` is the name of one. It keeps everything in one file, rewritten and
renamed at each commit.
"""

import base64
import gzip
import hashlib
import http.client
import json
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from ulid import ULID

from sync_protocol.canonical import canonical, digest
from tests.contract.conformance.tiny_page import Trouble, apply

Json = dict[str, Any]
NEW: Json = {
    "key": None, "session": None, "cursor": None, "etag": None, "epoch": None, "fresh": False, "rows": {},
    "docs": {}, "receipts": {},
}  # fmt: skip


class Tiny:
    """Takes the kit's commands."""

    def __init__(self, faults: frozenset[str] = frozenset()) -> None:
        self.faults = faults
        self.file = Path()
        self.state: Json = {}

    def send(self, command: Json) -> Json:
        arguments = {name: value for name, value in command.items() if name != "do"}
        try:
            return {"ok": True, **(getattr(self, command["do"])(**arguments) or {})}
        except (Trouble, OSError, http.client.HTTPException) as error:
            return {"ok": False, "error": str(error) or type(error).__name__}

    def kill(self) -> None:
        self.state = {}

    def save(self) -> None:
        written = self.file.with_suffix(".new")
        written.write_text(json.dumps(self.state))
        written.replace(self.file)

    def open(self, folder: str) -> None:
        self.file = Path(folder) / "tiny.json"
        self.state = json.loads(
            (self.file if self.file.exists() else json.dumps(NEW)) if False else self._text()
        )

    def _text(self) -> str:
        return self.file.read_text() if self.file.exists() else json.dumps(NEW)

    def dump(self) -> Json:
        rows = [[*name.split("\t"), row[2]] for name, row in self.state["rows"].items()]
        documents = [{"id": id, "stage": doc["stage"]} for id, doc in self.state["docs"].items()]
        return {"enrolled": bool(self.state["session"]), "records": rows, "documents": documents}

    def key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(self.state["key"]))

    def enrol(self, server: str, code: str) -> None:
        if self.state["key"] is None or "enrolment" in self.faults:
            self.state["key"] = Ed25519PrivateKey.generate().private_bytes_raw().hex()
            self.save()
        public = base64.urlsafe_b64encode(self.key().public_key().public_bytes_raw()).rstrip(b"=").decode()
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": public}
        self.state["session"] = {"server": server}
        asked = {"code": code, "public_key": jwk, "device_name": "tiny"}
        try:
            _, _, reply = self.request("POST", "/v1/enrol", json.dumps(asked).encode())
        except BaseException:
            self.state["session"] = None
            raise
        self.state["session"] = {"server": server, **reply}
        self.save()

    def request(self, method: str, path: str, body: bytes | None = None, headers: Any = None) -> Any:
        """Return status, headers and value of a reply that is whole and the server's; raises `Trouble`."""
        session = self.state["session"]
        sent = {"Accept-Encoding": "gzip", "Content-Type": "application/json", **(headers or {})}
        if "access_token" in session:
            sent["Authorization"] = f"Bearer {session['access_token']}"
        connection = http.client.HTTPConnection(urlsplit(session["server"]).netloc, timeout=10)
        try:
            connection.request(method, path, body, sent)
            reply = connection.getresponse()
            raw = reply.read()
        finally:
            connection.close()
        named = {name.lower(): value for name, value in reply.getheaders()}
        if reply.status in (301, 302) and "redirect" in self.faults:
            return self.request(method, urlsplit(named["location"]).path, body, headers)
        media = named.get("content-type", "")
        if reply.status in (204, 304) or method == "HEAD" or (reply.status == 201 and not raw):
            return reply.status, named, None
        if named.get("content-encoding") == "gzip":
            inflater = zlib.decompressobj(31)
            try:
                raw = inflater.decompress(raw)
            except zlib.error:
                raise Trouble("damaged") from None
            if not inflater.eof:
                if "cut" in self.faults:
                    return 304, named, None
                raise Trouble("cut short")
        if media == "application/problem+json" and reply.status >= 400:
            value = json.loads(raw)
            raise Trouble(value["code"], reply.status, value["code"], value.get("wipe") is True)
        if media != "application/json" or reply.status >= 300:
            if "portal" in self.faults and reply.status == 200:
                return 304, named, None
            wiping = "no-wipe" in self.faults and reply.status == 401
            raise Trouble(f"{media} is not from the server", reply.status, wipe=wiping)
        return reply.status, named, json.loads(raw)

    def authorized(self, *request: Any, **more: Any) -> Any:
        """Send a request; refresh once if the token has expired."""
        try:
            return self.request(*request, **more)
        except Trouble as trouble:
            if trouble.code not in ("token_expired", "token_invalid") or "refresh" in self.faults:
                raise
        session = self.state["session"]
        token = session["refresh_token"]
        rth = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
        claims = {"aud": session["issuer"], "rth": rth, "jti": str(ULID())}
        proof = jwt.encode(claims, self.key(), algorithm="EdDSA", headers={"typ": "satchel-proof+jwt"})
        if "lost-rotation" in self.faults:
            session["refresh_token"] = "used"
            self.save()
        asked = json.dumps({"refresh_token": token, "proof": proof}).encode()
        _, _, reply = self.request("POST", "/v1/token", asked)
        session.update(reply)
        self.save()
        return self.request(*request, **more)

    def sync(self) -> Json:
        if self.state["session"] is None:
            raise Trouble("not enrolled")
        try:
            failed = self._push()
            if failed and "pull-anyway" in self.faults:
                raise failed
            self._pull()
            self._upload()
        except Trouble as trouble:
            self._punish(trouble)
            raise
        if failed:
            raise failed
        return {"complete": True}

    def _punish(self, trouble: Trouble) -> None:
        if trouble.status == 401 and trouble.wipe and "wipe" not in self.faults:
            self.state = json.loads(json.dumps(NEW))
            self.save()
        if trouble.code == "refresh_invalid" and "refresh-invalid" in self.faults:
            self.state["docs"] = {}
            self.save()

    def _pull(self) -> None:
        for _ in range(60):
            asked = self.state["cursor"]
            query = urlencode({"schema": 1, **({"cursor": asked} if asked else {})})
            tag = {"If-None-Match": self.state["etag"]} if asked and "idle" not in self.faults else {}
            try:
                status, headers, page = self.authorized("GET", f"/v1/pull?{query}", headers=tag)
            except Trouble as trouble:
                if trouble.code == "not_yet" and "not-yet" in self.faults:
                    return
                if trouble.code != "cursor_invalid":
                    raise
                self.state.update(cursor=None, etag=None, epoch=None, fresh="cursor-invalid" not in self.faults)
                continue
            if status == 304:
                return
            stored = json.loads(self._text())
            if stored["cursor"] != asked and "late-page" not in self.faults and asked is not None:
                self.state = stored
                continue
            if not page["complete"] and page["cursor"] == asked and "no-progress" not in self.faults:
                raise Trouble("the page moves nothing")
            self.state = apply(self.state, page, headers.get("etag"), self.faults)
            self.save()
            if page["complete"] or "until-complete" in self.faults:
                return
        raise Trouble("too many pages")

    def capture(self, kind: str, body: Json, receipts: list[Json]) -> Json:
        if (
            f"customers\t{body['customer_id']}" not in self.state["rows"]
            and "capture-refuses" not in self.faults
        ):
            raise Trouble(f"{body['customer_id']} is not among your customers")
        needs = []
        for file in receipts:
            sha256 = hashlib.sha256(base64.b64decode(file["base64"])).hexdigest()
            needs.append(f"sha256:{sha256}")
            self.state["receipts"][sha256] = {"base64": file["base64"], "place": None, "done": False}
        document = {
            "id": str(ULID()), "kind": kind, "captured_at": "2026-11-23T08:00:00Z", "zone": "UTC", "schema": 1,
            "body": body, "sha256": digest(body), "needs": needs,
        }  # fmt: skip
        frozen = canonical(document).decode()
        self.state["docs"][document["id"]] = {
            "frozen": frozen,
            "due": True,
            "sent": False,
            "stage": "on_device",
        }
        if "capture" not in self.faults:
            self.save()
        return {"id": document["id"]}

    def _push(self, batch: list[str] | None = None) -> Trouble | None:
        docs = self.state["docs"]
        due = batch if batch is not None else [id for id, doc in docs.items() if doc["due"]]
        if not due:
            return None
        for id in due:
            docs[id]["sent"] = True
            if "lost-push" in self.faults:
                again = json.loads(docs[id]["frozen"]) | {"id": str(ULID())}
                docs[id]["frozen"] = json.dumps(again)
        self.save()
        body = gzip.compress(b'{"submissions":[%s]}' % ",".join(docs[id]["frozen"] for id in due).encode())
        try:
            _, _, reply = self.authorized("POST", "/v1/push", body, headers={"Content-Encoding": "gzip"})
        except (Trouble, OSError, http.client.HTTPException) as error:
            if isinstance(error, Trouble) and error.status in (413, 422) and "halving" not in self.faults:
                if len(due) == 1:
                    docs[due[0]].update(due=False, stage="refused")
                    return None
                return self._push(due[: len(due) // 2]) or self._push(due[len(due) // 2 :])
            if isinstance(error, Trouble) and error.status == 401:
                raise
            return error if isinstance(error, Trouble) else Trouble(str(error))
        results = reply["results"]
        fits = len(results) == len(due) and all(r["id"] == id for r, id in zip(results, due, strict=True))
        if not fits and "misfit-results" not in self.faults and "lost-push" not in self.faults:
            return Trouble("results that do not fit")
        for id, result in zip(due, results, strict=False):
            self._note(id, result)
        if not fits and "misfit-results" in self.faults:
            for id in due:
                docs[id]["due"] = False
        self.save()
        return None

    def _note(self, id: str, result: Json) -> None:
        docs, status = self.state["docs"], result["status"]
        again = {"received": "not-again", "refused": "refused", "quarantined": "quarantined"}.get(status)
        docs[id].update(due=again in self.faults, stage=status)
        same = result["sha256"] == json.loads(docs[id]["frozen"])["sha256"]
        gone = status == "received" and "received-is-kept" in self.faults
        if gone or (status == "duplicate" and not same and "other-bytes" in self.faults):
            del docs[id]

    def _upload(self) -> None:
        tus = {"Tus-Resumable": "1.0.0"}
        for sha256, receipt in self.state["receipts"].items():
            data = base64.b64decode(receipt["base64"])
            if receipt["done"]:
                continue
            offset = 0
            if receipt["place"] is None or "receipt" in self.faults:
                metadata = f"sha256 {base64.b64encode(sha256.encode()).decode()}"
                named = {**tus, "Upload-Length": str(len(data)), "Upload-Metadata": metadata}
                _, headers, _ = self.authorized("POST", "/v1/receipts", headers=named)
                receipt["place"] = urlsplit(headers["location"]).path
                self.save()
            else:
                _, headers, _ = self.authorized("HEAD", receipt["place"], headers=tus)
                offset = int(headers["upload-offset"])
            piece = {**tus, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
            if offset < len(data):
                self.authorized("PATCH", receipt["place"], data[offset:], headers=piece)
            receipt["done"] = True
            self.save()
