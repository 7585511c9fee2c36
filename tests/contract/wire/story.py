"""The story of the golden exchanges: one phone, from its enrolment to the order to wipe it."""

import base64
import gzip
import hashlib
from collections.abc import Iterator
from typing import Any

from sync_protocol.limits import LIMITS
from tests.contract.wire import amendments, arrival, exchange, segments, verification
from tests.contract.wire.device_report import REPORT
from tests.contract.wire.exchange import Golden
from tests.contract.wire.stage import Stage
from tests.contract.wire.world import DEVICE_KEY, SECOND_CODE
from tests.unit.api.installation import Installation, Phone
from tests.unit.sync import company

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
DIGEST = hashlib.sha256(PNG).hexdigest()
BROKEN_PNG = PNG[:40]
REFUSED_CLAIM = "01KBR9YJ3M0000000000000015"
ORDER, FORECAST, VISIT, CLAIM = (f"01KBR9YJ3M00000000000000{n:02}" for n in range(1, 5))
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}


class Story:
    """Plays the requests in order and yields each exchange as (name, golden)."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.phone = Phone(installation, DEVICE_KEY)
        self.stage = Stage(installation, self.phone)
        self.exchanges: list[tuple[str, Golden]] = []

    def play(self) -> Iterator[tuple[str, Golden]]:
        """Yield every exchange."""
        for chapter in (
            self._arrive,
            self._pull,
            self._push,
            self._upload,
            self._verify,
            self._segments,
            self._fail,
            self._amend,
            self._leave,
        ):
            chapter()
            yield from self.exchanges
            self.exchanges.clear()

    def ask(self, name: str, description: str, method: str, path: str, **request: Any) -> Any:
        """Send a request with the phone's current token (`token=None`: none) and keep the exchange."""
        headers = {**request.pop("headers", {})}
        token = request.pop("token", self.phone.access_token)
        if "body" in request:
            headers.setdefault("Content-Type", "application/json")
        if token:
            is_own = token == self.phone.access_token
            headers = {"Authorization": exchange.OWN_TOKEN if is_own else f"Bearer {token}", **headers}
        golden: Golden = {
            "method": method,
            "path": path,
            **({"headers": headers} if headers else {}),
            **request,
        }
        response = exchange.send(self.installation.client, name, golden, self.phone.access_token)
        reply = exchange.reply_of(response)
        self.exchanges.append((name, {"about": description, "request": golden, "reply": reply}))
        self.stage.record({"ask": name})
        self.stage.wait(10)
        return response

    def _arrive(self) -> None:
        arrival.play(self)

    def _pull(self) -> None:
        first = self.ask("pull-first", "Everything that the rep may read, from the start.", "GET", "/v1/pull")
        cursor, tag = first.json["cursor"], first.headers["ETag"]
        description = "Nothing has changed; the cursor stays valid and complete."
        query = {"cursor": cursor}
        self.ask("pull-idle", description, "GET", "/v1/pull", query=query, headers={"If-None-Match": tag})
        renamed = company.customer("C1", "NW", name="Customer C1 & Sons")
        self.stage.publish([renamed, company.customer("C2", "SE"), company.customer("C3", "NW")])
        self.stage.unassign("R1", "warehouse:W1")
        description = (
            "C1 has changed, C2 has moved to another territory, C3 is new, and W1 is no longer the rep's."
        )
        self.cursor = self.ask("pull-delta", description, "GET", "/v1/pull", query=query).json["cursor"]

    def _push(self) -> None:
        order = company.submission(ORDER, company.order_body())
        lines = [{"line_no": 1, "product_id": "P9", "quantity": "3.5", "unit": "u"}]
        forecast = {"warehouse_id": "W1", "period": "2026-12", "revision": 1, "lines": lines}
        documents = [
            order,
            company.submission(FORECAST, forecast, "forecast"),
            company.submission(VISIT, {"customer_id": "C1"}, "visit"),
        ]
        description = (
            "One result each: an order, a forecast of a product that the rep lacks, a kind of a newer app."
        )
        self.ask("push", description, "POST", "/v1/push", body={"submissions": documents})
        other = company.submission(ORDER, company.order_body(notes="Another order"))
        description = "The same order again, and another document with its id."
        self.ask("push-again", description, "POST", "/v1/push", body={"submissions": [order, other]})
        line = {
            "line_no": 1,
            "date": "2026-11-20",
            "category_id": "meals",
            "description": "Lunch",
            "amount": "42.00",
            "receipts": [f"sha256:{DIGEST}"],
        }
        body = {"purpose": "Lunch", "customer_id": "C1", "currency": "EUR", "lines": [line]}
        claim = company.submission(CLAIM, body, "expense_claim", needs=[f"sha256:{DIGEST}"])
        description = (
            "Push and pull in one round trip: a claim that waits for its receipt, and the page that shows it."
        )
        body = {"cursor": self.cursor, "submissions": [claim], "schema": 1}
        self.cursor = self.ask("sync", description, "POST", "/v1/sync", body=body).json["page"]["cursor"]
        description = "An invalid cursor prevents the page, not the push."
        request = {"cursor": "not a cursor", "submissions": [claim]}
        self.ask("sync-problem", description, "POST", "/v1/sync", body=request)

    def _upload(self) -> None:
        names = {"sha256": DIGEST, "filename": "lunch.png"}
        metadata = ",".join(
            f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in names.items()
        )
        headers = {**TUS, "Upload-Length": str(len(PNG)), "Upload-Metadata": metadata}
        description = "The upload of a receipt starts."
        place = self.ask("receipt-create", description, "POST", "/v1/receipts", headers=headers).headers[
            "Location"
        ]
        self._piece("receipt-piece", "The first bytes.", place, 0, PNG[:40])
        self.ask("receipt-status", "How far the upload has come.", "HEAD", place, headers=TUS)
        description = "A piece with another offset; ask for the offset with HEAD and continue there."
        self._piece("problem-offset_mismatch", description, place, 0, PNG[:40])
        self._piece("receipt-last-piece", "The last bytes; the receipt is stored.", place, 40, PNG[40:])
        description = "The receipt has arrived; the claim waits until it is checked."
        query = {"cursor": self.cursor}
        self.cursor = self.ask("pull-receipt-arrived", description, "GET", "/v1/pull", query=query).json[
            "cursor"
        ]
        self.stage.check_receipts()
        description = "The receipt is checked; the claim is queued now."
        query = {"cursor": self.cursor}
        self.cursor = self.ask("pull-receipt-checked", description, "GET", "/v1/pull", query=query).json[
            "cursor"
        ]
        self._refused_receipt()
        wrong = {**headers, "Upload-Metadata": metadata.replace(names["sha256"], "")}
        wrong["Upload-Metadata"] = "sha256 " + base64.b64encode(b"a" * 64).decode()
        place = self.stage.begin_upload(wrong)
        description = "The upload is complete, but its bytes have another sha256."
        self._piece("problem-digest_mismatch", description, place, 0, PNG)
        other = self.stage.begin_upload(wrong)
        self._piece("problem-receipt_type", "A file of a type that is not accepted.", other, 0, b"<svg/>" * 3)
        self.ask("problem-precondition", "A tus request without the version.", "HEAD", place)

    def _refused_receipt(self) -> None:
        ref = f"sha256:{hashlib.sha256(BROKEN_PNG).hexdigest()}"
        line = {
            "line_no": 1,
            "date": "2026-11-20",
            "category_id": "meals",
            "description": "Lunch",
            "amount": "42.00",
            "receipts": [ref],
        }
        body = {"purpose": "Lunch", "customer_id": "C1", "currency": "EUR", "lines": [line]}
        claim = company.submission(REFUSED_CLAIM, body, "expense_claim", needs=[ref])
        self.stage.send_claim(claim, base64.b64encode(BROKEN_PNG).decode())
        self.stage.check_receipts()
        description = (
            "A receipt cannot be used; its claim is rejected, with an error at the field that cites it."
        )
        query = {"cursor": self.cursor}
        self.cursor = self.ask("pull-receipt-refused", description, "GET", "/v1/pull", query=query).json[
            "cursor"
        ]

    def _piece(self, name: str, description: str, place: str, offset: int, data: bytes) -> None:
        headers = {**PIECE, "Upload-Offset": str(offset)}
        self.ask(name, description, "PATCH", place, headers=headers, base64=base64.b64encode(data).decode())

    def _verify(self) -> None:
        verification.play(self)

    def _segments(self) -> None:
        segments.play(self)

    def _fail(self) -> None:
        json, push = {"Content-Type": "application/json"}, "/v1/push"
        self.ask("limits", "The limits in force.", "GET", "/v1/limits", token=None)
        description = "What the device has not sent, and the figures of its last sync."
        self.ask("report", description, "POST", "/v1/report", body=REPORT)
        self.ask("problem-token_missing", "No token.", "GET", "/v1/pull", token=None)
        description = "A token that this server did not issue."
        self.ask("problem-token_invalid", description, "GET", "/v1/pull", token="a.b.c")
        self.ask(
            "problem-not_json", "One comma too many.", "POST", push, headers=json, text='{"submissions":[1,]}'
        )
        self.ask("problem-envelope_invalid", "submissions is no list.", "POST", push, body={"submissions": 5})
        large = {**json, "Content-Length": str(LIMITS.push_bytes + 1)}
        self.ask("problem-body_too_large", "A body larger than the limit.", "POST", push, headers=large)
        coded = {**json, "Content-Encoding": "br"}
        self.ask(
            "problem-encoding_unsupported", "An unsupported coding.", "POST", push, headers=coded, text="x"
        )
        cut = base64.b64encode(gzip.compress(b'{"submissions":[]}', mtime=0)[:20]).decode()
        packed = {**json, "Content-Encoding": "gzip"}
        self.ask("problem-body_damaged", "Gzip that ends too early.", "POST", push, headers=packed, base64=cut)
        self.ask("problem-not_found", "An unknown address.", "GET", "/v1/nothing")
        self.ask("problem-method_not_allowed", "An unsupported method.", "DELETE", "/v1/pull")
        description = "A cursor that this server did not issue."
        self.ask("problem-cursor_invalid", description, "GET", "/v1/pull", query={"cursor": "not a cursor"})
        self.stage.break_down("an endpoint")
        self.ask("problem-internal", "An unexpected error.", "GET", "/v1/limits", token=None)
        self.stage.restore()
        self.stage.break_down("the database")
        self.ask("problem-unavailable", "The database does not respond.", "GET", "/v1/pull")
        self.stage.restore()
        query = {"cursor": self.cursor}
        self.stage.fall_behind(20)
        self.ask("problem-not_yet", "A server that is behind the device.", "GET", "/v1/pull", query=query)
        self.stage.fall_behind(-20)
        body = {"code": SECOND_CODE, "public_key": self.phone.public_key, "device_name": "x"}
        self.stage.break_down("patience")
        proof = self.phone.proven("/v1/enrol", jti="7")
        self.ask(
            "problem-rate_limited",
            "Too many failures.",
            "POST",
            "/v1/enrol",
            headers=proof,
            body=body,
            token=None,
        )
        self.stage.restore()
        self.stage.break_down("room")
        self.ask("problem-server_busy", "A server whose threads are busy.", "GET", "/v1/pull")
        self.stage.restore()
        body = {"submissions": [company.submission(ORDER, company.order_body())]}
        self.stage.break_down("the day")
        self.ask("problem-quota_exceeded", "A rep who has used up the day.", "POST", push, body=body)
        self.stage.restore()

    def _amend(self) -> None:
        amendments.play(self)

    def _leave(self) -> None:
        self.stage.begin_epoch()
        description = (
            "The server has started a new epoch: delete the replica, keep the outbox, apply this page."
        )
        self.ask("pull-reset", description, "GET", "/v1/pull", query={"cursor": self.cursor})
        description = (
            "The same to an app that can repair its rows: it keeps them, with `head` as their position."
        )
        query = {"cursor": self.cursor, "schema": "2"}
        rebased = self.ask("pull-rebase", description, "GET", "/v1/pull", query=query)
        order = company.submission(ORDER, company.order_body())
        body = {"cursor": self.cursor, "schema": 2, "submissions": [order]}
        description = "A document that came with the reset: store its result first, then make it due again."
        self.ask("sync-reset", description, "POST", "/v1/sync", body=body)
        description = "A verification with a cursor of an earlier epoch."
        sums = verification.sums_under(self.installation, rebased.json["cursor"])
        body = {"cursor": self.cursor, "schema": 2, "sums": sums}
        self.ask("problem-epoch_changed", description, "POST", "/v1/verify", body=body)
        self.stage.revoke()
        problem = self.ask("problem-device_revoked", "The order to wipe.", "GET", "/v1/pull")
        description = "The device has wiped itself. It had exported one document that was not sent."
        body = {"wipe_order": problem.json["wipe_order"], "exported": 1}
        self.ask("wiped", description, "POST", "/v1/wiped", body=body, token=None)
        description = "An order that this server did not give."
        body = {"wipe_order": "sw1.x", "exported": 0}
        self.ask("problem-wipe_order_invalid", description, "POST", "/v1/wiped", body=body, token=None)
        self.stage.wait(1200)
        self.ask("problem-token_expired", "A token that is twenty minutes old.", "GET", "/v1/pull")
