"""The golden examples of the wire, as the browser device reads them in Chromium."""

import base64
import gzip
import hashlib
import random
from typing import Any

import jwt
import pytest
from playwright.sync_api import Page

from sync_protocol import segment
from sync_protocol.canonical import canonical
from sync_protocol.change import Stream
from sync_protocol.checksum import hash_text, record_hash
from tests.contract.wire.exchange import names, read

PROBLEMS = [name for name in names() if name.startswith("problem-")]
PAGES = [name for name in names() if name.startswith("pull-") and read(name)["reply"]["status"] == 200]
STREAM: Stream = ("territory:NW", "customers")
NAMES = ["Müller & Söhne", "北京公司", "a|b", "", "x" * 40, "😀 smile", '"\\\n\t', None]


def test_there_are_examples() -> None:
    assert len(PROBLEMS) > 10 and len(PAGES) > 5


def test_each_problem_is_read_as_what_it_is(page: Page) -> None:
    for name in PROBLEMS:
        reply = read(name)["reply"]
        outcome = page.evaluate(
            """async ({ reply, method }) => {
                globalThis.fetch = async () => new Response(
                    "body" in reply ? JSON.stringify(reply.body) : null,
                    { status: reply.status, headers: reply.headers },
                );
                const line = new m.transport.Transport("https://x.test");
                return m.outcome(() => line.request(method, "/v1/pull"));
            }""",
            # One of them answers a HEAD, which has no body: the code is in a header.
            {"reply": reply, "method": "GET" if "body" in reply else "HEAD"},
        )
        error, code = outcome["error"], name.removeprefix("problem-")
        assert (error["problem"], error["status"]) == (code, reply["status"])
        assert error["wipe"] == (code == "device_revoked")
        wait = reply["headers"].get("Retry-After")
        assert error["retryAfter"] == (int(wait) if wait else None)
        # A sentence for the rep has no hosts, codes and statuses.
        assert code not in error["message"] and str(reply["status"]) not in error["message"]


def test_the_limits_of_the_app_are_those_of_the_protocol(page: Page) -> None:
    limits = read("limits")["reply"]["body"]
    built_in = page.evaluate("() => m.limits.LIMITS")
    # Reports came later than the other limits; the example has them once the server does.
    limits = {"report_unsent": 500, "report_syncs": 100} | limits
    assert built_in == {name: limits[name] for name in built_in}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_read_and_its_rows_have_the_hashes_of_the_server(page: Page, name: str) -> None:
    body = read(name)["reply"]["body"]
    rows = page.evaluate(
        """body => m.pageReader.readPage(body, null).put.map(put => {
            const row = m.rows.rowOf(put);
            return [row.collection, row.key, m.checksum.hashText(row)];
        })""",
        body,
    )
    expected = [
        [
            changes["collection"],
            record["id"],
            hash_text(record_hash(changes["collection"], record["id"], record)),
        ]
        for changes in body["changes"]
        for _, record in changes["put"]
    ]
    assert rows == expected


def test_pages_are_applied_one_after_another(page: Page) -> None:
    """The first, a later one, and one of another epoch; the first page's `check` proves rows and checksums."""
    pages = [read(name)["reply"] for name in ("pull-first", "pull-delta", "pull-reset")]
    results = page.evaluate(
        """async pages => {
            const { stores } = new m.Device({ suffix: "-golden" });
            const results = [];
            for (const { body, headers } of pages) {
                const before = await stores.replica.read(m.state.readState);
                const read = m.pageReader.readPage(body, headers.ETag);
                const applied = await m.replica.applyPage(stores, read, before, "2026-11-23T09:00:00Z");
                const sums = await stores.replica.read(m.rows.streamSums);
                const rows = await stores.replica.read(t => t.objectStore("record").getAll());
                results.push({
                    applied: applied.applied,
                    reset: applied.reset,
                    equal: body.check === null || m.checksum.equals(m.checksum.total(sums), body.check),
                    customers: rows.filter(row => row.collection === "customers").map(row => row.key),
                });
            }
            return results;
        }""",
        pages,
    )
    assert [result["applied"] for result in results] == [True, True, True]
    assert [result["reset"] for result in results] == [False, False, True]
    assert [result["equal"] for result in results] == [True, True, True]
    for result, reply in zip(results, pages, strict=True):
        customers = [c for c in reply["body"]["changes"] if c["collection"] == "customers"]
        assert {record["id"] for c in customers for _, record in c["put"]} <= set(result["customers"])
        assert not {key for c in customers for _, key in c["gone"]} & set(result["customers"])


