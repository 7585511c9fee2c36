"""The tiny device itself: it takes the kit's commands."""

import base64
import copy
import datetime as dt
import hashlib
import threading
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from ulid import ULID

from sync_protocol.canonical import canonical, digest
from tests.contract.conformance.tiny.documents import delete_final
from tests.contract.conformance.tiny.http import LOST
from tests.contract.conformance.tiny.push import Pusher
from tests.contract.conformance.tiny.receipts import Receipts
from tests.contract.conformance.tiny.state import NEW, Json, Trouble, by_code_points
from tests.contract.conformance.tiny.verify import Verifier


class Tiny(Pusher, Receipts, Verifier):
    """Takes the kit's commands."""

    def send(self, command: Json) -> Json:
        arguments = {name: value for name, value in command.items() if name != "do"}
        try:
            return {"ok": True, **(getattr(self, command["do"])(**arguments) or {})}
        except (Trouble, *LOST) as error:
            return {"ok": False, "error": str(error) or type(error).__name__}

    def kill(self) -> None:
        self.state = {}

    def open(self, folder: str) -> None:
        self.file = Path(folder) / "tiny.json"
        self.state = self.load()

    def dump(self) -> Json:
        rows = [[*name.split("\t"), row[2]] for name, row in self.state["rows"].items()]
        documents = [{"id": id, "stage": doc["stage"]} for id, doc in self.state["docs"].items()]
        return {"enrolled": bool(self.state["session"]), "records": rows, "documents": documents}

    def enrol(self, server: str, code: str) -> None:
        state = self.state
        if state["code"] != code or self.breaks("enrolment"):
            state.update(key=Ed25519PrivateKey.generate().private_bytes_raw().hex(), code=code)
            self.save()
        public = base64.urlsafe_b64encode(self.key().public_key().public_bytes_raw()).rstrip(b"=").decode()
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": public}
        before = state["session"]
        state["session"] = {"server": server}
        request = {"code": code, "public_key": jwk, "device_name": "tiny"}
        try:
            reply = self.prove("/v1/enrol", request)
        except BaseException:
            state["session"] = before
            raise
        if state["rep"] != reply["rep"]["id"] and not self.breaks("other-rep"):
            state["rows"] = {}
        state.update(session={"server": server, **reply}, rep=reply["rep"]["id"])
        self.begin_again()
        state["fresh"] = before is not None and not self.breaks("enrol-again")
        self.save()

    def sync(self, at_once: int = 1) -> Json:
        self.confirm_wipe()
        if self.state["session"] is None:
            raise Trouble("not enrolled")
        others = [threading.Thread(target=self._sync_beside) for _ in range(at_once - 1)]
        for other in others:
            other.start()
        try:
            self._sync()
        finally:
            for other in others:
                other.join()
            if others:
                self.state = self.load()
        return {"complete": True}

    def _sync_beside(self) -> None:
        beside = Tiny(self.faults, self.revision)
        beside.open(str(self.file.parent))
        beside.send({"do": "sync"})

    def _sync(self) -> None:
        try:
            failed = self.push_all()
            if failed and self.breaks("pull-anyway"):
                raise failed
            self.pull()
            self.upload()
            if self.revision > 1:
                self.verify()
        except Trouble as trouble:
            self._punish(trouble)
            raise
        delete_final(self.state, self.faults)
        self.save()
        if failed:
            raise failed

    def _punish(self, trouble: Trouble) -> None:
        if trouble.status == 401 and trouble.wipe and not self.breaks("wipe"):
            order = {"server": self.state["session"]["server"], "wipe_order": trouble.wipe_order}
            self.state = {**copy.deepcopy(NEW), "wiped": order}
            self.save()
            self.confirm_wipe()
        if trouble.code == "server_busy" and self.breaks("busy-page"):
            for id in self.state["pushed_now"]:
                self.state["docs"][id]["due"] = True
            self.save()
        if trouble.code == "refresh_invalid" and self.breaks("refresh-invalid"):
            self.state["docs"] = {}
            self.save()

    def dismiss(self, id: str) -> None:
        self.state["docs"][id].update(due=False, dismissed=True)
        self.save()

    def capture(self, kind: str, body: Json, receipts: list[Json]) -> Json:
        is_known = f"customers\t{body['customer_id']}" in self.state["rows"]
        if not is_known and not self.breaks("capture-refuses"):
            raise Trouble(f"{body['customer_id']} is not among your customers")
        needs = []
        for file in receipts:
            sha256 = hashlib.sha256(base64.b64decode(file["base64"])).hexdigest()
            needs.append(f"sha256:{sha256}")
            self.state["receipts"][sha256] = {"base64": file["base64"], "place": None, "done": False}
        now = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.state["skew"])
        sha256 = digest(body)
        if self.breaks("document-sha256"):
            sha256 = hashlib.sha256(by_code_points(body)).hexdigest()
        document = {
            "id": str(ULID()), "kind": kind, "captured_at": f"{now:%Y-%m-%dT%H:%M:%SZ}", "zone": "UTC",
            "schema": 1, "body": body, "sha256": sha256, "needs": needs,
        }  # fmt: skip
        self.state["docs"][document["id"]] = {
            "frozen": canonical(document).decode(), "rep": self.state["rep"], "due": True, "sent": False,
            "stage": "on_device", "mark": None, "dismissed": False, "failures": 0, "final_at": None,
        }  # fmt: skip
        if not self.breaks("capture"):
            self.save()
        return {"id": document["id"]}
