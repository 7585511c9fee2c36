"""The day of rep R1: every record and document holds canaries, and each request is kept for a replay."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from backend.feed.models import FeedRow
from backend.sync import grants
from sync_protocol.canonical import digest
from sync_protocol.catalogue import COLLECTIONS, KINDS
from sync_protocol.change import Put
from sync_protocol.cursor import decode_cursor
from sync_protocol.sync_report import SyncReportSchema
from tests.contract.wire import verification
from tests.contract.wire.segments import offer_stream
from tests.contract.wire.story import PIECE, PNG, TUS
from tests.security.canaries import ULID, Canaries
from tests.unit.api.endpoints.receipt_upload import b64
from tests.unit.api.installation import Installation, Phone
from tests.unit.sync import company

DIGEST = hashlib.sha256(PNG).hexdigest()
ORDER, CLAIM, FORECAST, CHANGE, WITHDRAWAL, WITHDRAWN = (ULID.format(number) for number in range(1, 7))


@dataclass(frozen=True)
class Request:
    """A request of the day, without the token."""

    method: str
    path: str
    arguments: dict[str, Any]

    @property
    def sent(self) -> bytes:
        """Everything that a sender of this request knows, with the streams that a cursor names."""
        values = {**self.arguments.get("query_string", {}), **self.arguments.get("json", {})}
        cursor = values.get("cursor")
        return f"{self!r} {decode_cursor(cursor) if cursor else None}".encode()


@dataclass
class Day:
    """The requests of R1's phone, and the canaries of what it read and wrote."""

    installation: Installation
    phone: Phone
    canaries: Canaries = field(default_factory=Canaries)
    requests: list[Request] = field(default_factory=list)

    def ask(self, method: str, path: str, **arguments: Any) -> Any:
        """Send a request of R1's phone and keep it."""
        self.requests.append(Request(method, path, arguments))
        return self.phone.ask(method, path, **arguments)

    def publish(self) -> None:
        """Publish a record of each collection, of R1 where it is anybody's."""
        installation, records = self.installation, []
        for name, collection in COLLECTIONS.items():
            if name != "submissions":
                record = self.canaries.make(collection.schema, name)
                record[collection.key] = self.canaries.key(name)
                records.append(Put(name, record[collection.key], self._usable(name, record)))
        order = {put.collection: put for put in records}
        installation.change(lambda s: self._assign(s, order["customers"].record["territory"]))
        company.say(installation.sessions, *records)

    def _usable(self, name: str, record: dict[str, Any]) -> dict[str, Any]:
        if name == "products":
            record |= {"active": True, "sellable": True}
            record["units"] = [{"unit": record["base_unit"], "factor": "1"}]
        elif name == "units":
            record["decimals"] = 0
        elif name == "expense_categories":
            record["active"] = True
        elif name == "customers":
            record["addresses"][0]["id"] = "Zq-address"
            self.canaries.words["Zq-address"] = "customers.addresses.id"
        return record

    def _assign(self, session: Any, territory: str) -> None:
        for channel in (f"territory:{territory}", f"warehouse:{self.canaries.key('warehouses')}"):
            grants.assign(session, "R1", channel, self.installation.clock.now())

    def document(self, id: str, kind: str, **fields: Any) -> dict[str, Any]:
        """Return a document of *kind* with canaries; *fields* are of its body."""
        body = self.canaries.make(KINDS[kind].schema, kind) | fields
        needs = [f"sha256:{DIGEST}"] if kind == "expense_claim" else []
        if kind == "order":
            body["ship_to_id"] = "Zq-address"
            body["lines"][0]["unit_price"] = "739.5"
        if kind == "expense_claim":
            body["lines"][0]["receipts"] = needs
        supersedes = {"supersedes": body["submission_id"]} if kind == "withdrawal" else {}
        return company.submission(id, body, kind, needs=needs, **supersedes) | {"sha256": digest(body)}

    def play(self) -> None:
        """Send every request that a phone has."""
        documents = [
            self.document(ORDER, "order"),
            self.document(WITHDRAWN, "order"),
            self.document(FORECAST, "forecast"),
            self.document(CLAIM, "expense_claim"),
        ]
        first = self.ask("GET", "/v1/pull", query_string={"schema": 2}).json
        results = self.ask("POST", "/v1/push", json={"submissions": documents}).json["results"]
        assert [r["status"] for r in results] == ["received"] * len(documents), results
        later = [
            self.document(CHANGE, "change_request", submission_id=ORDER),
            self.document(WITHDRAWAL, "withdrawal", submission_id=WITHDRAWN),
        ]
        body = {"cursor": first["cursor"], "submissions": later, "schema": 2}
        page = self.ask("POST", "/v1/sync", json=body).json["page"]
        self._upload()
        for tag in ({}, {"If-None-Match": 'W/"x"'}):
            query = {"cursor": page["cursor"], "schema": 2}
            page = self.ask("GET", "/v1/pull", query_string=query, headers=tag).json
        self._verify(page["cursor"])
        self._segment()
        self.ask("POST", "/v1/report", json=self.canaries.make(SyncReportSchema, "report"))
        for path in ("/v1/limits", "/v1/openapi.json", "/app/contract.json", "/livez", "/readyz", "/"):
            self.ask("GET", path)

    def _upload(self) -> None:
        name = self.canaries.words.setdefault("Zq-filename", "receipt.filename") and "Zq-filename"
        for digest_, size in ((DIGEST, len(PNG)), ("ab" * 32, 100)):
            metadata = f"sha256 {b64(digest_)},filename {b64(f'{name}.png')}"
            headers = {**TUS, "Upload-Length": str(size), "Upload-Metadata": metadata}
            place = self.ask("POST", "/v1/receipts", headers=headers).headers["Location"]
            self.ask("PATCH", place, headers={**PIECE, "Upload-Offset": "0"}, data=PNG[:40])
            self.ask("HEAD", place, headers=TUS)
            if size == len(PNG):
                self.ask("PATCH", place, headers={**PIECE, "Upload-Offset": "40"}, data=PNG[40:])
        self.ask("OPTIONS", "/v1/receipts", headers=TUS)

    def delete_upload(self) -> None:
        """Delete the upload that is not complete: the last act of the day, because it ends a replay."""
        place = [request.path for request in self.requests if request.method == "HEAD"][-1]
        self.ask("DELETE", place, headers=TUS)

    def _verify(self, cursor: str) -> None:
        sums = verification.sums_under(self.installation, cursor)
        streams = [{"channel": each["channel"], "collection": each["collection"]} for each in sums]
        self.ask("POST", "/v1/verify", json={"cursor": cursor, "schema": 2, "sums": sums})
        ranges = [{**stream, "from": "", "to": None} for stream in streams][:60]
        self.ask("POST", "/v1/verify", json={"cursor": cursor, "schema": 2, "split": ranges})
        rows = [{**each, "rows": []} for each in ranges]
        self.ask("POST", "/v1/verify", json={"cursor": cursor, "schema": 2, "rows": rows})

    def _segment(self) -> None:
        with self.installation.sessions() as session:
            (territory,) = {c for c in _channels(session) if c.startswith("territory:Zq")}
        offer_stream(self.installation.sessions, self.installation.satchel.segments, (territory, "customers"))
        page = self.ask("GET", "/v1/pull", query_string={"schema": 2}).json
        name = page["segments"][0]["sha256"]
        self.ask("GET", f"/v1/segments/{name}")


def _channels(session: Any) -> set[str]:
    return set(session.scalars(select(FeedRow.channel)))
