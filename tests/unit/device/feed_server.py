"""The conformance kit's scripted server, playing a feed: what is pushed appears in it, as on a real server."""

from typing import Any

from sync_protocol.conformance.http_server import Reply, Request
from sync_protocol.conformance.scripted_server import ScriptedServer
from sync_protocol.conformance.segment_files import SegmentFiles
from tests.unit.device.feed import Feed
from tests.unit.device.memory_network import MemoryNetwork

Json = dict[str, Any]
NAME_BEHIND_THE_PROXY = "http://inside:8000"


class FeedServer(ScriptedServer):
    """A server of rep R1. `inbox` holds the documents that it stored by id, each with its state."""

    def __init__(self) -> None:
        self.feed = Feed()
        super().__init__(self.feed)
        self.segments = SegmentFiles(self.feed.files)
        self.receipts.origin = NAME_BEHIND_THE_PROXY
        self.network = MemoryNetwork(self.respond)
        self.inbox: dict[str, Json] = {}
        self.feed.grant(("rep:R1", "submissions"))

    def request_lines(self) -> list[str]:
        """Return the method and path of each request received."""
        return [f"{request.method} {request.path}" for request in self.received]

    def answer(self, request: Request) -> Reply:
        """Answer by the rules; a document whose last receipt has arrived moves on."""
        reply = super().answer(request)
        for id, document in self.inbox.items():
            missing = self._missing(document["missing"])
            if missing != document["missing"]:
                self.publish_state(id, missing=missing, state=document["state"] if missing else "queued")
        return reply

    def store(self, document: Json) -> Json:
        """Store a pushed document, publish its record in `submissions`, and return its result."""
        id, result = document["id"], super().store(document)
        if id in self.results:
            return result
        if id in self.inbox:
            return {**result, "status": "duplicate", "state": self.inbox[id]["state"]}
        missing = self._missing(document["needs"])
        state = "received" if missing else "queued"
        self.inbox[id] = {**document, "state": state, "missing": missing}
        self.publish_state(id)
        return {**result, "status": "received", "state": state}

    def _missing(self, references: list[str]) -> list[str]:
        return [ref for ref in references if ref.removeprefix("sha256:") not in self.receipts.stored]

    def publish_state(self, id: str, **more: Any) -> None:
        """Publish the submission's record, changed by *more*."""
        document = self.inbox[id]
        document |= more
        record = {
            "id": id, "rep": "R1", "kind": document["kind"], "title": "", "state": document["state"],
            "captured_at": document["captured_at"], "received_at": self.feed.server_time,
            "updated_at": self.feed.server_time, "sha256": document["sha256"],
            "erp_number": document.get("erp_number"), "reason": document.get("reason"),
            "errors": [], "missing": document["missing"], "supersedes": document["supersedes"],
            "superseded_by": document.get("superseded_by"), "body": document["body"],
        }  # fmt: skip
        self.feed.put("rep:R1", "submissions", id, record)
