"""Rules of a server's inbox: results, duplicates, receipts. What is pushed here is refused or kept apart, so
that nothing reaches an ERP; it stays in the server's inbox all the same.
"""

import datetime as dt
import gzip
import hashlib
import json
from typing import Any

from ulid import ULID

from sync_protocol.canonical import digest
from sync_protocol.conformance.client import Client, Json, b64, checked, refused
from sync_protocol.conformance.verdict import Rule, expect
from sync_protocol.pull import SyncReplySchema
from sync_protocol.push import PushReplySchema

PAGE = "docs/protocol.md#push"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}


def order(**more: Any) -> Json:
    """Return a well-formed order for a customer that nobody has."""
    line = {"line_no": 1, "product_id": "KIT", "quantity": "1", "unit": "KIT", "unit_price": "1.00"}
    today = dt.datetime.now(dt.UTC).date().isoformat()
    body = {"customer_id": "KIT-NOBODY", "order_date": today, "currency": "EUR", "lines": [line], **more}
    return submission("order", body)


def submission(kind: str, body: Json) -> Json:
    """Return *body* captured now."""
    now = dt.datetime.now(dt.UTC).isoformat().replace("+00:00", "Z")
    id = str(ULID())
    return {"id": id, "kind": kind, "captured_at": now, "schema": 1, "body": body, "sha256": digest(body)}


def results(client: Client) -> None:
    unknown = submission("kit_probe", {"note": "a kind of a newer app"})
    damaged = {**order(), "sha256": "0" * 64}
    documents = [order(), unknown, damaged, {"id": "not a ULID"}]
    found = client.push(*documents)
    status = [result["status"] for result in found]
    expect(
        status[0] == "refused" and found[0]["errors"], f"an order for nobody is {status[0]}, without reasons"
    )
    expect(status[1] == "quarantined", f"a kind that it does not know is {status[1]}")
    expect(status[2] != "received", "a document whose body is not what was hashed is received")
    expect(status[3] != "received" and found[3]["id"] is None, "what is no submission is received")
    ids = [result["id"] for result in found[:3]]
    expect(ids == [document["id"] for document in documents[:3]], "the results are in another order")


def duplicates(client: Client) -> None:
    document = order()
    (first,) = client.push(document)
    (again,) = client.push(document)
    expect(again["status"] == "duplicate", f"the same document again is {again['status']}")
    expect(again["sha256"] == document["sha256"], "the stored sha256 is another one")
    expect(again["errors"] == first["errors"], "the stored reasons are others")
    other = {**order(notes="Another"), "id": document["id"]}
    (clash,) = client.push(other)
    expect(clash["status"] == "quarantined", f"another document under the same id is {clash['status']}")
    (still,) = client.push(document)
    expect(
        still["status"] == "duplicate" and still["sha256"] == document["sha256"], "the first was overwritten"
    )


def tolerant(client: Client) -> None:
    body = {"customer_id": "KIT-NOBODY", "of_a_newer_app": {"a": [1]}}
    document = {**submission("kit_probe", body), "hint": "of a newer app"}
    packed = gzip.compress(json.dumps({"submissions": [document], "hint": 1}).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    value = checked(client.ask("POST", "/v1/push", content=packed, headers=headers), PushReplySchema)
    status = value["results"][0]["status"]
    expect(status == "quarantined", f"unknown fields and gzip: {status}")


def sync(client: Client) -> None:
    document = order()
    asked = {"cursor": None, "submissions": [document], "schema": 1, "limit_bytes": 4 * 1024 * 1024}
    value = checked(client.ask("POST", "/v1/sync", json=asked), SyncReplySchema)
    expect(len(value["results"]) == 1 and value["page"] is not None, "no result, or no page")
    page = value["page"]
    told = [r["id"] for c in page["changes"] if c["collection"] == "submissions" for _, r in c["put"]]
    expect(document["id"] in told or not page["complete"], "the page does not show what was pushed with it")
    bad = {**asked, "cursor": "not a cursor", "submissions": [document]}
    value = checked(client.ask("POST", "/v1/sync", json=bad), SyncReplySchema)
    expect(value["results"][0]["status"] == "duplicate", "a bad cursor stood in the way of the push")
    expect(value["page"] is None, "a page for a cursor that is none")
    expect((value["problem"] or {}).get("code") == "cursor_invalid", "`problem` does not say cursor_invalid")


def _begin(client: Client, data: bytes, sha256: str | None = None) -> str:
    digest_ = sha256 or hashlib.sha256(data).hexdigest()
    metadata = f"sha256 {b64(digest_.encode())},filename {b64(b'kit.png')}"
    headers = {**TUS, "Upload-Length": str(len(data)), "Upload-Metadata": metadata}
    begun = client.ask("POST", "/v1/receipts", headers=headers)
    expect(begun.status_code == 201, f"an upload began with {begun.status_code}")
    place = str(begun.headers.get("location", ""))
    expect(place.startswith("/v1/receipts/") or "://" in place, "an upload has no Location")
    return place


def receipts(client: Client) -> None:
    data = PNG + str(ULID()).encode()
    refused(client.ask("POST", "/v1/receipts", headers={"Upload-Length": "1"}), 412, "precondition")
    place = _begin(client, data)
    first = client.ask("PATCH", place, content=data[:50], headers={**PIECE, "Upload-Offset": "0"})
    expect(first.status_code == 204 and first.headers.get("upload-offset") == "50", "a piece was not taken")
    standing = client.ask("HEAD", place, headers=TUS)
    expect(standing.headers.get("upload-offset") == "50", "HEAD does not tell where the upload stands")
    again = client.ask("PATCH", place, content=data[:50], headers={**PIECE, "Upload-Offset": "0"})
    refused(again, 409, "offset_mismatch")
    rest = client.ask("PATCH", place, content=data[50:], headers={**PIECE, "Upload-Offset": "50"})
    expect(rest.status_code == 204, f"the last piece was answered with {rest.status_code}")
    have = client.ask("HEAD", _begin(client, data), headers=TUS)
    expect(have.headers.get("upload-offset") == str(len(data)), "a receipt that it has is asked for again")
    wrong = _begin(client, data, "a" * 64)
    damaged = client.ask("PATCH", wrong, content=data, headers={**PIECE, "Upload-Offset": "0"})
    refused(damaged, 460, "digest_mismatch")
    given_up = _begin(client, PNG + str(ULID()).encode())
    expect(client.ask("DELETE", given_up, headers=TUS).status_code == 204, "an upload cannot be given up")
    refused(client.ask("HEAD", given_up, headers=TUS), 404, "not_found")


RULES = [
    Rule("results", "A result for each document, in their order; none blocks another", PAGE, results),
    Rule("duplicates", "An id names one document, for ever", PAGE, duplicates),
    Rule("tolerant", "Unknown fields are kept, gzip is taken", PAGE, tolerant),
    Rule("sync", "Push, then pull; a bad cursor leaves the results", "docs/protocol.md#sync", sync),
    Rule(
        "receipts", "tus: pieces, standing, what it has, what is damaged", "docs/protocol.md#receipts", receipts
    ),
]