@pytest.mark.parametrize("name", ["push", "push-again", "push-withdraw", "sync", "sync-reset"])
def test_the_sha256_of_a_pushed_document_is_the_device_s_own(page: Page, name: str) -> None:
    submissions = read(name)["request"]["body"]["submissions"]
    digests = page.evaluate(
        "bodies => bodies.map(body => m.sha.sha256(m.canonical.canonical(body)))",
        [s["body"] for s in submissions],
    )
    # One example pushes a document whose sha256 is not that of its body.
    right = [hashlib.sha256(canonical(s["body"])).hexdigest() for s in submissions]
    assert digests == right
    assert any(digest == s["sha256"] for digest, s in zip(digests, submissions, strict=True))


@pytest.mark.parametrize("name", ["push", "push-again", "sync", "sync-problem", "push-amendment-refused"])
def test_results_are_stored_with_their_documents(page: Page, name: str) -> None:
    exchange = read(name)
    submissions, results = exchange["request"]["body"]["submissions"], exchange["reply"]["body"]["results"]
    for document, result in zip(submissions, results, strict=True):
        stored = page.evaluate(
            """async ({ document, result, name }) => {
                const { id, kind, captured_at, sha256 } = document;
                const device = new m.Device({ suffix: `-${name}-${Math.random()}` });
                const captured = {
                    rep: "R1", kind, title: "", captured_at, sha256, supersedes: null, photos: [], warnings: [],
                };
                const frozen = new TextEncoder().encode(JSON.stringify(document));
                await device.stores.outbox.write(t => m.outbox.addDocument(t, id, frozen, captured));
                const due = await device.stores.outbox.read(t => m.outbox.dueDocuments(t, "R1"));
                const pusher = new m.push.Pusher(device.stores, null, new m.SyncReport());
                await pusher.storeResults(due, [result]);
                const [one] = await device.documents();
                return { stage: one.stage, errors: one.errors };
            }""",
            {"document": document, "result": result, "name": name},
        )
        assert stored["stage"] == (result["state"] or result["status"])
        assert stored["errors"] == result["errors"]


def test_the_proof_is_that_of_the_test_vector(page: Page) -> None:
    """The device of the examples has the Ed25519 key whose private part is 32 bytes of 01."""
    exchange = read("token")
    golden = exchange["request"]["headers"]["DPoP"]
    header, payload = jwt.get_unverified_header(golden), jwt.decode(golden, options={"verify_signature": False})
    made = page.evaluate(
        """async ({ jwk, d, htu, nonce }) => {
            const options = ["Ed25519", false];
            const privateKey = await crypto.subtle.importKey("jwk", { ...jwk, d }, ...options, ["sign"]);
            const publicKey = await crypto.subtle.importKey("jwk", jwk, "Ed25519", true, ["verify"]);
            return new m.keys.DeviceKey({ privateKey, publicKey }).proof("POST", htu, nonce, 0);
        }""",
        {"jwk": header["jwk"], "d": "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE", **payload},
    )
    key = jwt.PyJWK({**header["jwk"], "alg": "EdDSA"}).key
    decoded = jwt.decode(made, key, algorithms=["EdDSA"], options={"verify_iat": False})
    assert jwt.get_unverified_header(made) == header
    assert {**decoded, "jti": payload["jti"]} == payload


def test_a_key_cannot_be_exported_and_is_ed25519(page: Page) -> None:
    result = page.evaluate(
        """async () => {
            const { stores } = new m.Device({ suffix: "-key" });
            await m.keys.loadOrCreate(stores, "key-1");
            const { pair } = await stores.outbox.read(t => t.objectStore("device_key").get("key-1"));
            const exported = await m.outcome(() => crypto.subtle.exportKey("jwk", pair.privateKey));
            return { algorithm: pair.privateKey.algorithm.name, exported };
        }"""
    )
    assert result["algorithm"] == "Ed25519"
    assert result["exported"]["error"]["name"] == "InvalidAccessError"


