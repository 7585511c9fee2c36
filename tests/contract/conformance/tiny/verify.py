"""How the tiny device compares its rows with the server's checksum, and repairs them."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from typing import Any

from sync_protocol.checksum import Checksum, hash_text, record_hash
from sync_protocol.limits import LIMITS
from tests.contract.conformance.tiny.pull import Puller
from tests.contract.conformance.tiny.state import Json, Trouble, by_code_points

ROUNDS = 3
DAY = dt.timedelta(days=1)


class Verifier(Puller):
    """Compares after each sync."""

    def verify(self) -> None:
        state = self.state
        if self.breaks("check"):
            return
        for _ in range(ROUNDS):
            if self._is_equal():
                return
            if self.breaks("check-later"):
                state["check"] = None
                self.save()
            self._round()
        if self._is_equal():
            return
        now = dt.datetime.fromisoformat(self.state["server_time"])
        refetched = self.state["refetched"] and dt.datetime.fromisoformat(self.state["refetched"])
        if not refetched or now - refetched >= DAY or self.breaks("refetch"):
            self.state["refetched"] = self.state["server_time"]
            self.begin_again()
            self.pull()

    def _is_equal(self) -> bool:
        state = self.state
        if self.breaks("check-equal"):
            return False
        if state["verified"] or state["check"] is None:
            return True
        state["verified"] = self._sum(state["rows"]).as_wire() == state["check"]
        self.save()
        return bool(state["verified"])

    def _round(self) -> None:
        request: Json = {
            "sums": [stream | self._sum(self._rows(**stream)).as_wire() for stream in self._streams()]
        }
        split: list[Json] = []
        for _ in range(1000):
            body = json.dumps({"cursor": self.state["cursor"], "schema": self.revision, **request}).encode()
            _, _, reply = self.authorized("POST", "/v1/verify", body)
            if self._apply_repairs(reply):
                self.pull()
                return
            different = [
                r for r in reply["ranges"] if self._sum(self._rows(**_bounds(r))).as_wire() != _wire(r)
            ]
            if any(_bounds(r) in split for r in different) and not self.breaks("verify-stuck"):
                raise Trouble("the server does not split")
            is_again = any(_bounds(r) in [_bounds(sent) for sent in request.get("rows", ())] for r in different)
            if is_again and self.breaks("verify-unsplit"):
                raise Trouble("the range came back")
            if not different:
                return
            split = [_bounds(r) for r in different if r["count"] > LIMITS.verify_rows]
            small = [_bounds(r) for r in different if r["count"] <= LIMITS.verify_rows]
            request = {"split": split, "rows": [r | {"rows": self._hashes(r)} for r in small]}

    def _apply_repairs(self, reply: Json) -> bool:
        """Apply the repairs in *reply*; return whether to pull first."""
        rows = self.state["rows"]
        for channel, collection in reply["drop"]:
            for name in list(self._rows(channel, collection)):
                del rows[name]
        for repair in reply["repairs"]:
            for key in repair["gone"]:
                name = f"{repair['collection']}\t{key}"
                if name in rows and rows[name][0] == repair["channel"]:
                    del rows[name]
        for repair in reply["repairs"]:
            for position, record in repair["put"]:
                name = f"{repair['collection']}\t{record['id']}"
                is_late = name in rows and rows[name][1] > position and self.breaks("repair-positions")
                if not is_late:
                    rows[name] = [repair["channel"], position, record]
        if reply["cursor"] is not None:
            etag = self.state["etag"] if self.breaks("verify-drop") else None
            self.state.update(cursor=reply["cursor"], etag=etag, check=None)
        self.state["verified"] = False
        self.save()
        return bool(reply["cursor"] or (reply["pull_first"] and not self.breaks("verify-pull-first")))

    def _streams(self) -> Iterator[Json]:
        streams = {(row[0], name.split("\t")[0]) for name, row in self.state["rows"].items()}
        return ({"channel": channel, "collection": collection} for channel, collection in sorted(streams))

    def _rows(self, channel: str, collection: str, **bounds: str | None) -> Json:
        start, end = bounds.get("from") or "", bounds.get("to")
        return {
            name: row
            for name, row in self.state["rows"].items()
            if (row[0], name.split("\t")[0]) == (channel, collection)
            and start <= name.split("\t")[1]
            and (end is None or name.split("\t")[1] < end)
        }

    def _sum(self, rows: Json) -> Checksum:
        return Checksum.of(self._hash(name, row) for name, row in rows.items())

    def _hashes(self, bounds: Json) -> list[list[str]]:
        rows = self._rows(**bounds)
        return [[name.partition("\t")[2], hash_text(self._hash(name, rows[name]))] for name in sorted(rows)]

    def _hash(self, name: str, row: list[Any]) -> int:
        collection, _, key = name.partition("\t")
        if self.breaks("row-hash"):
            return int.from_bytes(hashlib.sha256(by_code_points([collection, key, row[2]])).digest()[:8])
        return record_hash(collection, key, row[2])


def _bounds(range_: Json) -> Json:
    return {name: range_[name] for name in ("channel", "collection", "from", "to")}


def _wire(range_: Json) -> Json:
    return {"count": range_["count"], "sum": range_["sum"]}
