"""How the tiny device pushes: batches, halves of batches, and results."""

import gzip
import json

from ulid import ULID

from tests.contract.conformance.tiny.http import LOST, Requests
from tests.contract.conformance.tiny.state import Json, Trouble

ALONE_AFTER = 3


class Pusher(Requests):
    """Pushes what is due."""

    def push_all(self) -> Trouble | None:
        docs = self.state["docs"]
        rep = self.state["session"]["rep"]["id"]
        due = [id for id, d in docs.items() if d["due"] and (d["rep"] == rep or self.breaks("other-rep"))]
        self.state["pushed_now"] = due
        due.sort(key=lambda id: docs[id]["failures"])
        size = 10_000 if self.breaks("batch-size") else 100
        ordinary = [id for id in due if docs[id]["failures"] < ALONE_AFTER]
        batches = [ordinary[n : n + size] for n in range(0, len(ordinary), size)]
        failed = None
        for batch in [*batches, *([id] for id in due if id not in ordinary)]:
            failed = self._push(batch) or failed
        return failed

    def _push(self, due: list[str]) -> Trouble | None:
        docs = self.state["docs"]
        for id in due:
            docs[id]["sent"] = True
            if self.breaks("lost-push"):
                docs[id]["frozen"] = json.dumps(json.loads(docs[id]["frozen"]) | {"id": str(ULID())})
        self.save()
        body = gzip.compress(b'{"submissions":[%s]}' % ",".join(docs[id]["frozen"] for id in due).encode())
        try:
            _, _, reply = self.authorized("POST", "/v1/push", body, headers={"Content-Encoding": "gzip"})
        except (Trouble, *LOST) as error:
            return self._failed(due, error)
        results = reply["results"]
        missing = () if self.breaks("unread-id") else (None,)
        fits = len(results) == len(due) and all(
            r["id"] in (id, *missing) for r, id in zip(results, due, strict=True)
        )
        if not fits and not self.breaks("misfit-results", "lost-push"):
            return Trouble("results that do not fit")
        errors = [fault for result in results for fault in result["errors"]]
        if self.breaks("unknown-in-results") and any("hints" in fault for fault in errors):
            return Trouble("a field that I do not know")
        for id, result in zip(due, results, strict=False):
            self._note(id, result)
        if not fits and self.breaks("misfit-results"):
            for id in due:
                docs[id]["due"] = False
        self.save()
        return None

    def _failed(self, due: list[str], error: Exception) -> Trouble | None:
        docs = self.state["docs"]
        if not isinstance(error, Trouble):
            return Trouble(str(error))
        is_proxy = not error.code and self.breaks("proxy")
        is_damaged = error.code == "body_damaged" and not self.breaks("damaged-push")
        statuses = (413, 422) if self.breaks("halving-400") else (400, 413, 422)
        if error.status in statuses and not self.breaks("halving") and not is_proxy and not is_damaged:
            if len(due) == 1:
                docs[due[0]].update(due=False, stage="refused", mark="too_large")
                return None
            return self._push(due[: len(due) // 2]) or self._push(due[len(due) // 2 :])
        if error.status == 401:
            raise error
        is_final = {"quota_exceeded": "quota", "rate_limited": "rate-limited"}.get(error.code or "", "")
        if is_final in self.faults:
            for id in due:
                docs[id]["due"] = False
            self.save()
        if error.status == 500 and not self.breaks("crash"):
            for id in due:
                docs[id]["failures"] += 1
            self.save()
        return error

    def _note(self, id: str, result: Json) -> None:
        docs, status = self.state["docs"], result["status"]
        again = {"received": "not-again", "refused": "refused", "quarantined": "quarantined"}.get(status)
        docs[id].update(due=again in self.faults, stage=status, failures=0)
        is_same = result["sha256"] == json.loads(docs[id]["frozen"])["sha256"]
        if status in ("received", "duplicate") and not is_same:
            docs[id]["mark"] = "suspicious"
        is_gone = status == "received" and self.breaks("received-is-kept")
        if is_gone or (status == "duplicate" and not is_same and self.breaks("other-bytes")):
            del docs[id]
