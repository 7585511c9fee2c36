"""Rules of a server's inbox: results, duplicates, receipts.

The documents pushed here are refused or quarantined, so that nothing reaches an ERP. They stay in the inbox.
"""

import datetime as dt
import gzip
import hashlib
import json
from typing import Any

from ulid import ULID

from sync_protocol.canonical import digest
from sync_protocol.catalogue.order import ORDER
from sync_protocol.conformance.client import Client, Json, b64, expect_json, expect_problem
from sync_protocol.conformance.rule import Rule, expect
from sync_protocol.pull import SyncReplySchema
from sync_protocol.push import PushReplySchema

PAGE = "docs/protocol.md#push"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}


def order(**more: Any) -> Json:
    """Return a well-formed order for a customer that does not exist."""
    line = {"line_no": 1, "product_id": "KIT", "quantity": "1", "unit": "KIT", "unit_price": "1.00"}
    today = dt.datetime.now(dt.UTC).date().isoformat()
    body = {"customer_id": "KIT-NOBODY", "order_date": today, "currency": "EUR", "lines": [line], **more}
    return submission(ORDER.name, body)


def submission(kind: str, body: Json) -> Json:
    """Return a submission of *kind* with *body*, captured now."""
    now = dt.datetime.now(dt.UTC).isoformat().replace("+00:00", "Z")
    id = str(ULID())
    return {"id": id, "kind": kind, "captured_at": now, "schema": 1, "body": body, "sha256": digest(body)}


def results(client: Client) -> None:
    unknown = submission("kit_probe", {"note": "a kind of a newer app"})
    damaged = {**order(), "sha256": "0" * 64}
    documents = [order(), unknown, damaged, {"id": "not a ULID"}]
    results = client.push(*documents)
    status = [result["status"] for result in results]
    expect(
        status[0] == "refused" and results[0]["errors"],
        f"an order for an unknown customer is {status[0]}, or has no errors",
    )
    expect(status[1] == "quarantined", f"a document of an unknown kind is {status[1]}")
    expect(status[2] != "received", "a document whose body does not match its sha256 is received")
    expect(status[3] != "received" and results[3]["id"] is None, "an object that is no submission is received")
    ids = [result["id"] for result in results[:3]]
    expect(
        ids == [document["id"] for document in documents[:3]],
        "the results are not in the order of the documents",
    )


def duplicates(client: Client) -> None:
    document = order()
    (first,) = client.push(document)
    (again,) = client.push(document)
    expect(again["status"] == "duplicate", f"the same document again is {again['status']}")
    expect(again["sha256"] == document["sha256"], "the stored sha256 differs")
    expect(again["errors"] == first["errors"], "the stored errors differ")
    other = {**order(notes="Another"), "id": document["id"]}
    (clash,) = client.push(other)
    expect(clash["status"] == "quarantined", f"another document under the same id is {clash['status']}")
    (result,) = client.push(document)
    expect(
        result["status"] == "duplicate" and result["sha256"] == document["sha256"], "the first was overwritten"
    )


def tolerant(client: Client) -> None:
    body = {"customer_id": "KIT-NOBODY", "of_a_newer_app": {"a": [1]}}
    document = {**submission("kit_probe", body), "hint": "of a newer app"}
    packed = gzip.compress(json.dumps({"submissions": [document], "hint": 1}).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    value = expect_json(client.request("POST", "/v1/push", content=packed, headers=headers), PushReplySchema)
    status = value["results"][0]["status"]
    expect(status == "quarantined", f"unknown fields and gzip: {status}")


def sync(client: Client) -> None:
    document = order()
    request = {"cursor": None, "submissions": [document], "schema": 1, "limit_bytes": 4 * 1024 * 1024}
    value = expect_json(client.request("POST", "/v1/sync", json=request), SyncReplySchema)
    expect(len(value["results"]) == 1 and value["page"] is not None, "no result, or no page")
    page = value["page"]
    published = [r["id"] for c in page["changes"] if c["collection"] == "submissions" for _, r in c["put"]]
    expect(
        document["id"] in published or not page["complete"],
        "the page lacks the document that was pushed with it",
    )
    bad = {**request, "cursor": "not a cursor", "submissions": [document]}
    value = expect_json(client.request("POST", "/v1/sync", json=bad), SyncReplySchema)
    expect(value["results"][0]["status"] == "duplicate", "a bad cursor prevented the push")
    expect(value["page"] is None, "a page was returned for an invalid cursor")
    expect((value["problem"] or {}).get("code") == "cursor_invalid", "`problem` is not cursor_invalid")


def _create_upload(client: Client, data: bytes, sha256: str | None = None) -> str:
    digest_ = sha256 or hashlib.sha256(data).hexdigest()
    metadata = f"sha256 {b64(digest_.encode())},filename {b64(b'kit.png')}"
    headers = {**TUS, "Upload-Length": str(len(data)), "Upload-Metadata": metadata}
    created = client.request("POST", "/v1/receipts", headers=headers)
    expect(created.status_code == 201, f"creating an upload was answered with {created.status_code}")
    location = str(created.headers.get("location", ""))
    expect(location.startswith("/v1/receipts/") or "://" in location, "an upload has no Location")
    return location


def receipts(client: Client) -> None:
    data = PNG + str(ULID()).encode()
    expect_problem(client.request("POST", "/v1/receipts", headers={"Upload-Length": "1"}), 412, "precondition")
    location = _create_upload(client, data)
    first = client.request("PATCH", location, content=data[:50], headers={**PIECE, "Upload-Offset": "0"})
    expect(first.status_code == 204 and first.headers.get("upload-offset") == "50", "a part was not accepted")
    status = client.request("HEAD", location, headers=TUS)
    expect(status.headers.get("upload-offset") == "50", "HEAD does not return the offset of the upload")
    again = client.request("PATCH", location, content=data[:50], headers={**PIECE, "Upload-Offset": "0"})
    expect_problem(again, 409, "offset_mismatch")
    rest = client.request("PATCH", location, content=data[50:], headers={**PIECE, "Upload-Offset": "50"})
    expect(rest.status_code == 204, f"the last part was answered with {rest.status_code}")
    repeated = client.request("HEAD", _create_upload(client, data), headers=TUS)
    expect(
        repeated.headers.get("upload-offset") == str(len(data)),
        "a receipt that the server has is requested again",
    )
    wrong = _create_upload(client, data, "a" * 64)
    damaged = client.request("PATCH", wrong, content=data, headers={**PIECE, "Upload-Offset": "0"})
    expect_problem(damaged, 460, "digest_mismatch")
    cancelled = _create_upload(client, PNG + str(ULID()).encode())
    expect(client.request("DELETE", cancelled, headers=TUS).status_code == 204, "an upload cannot be cancelled")
    expect_problem(client.request("HEAD", cancelled, headers=TUS), 404, "not_found")


RULES = [
    Rule("results", "One result per document, in their order; no document blocks another", PAGE, results),
    Rule("duplicates", "An id names one document, forever", PAGE, duplicates),
    Rule("tolerant", "Unknown fields are kept, gzip is accepted", PAGE, tolerant),
    Rule("sync", "Push, then pull; a bad cursor does not change the results", "docs/protocol.md#sync", sync),
    Rule(
        "receipts",
        "tus: parts, offset, a receipt sent before, a damaged one",
        "docs/protocol.md#receipts",
        receipts,
    ),
]
