"""How the tiny device pulls: page by page, and segment by segment."""

import datetime as dt
from urllib.parse import urlencode

from sync_protocol.limits import LIMITS
from tests.contract.conformance.tiny.http import LOST
from tests.contract.conformance.tiny.page import apply
from tests.contract.conformance.tiny.segments import Segments
from tests.contract.conformance.tiny.state import Json, Trouble


class Puller(Segments):
    """Pulls until a page is complete."""

    def pull(self) -> None:
        for _ in range(60):
            if self.state["offers"]:
                self.download()
                continue
            cursor = self.state["cursor"]
            try:
                reply = self._request(cursor)
            except Trouble as trouble:
                if trouble.code == "not_yet" and self.breaks("not-yet"):
                    return
                if trouble.code != "cursor_invalid":
                    raise
                self.begin_again()
                continue
            status, headers, page = reply
            if status == 304:
                return
            stored = self.load()
            if stored["cursor"] != cursor and not self.breaks("late-page") and cursor is not None:
                self.state = stored
                continue
            is_stuck = not page["complete"] and page["cursor"] == cursor and not page["segments"]
            if is_stuck and not self.breaks("no-progress"):
                raise Trouble("the page moves nothing")
            now = dt.datetime.now(dt.UTC)
            if not self.breaks("clock"):
                server_time = dt.datetime.fromisoformat(page["server_time"])
                self.state["skew"] = (server_time - now).total_seconds()
            self.state = apply(self.state, page, headers.get("etag"), self.faults)
            self.save()
            if page["complete"] or self.breaks("until-complete"):
                return
        raise Trouble("too many pages")

    def begin_again(self) -> None:
        """Drop the cursor; the records stay until the first page of the new run."""
        if self.breaks("cursor-invalid"):
            self.state["rows"] = {}
        self.state.update(cursor=None, etag=None, epoch=None, offers=[], then=None, applied=[], fresh=True)
        self.save()

    def _request(self, cursor: str | None) -> tuple[int, Json, Json]:
        limit = self.state["limit"]
        query = {"schema": self.revision, **({"cursor": cursor} if cursor else {})}
        query |= {"limit_bytes": limit} if limit else {}
        is_tagged = cursor and self.state["etag"] and not self.breaks("idle")
        headers = {"If-None-Match": self.state["etag"]} if is_tagged else {}
        try:
            reply: tuple[int, Json, Json] = self.authorized(
                "GET", f"/v1/pull?{urlencode(query)}", headers=headers
            )
        except (Trouble, *LOST) as error:
            is_cut = str(error) == "cut short" or not isinstance(error, Trouble)
            if is_cut and not self.breaks("page-size"):
                self.state["limit"] = max((limit or LIMITS.page_bytes) // 2, LIMITS.page_bytes_least)
                self.save()
            raise
        return reply
