"""A device of Satchel that keeps its replica in memory: pages, segments, pushes.

It decodes what it gets and checks each segment's name. The reference device, which also stores, indexes and
checks its replica, is measured as a row of its own.
"""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

from sync_protocol import segment
from sync_protocol.limits import LIMITS
from tests.bench.clients.client import Address, Replica
from tests.bench.clients.wire import CODINGS, Answer, Refused, Wire, request_bytes

CONNECTIONS = 2
"""Connections on which segments are fetched at the same time."""


class SatchelClient:
    """Pulls as a device of the revision in `options["schema"]`; revision 2 and later get segments."""

    def __init__(self, address: Address) -> None:
        self.wire = Wire(address.port)
        self.address = address
        self.headers = {**address.headers, **CODINGS}
        self.schema = str(address.options["schema"])
        self.state: Any = None

    def first_sync(self) -> Replica:
        replica: Replica = {}
        self.state = self._until_complete(None, replica)
        return replica

    def catch_up(self) -> None:
        self.state = self._until_complete(None, {}, segments=False)

    def delta(self) -> Replica:
        replica: Replica = {}
        self._until_complete(self.state["cursor"], replica)
        return replica

    def _until_complete(self, cursor: str | None, replica: Replica, segments: bool = True) -> dict[str, Any]:
        while True:
            query = {"schema": self.schema, "limit_bytes": LIMITS.page_bytes_most}
            if cursor:
                query["cursor"] = cursor
            answer = self.wire.ask("GET", f"/v1/pull?{urlencode(query)}", self.headers)
            page = answer.json()
            for change in page["changes"]:
                collection = change["collection"]
                for _, record in change["put"]:
                    replica[collection, record["id"]] = record
                for _, key in change["gone"]:
                    replica.pop((collection, key), None)
            if page["segments"] and segments:
                self._fetch(page["segments"], replica)
            cursor = page["then"] or page["cursor"]
            if page["complete"]:
                return {"cursor": cursor, "etag": answer.headers["etag"]}

    def _fetch(self, offers: list[dict[str, Any]], replica: Replica) -> None:
        """Fetch on two more connections while the previous segment is decoded, as an app would.

        With one connection, a slow line would be idle for a round trip between two segments.
        """
        local = threading.local()
        wires: list[Wire] = []

        def get(description: dict[str, Any]) -> bytes:
            if not hasattr(local, "wire"):
                local.wire = Wire(self.address.port)
                wires.append(local.wire)
            answer: Answer = local.wire.ask(
                "GET", f"/v1/segments/{description['sha256']}", self.address.headers
            )
            return answer.body

        with ThreadPoolExecutor(CONNECTIONS) as pool:
            for description, data in zip(offers, pool.map(get, offers), strict=True):
                decoded = segment.decode(data, sha256=description["sha256"], most=LIMITS.segment_plain_bytes)
                collection = description["collection"]
                replica.update(
                    ((collection, key), record)
                    for key, record in zip(decoded.keys, decoded.records(), strict=True)
                )
        for wire in wires:
            self.wire.received += wire.received
            self.wire.sent += wire.sent
            wire.close()

    def polls(self) -> list[bytes]:
        query = urlencode({"schema": self.schema, "cursor": self.state["cursor"]})
        headers = {**self.headers, "If-None-Match": self.state["etag"]}
        return [request_bytes("GET", f"/v1/pull?{query}", headers)]

    def push(self, documents: list[dict[str, Any]]) -> int:
        body = json.dumps({"submissions": documents}, ensure_ascii=False, separators=(",", ":")).encode()
        reply = self.wire.ask("POST", "/v1/push", self.headers, body).json()
        other = [result for result in reply["results"] if result["status"] != "received"]
        if other:
            raise Refused(f"an order was answered {other[0]}")
        return len(documents)