def test_without_ed25519_the_proof_is_es256(page: Page) -> None:
    """A browser that has no Ed25519 makes a key on P-256, which the server accepts too."""
    proof = page.evaluate(
        """async () => {
            const generate = crypto.subtle.generateKey.bind(crypto.subtle);
            crypto.subtle.generateKey = async (algorithm, ...more) => {
                if (algorithm.name === "Ed25519") throw new DOMException("unknown", "NotSupportedError");
                return generate(algorithm, ...more);
            };
            const { stores } = new m.Device({ suffix: "-p256" });
            const key = await m.keys.loadOrCreate(stores, "key-1");
            return key.proof("POST", "https://x.test/v1/token", "1795424430.abc", 0);
        }"""
    )
    header = jwt.get_unverified_header(proof)
    key = jwt.PyJWK({**header["jwk"], "alg": "ES256"}).key
    payload = jwt.decode(proof, key, algorithms=["ES256"], options={"verify_iat": False})
    assert (header["alg"], payload["iat"]) == ("ES256", 1_795_424_430)


def test_a_segment_is_read_as_it_was_written(page: Page) -> None:
    """Records of all shapes, written by the server's code: equal records, and the same hash of each row."""
    draw = random.Random(49)
    records = [_record(draw, f"C{n:04}") for n in range(300)]
    rows = [(record["id"], canonical(record).decode()) for record in records]
    data = segment.encode(STREAM, segment.KeyRange("", "D"), rows)
    offer = {
        "channel": STREAM[0], "collection": STREAM[1], "from": "", "to": "D", "priority": 1, "bytes": len(data),
        "sha256": segment.name_of(data), "rows": len(rows), "position": 7, "url": None,
    }  # fmt: skip
    result = page.evaluate(
        """async ({ offer, data }) => {
            const { keys, records } = await m.segment.readSegment(offer, m.bytes(data));
            const hashes = records.map((record, n) => m.checksum.recordHash("customers", keys[n], record));
            return { keys, records, hashes: hashes.map(m.checksum.hashText) };
        }""",
        {"offer": offer, "data": _base64(data)},
    )
    assert result["keys"] == [record["id"] for record in records]
    assert result["records"] == records
    assert result["hashes"] == [hash_text(record_hash("customers", r["id"], r)) for r in records]


def test_a_segment_of_another_stream_or_with_keys_out_of_range_is_refused(page: Page) -> None:
    rows = [(f"C{n}", f'{{"id":"C{n}"}}') for n in range(5)]
    data = segment.encode(STREAM, segment.KeyRange("", None), rows)
    offer: dict[str, Any] = {
        "channel": STREAM[0], "collection": STREAM[1], "from": "", "to": None, "sha256": "x", "rows": 5,
    }  # fmt: skip
    wrong: list[dict[str, Any]] = [
        {"channel": "territory:SE"},
        {"from": "C2"},
        {"to": "C3"},
        {"rows": 4},
        {"collection": "contacts"},
    ]
    for change in wrong:
        outcome = page.evaluate(
            "({ offer, data }) => m.outcome(() => m.segment.readSegment(offer, m.bytes(data)))",
            {"offer": offer | change, "data": _base64(data)},
        )
        assert outcome["error"]["code"] == "contract_broken", change
    bomb = gzip.compress(b" " * 20_000_000)
    outcome = page.evaluate(
        "({ offer, data }) => m.outcome(() => m.segment.readSegment(offer, m.bytes(data)))",
        {"offer": offer, "data": _base64(bomb)},
    )
    assert "too many bytes" in outcome["error"]["technical"]


def _record(draw: random.Random, key: str) -> dict[str, Any]:
    record: dict[str, Any] = {
        "id": key,
        "name": draw.choice(NAMES),
        "city": draw.choice([None, "Bern", "Thun"]),
        "count": draw.choice([0, -1, 2**53 - 1, None]),
        "block_order": draw.choice([True, False]),
        "addresses": [_address(draw, n) for n in range(draw.randrange(3))],
    }
    if draw.random() < 0.3:
        del record["city"]
    if draw.random() < 0.2:
        record["of_a_newer_server"] = {"10": 1, "9": [None, {"z": "é", "a": []}]}
    return record


def _address(draw: random.Random, n: int) -> dict[str, Any]:
    return {"id": f"A{n}", "uses": draw.sample(["delivery", "invoice"], draw.randrange(3))}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
