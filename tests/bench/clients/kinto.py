"""The client of Kinto: reads one Kinto collection per channel with `_since`, page by page."""

import json
from typing import Any
from urllib.parse import urlsplit

from tests.bench.clients.client import Address, Replica
from tests.bench.clients.wire import CODINGS, Wire, request_bytes


class KintoClient:
    """Asks each collection that the rep may read; `state` holds an ETag for each."""

    def __init__(self, address: Address) -> None:
        self.wire = Wire(address.port)
        self.headers = {**address.headers, **CODINGS}
        self.collections: list[str] = list(address.options["collections"])
        self.outbox = address.options["outbox"]
        self.state: Any = {}

    def first_sync(self) -> Replica:
        replica: Replica = {}
        self.state = {name: self._pages(name, "", replica) for name in self.collections}
        return replica

    def catch_up(self) -> None:
        for name in self.collections:
            answer = self.wire.ask("GET", f"{_records(name)}?_limit=1", self.headers)
            self.state[name] = answer.headers["etag"].strip('"')

    def delta(self) -> Replica:
        replica: Replica = {}
        for name in self.collections:
            self._pages(name, f"?_since={self.state[name]}", replica)
        return replica

    def _pages(self, name: str, query: str, replica: Replica) -> str:
        path, etag = f"{_records(name)}{query}", ""
        while path:
            answer = self.wire.ask("GET", path, self.headers)
            for record in answer.json()["data"]:
                replica[record.get("collection", ""), record["id"]] = record
            etag = etag or answer.headers["etag"]
            following = urlsplit(answer.headers.get("next-page", ""))
            path = f"{following.path}?{following.query}" if following.path else ""
        return etag.strip('"')

    def polls(self) -> list[bytes]:
        return [
            request_bytes("GET", _records(name), {**self.headers, "If-None-Match": f'"{self.state[name]}"'})
            for name in self.collections
        ]

    def push(self, documents: list[dict[str, Any]]) -> int:
        requests = [
            {
                "method": "PUT",
                "path": f"{_records(self.outbox)}/{document['id']}",
                "headers": {"If-None-Match": "*"},
                "body": {"data": document["body"]},
            }
            for document in documents
        ]
        reply = self.wire.ask(
            "POST",
            "/v1/batch",
            self.headers,
            json.dumps({"requests": requests}, separators=(",", ":")).encode(),
        )
        return sum(answer["status"] == 201 for answer in reply.json()["responses"])


def _records(collection: str) -> str:
    return f"/v1/buckets/bench/collections/{collection}/records"
