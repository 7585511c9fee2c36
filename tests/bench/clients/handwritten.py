"""The client of the hand-written endpoint: pages of `updated_at > since`."""

import datetime as dt
import json
from typing import Any
from urllib.parse import urlencode

from tests.bench.clients.client import Address, Replica
from tests.bench.clients.wire import CODINGS, Wire, request_bytes


class HandwrittenClient:
    """Asks `/sync` for what was updated since a time, page by page."""

    def __init__(self, address: Address) -> None:
        self.wire = Wire(address.port)
        self.headers = {**address.headers, **CODINGS}
        self.state: Any = None

    def first_sync(self) -> Replica:
        replica, self.state = self._pages(None)
        return replica

    def catch_up(self) -> None:
        now = dt.datetime.now(dt.UTC).isoformat()
        self.state = self._pages(now)[1]

    def delta(self) -> Replica:
        return self._pages(self.state)[0]

    def _pages(self, since: str | None) -> tuple[Replica, str]:
        replica: Replica = {}
        query = {"since": since} if since else {}
        until = None
        while True:
            page = self.wire.ask("GET", f"/sync?{urlencode(query)}", self.headers).json()
            for collection, records in page["changes"].items():
                for record in records:
                    replica[collection, record["id"]] = record
            until = until or page["until"]
            if not page["next"]:
                return replica, until
            query = {"since": since, "next": page["next"]} if since else {"next": page["next"]}

    def polls(self) -> list[bytes]:
        return [request_bytes("GET", f"/sync?{urlencode({'since': self.state})}", self.headers)]

    def push(self, documents: list[dict[str, Any]]) -> int:
        body = json.dumps(
            {"orders": [{"id": d["id"], **d["body"]} for d in documents]}, separators=(",", ":")
        ).encode()
        reply = self.wire.ask("POST", "/orders", self.headers, body).json()
        return sum(result["status"] == "created" for result in reply["results"])
