"""How the tiny device downloads and applies segments."""

import base64
import hashlib
import json

from sync_protocol.limits import LIMITS
from sync_protocol.segment import MEDIA_TYPE, decode
from tests.contract.conformance.tiny.documents import copy_states
from tests.contract.conformance.tiny.http import Requests
from tests.contract.conformance.tiny.state import Json, Trouble


class Segments(Requests):
    """The list of offers, and the files."""

    def download(self) -> None:
        """Download and apply every pending segment; then the cursor is `then`."""
        state = self.state
        order = 1 if not self.breaks("segment-priority") else -1
        for offer in sorted(state["offers"], key=lambda o: (order * o["priority"], o["collection"], o["from"])):
            name = [offer["channel"], offer["collection"], offer["sha256"], offer["position"]]
            if name in state["applied"] and not self.breaks("segment-kept"):
                continue
            try:
                data = self._fetch(offer)
            except Trouble as trouble:
                if trouble.status not in (403, 404, 410) or self.breaks("segment-gone"):
                    raise
                state.update(offers=[], then=None)
                self.save()
                return
            self._apply_segment(offer, data)
            state["applied"].append(name)
            self.save()
        cursor = state["cursor"] if self.breaks("segments") else state["then"]
        state.update(cursor=cursor, etag=None, offers=[], then=None, applied=[], verified=False)
        self.save()

    def _fetch(self, offer: Json) -> bytes:
        """Return the bytes of the segment, after those that an earlier sync has stored."""
        parts, sha256 = self.state["parts"], offer["sha256"]
        if offer["url"]:
            try:
                self._more(offer, offer["url"], with_token=self.breaks("segment-link", "segment-foreign"))
            except Trouble:
                if self.breaks("segment-expired"):
                    raise
        if len(self._part(sha256)) < offer["bytes"]:
            url = f"{self.state['session']['server']}/v1/segments/{sha256}"
            self._more(offer, url, with_token=True)
        data = self._part(sha256)
        if len(data) < offer["bytes"]:
            raise Trouble("the segment was cut")
        del parts[sha256]
        if hashlib.sha256(data).hexdigest() != sha256 and not self.breaks("segment-damaged"):
            self.save()
            raise Trouble("the segment is damaged")
        return data

    def _part(self, sha256: str) -> bytes:
        return base64.b64decode(self.state["parts"].get(sha256, ""))

    def _more(self, offer: Json, url: str, *, with_token: bool) -> None:
        """Append what *url* has after the bytes that have arrived."""
        sha256 = offer["sha256"]
        before = b"" if self.breaks("segment-range") else self._part(sha256)
        headers = {"Accept-Encoding": "identity"}
        if before:
            headers["Range"] = f"bytes={len(before)}-"
        if with_token:
            headers["Authorization"] = f"Bearer {self.state['session']['access_token']}"
            if before:
                headers["If-Range"] = f'"{sha256}"'
        status, named, raw, _ = self.exchange("GET", url, None, headers)
        if status in (200, 206) and self.breaks("segment-portal"):
            named = {"content-type": MEDIA_TYPE}
        if status >= 300 or named.get("content-type") != MEDIA_TYPE or "content-encoding" in named:
            code = json.loads(raw)["code"] if named.get("content-type") == "application/problem+json" else ""
            raise Trouble("no segment", status, code)
        data = before + raw if status == 206 else raw
        self.state["parts"][sha256] = base64.b64encode(data[: offer["bytes"]]).decode()
        self.save()

    def _apply_segment(self, offer: Json, data: bytes) -> None:
        sha256 = hashlib.sha256(data).hexdigest()
        segment = decode(data, sha256=sha256, most=LIMITS.segment_plain_bytes)
        rows, collection = self.state["rows"], offer["collection"]
        new = {f"{collection}\t{key}": json.loads(body) for key, body in segment.rows}
        for name, (channel, position, _) in list(rows.items()):
            of, key = name.split("\t")
            is_in_range = offer["from"] <= key and (offer["to"] is None or key < offer["to"])
            is_of_stream = (channel, of) == (offer["channel"], collection)
            is_old = position <= offer["position"] and not self.breaks("segment-stale")
            if is_of_stream and is_in_range and is_old and name not in new:
                del rows[name]
        for name, record in new.items():
            if name not in rows or rows[name][1] < offer["position"] or self.breaks("segment-newer"):
                rows[name] = [offer["channel"], offer["position"], record]
        if collection == "submissions":
            copy_states(self.state, [name.split("\t")[1] for name in new], self.faults)
