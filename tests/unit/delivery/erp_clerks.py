"""What people do in the ERP on their own initiative: enter, decide, answer late, and lose documents."""

import json
from collections.abc import Mapping
from typing import Any

from tests.unit.delivery.erp_folder import ErpFolder


class ErpClerks(ErpFolder):
    """The part of an ERP that acts without being called."""

    @property
    def executed(self) -> list[dict[str, Any]]:
        """What has been executed, in order."""
        return self._lines("executed.jsonl")

    def lose(self, *keys: str, since: str | None = None) -> None:
        """Forget documents: those of *keys*; or, as a backup put back does, *since* and all after it."""
        entries = self.executed
        if since is not None:
            first = next(n for n, e in enumerate(entries) if e.get("key") == since)
            left = entries[:first]
        else:
            gone = {e["id"] for e in entries if e.get("key") in keys}
            left = [e for e in entries if e.get("id") not in gone]
        with self._locked():
            self._overwrite("executed.jsonl", left)

    def acknowledge(
        self, token: str, key: str, state: str, number: str | None = None, total: str | None = None
    ) -> None:
        """Leave a late answer."""
        folder = self.folder / "acknowledgements"
        folder.mkdir(exist_ok=True)
        answer = {"key": key, "state": state, "number": number, "total": total}
        (folder / token).write_text(json.dumps(answer))

    def answer_for(self, key: str, *, with_document_of: str) -> None:
        """Show the document with the other key under our *key* too."""
        with self._locked():
            entry = next(e for e in self.executed if e.get("key") == with_document_of)
            self._append("executed.jsonl", {**entry, "key": key})

    def decide(self, id: str, state: str) -> None:
        """Bring the document with the ERP's *id* to *state*, as a person there does."""
        with self._locked():
            self._append("executed.jsonl", {"event": "advance", "id": id, "state": state})

    def by_hand(self, kind: str = "order", key: str = "", body: Mapping[str, Any] | None = None) -> str:
        """Enter a document by hand, under no key of ours unless told; return its number.

        Without *body*, the ERP does not tell its customer and its total.
        """
        with self._locked():
            number = 1 + sum(entry["event"] == "create" for entry in self.executed)
            entry = {"event": "create", "kind": kind, "key": key, "id": str(number), "state": "done"}
            entry |= {"body": dict(body)} if body is not None else {}
            self._append("executed.jsonl", entry)
        return f"SO{number}"
