"""The golden examples of the wire, as the device reads them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync_protocol.device.capture.documents import documents
from sync_protocol.device.errors import Problem
from sync_protocol.device.page import read_page
from sync_protocol.device.session.keys import DeviceKey
from sync_protocol.device.session.transport import Transport
from sync_protocol.device.store import outbox, replica
from sync_protocol.device.store.database import Database
from sync_protocol.device.sync.push import store_results
from sync_protocol.device.sync.report import SyncReport
from tests.unit.device.session.test_transport import Line

EXAMPLES = Path(__file__).parents[2] / "contract" / "wire"
PROBLEMS = sorted(EXAMPLES.glob("problem-*.json"))


def example(name: str) -> dict[str, Any]:
    exchange: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text())
    return exchange


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "golden.sqlite3")
    yield database
    database.close()


@pytest.mark.parametrize("path", PROBLEMS, ids=lambda path: path.stem)
def test_each_problem_is_read_as_what_it_is(path: Path) -> None:
    reply = json.loads(path.read_text())["reply"]
    # One of them answers a HEAD, which has no body: the code is in a header.
    method = "GET" if "body" in reply else "HEAD"
    stream = httpx.ByteStream(json.dumps(reply["body"]).encode() if "body" in reply else b"")
    answer = httpx.Response(reply["status"], headers=reply["headers"], stream=stream)
    line = Transport("https://x.test", http=Line(lambda request: answer))
    with pytest.raises(Problem) as problem:
        line.request(method, "/v1/pull")
    line.close()
    code = path.stem.removeprefix("problem-")
    assert (problem.value.code, problem.value.status) == (code, reply["status"])
    assert problem.value.wipe == (code == "device_revoked")
    wait = reply["headers"].get("Retry-After")
    assert problem.value.retry_after == (int(wait) if wait else None)


def test_there_are_examples_of_problems() -> None:
    assert len(PROBLEMS) > 10


def test_the_pages_are_applied_one_after_another(db: Database) -> None:
    for name in ("pull-first", "pull-delta", "pull-reset"):
        reply = example(name)["reply"]
        page = read_page(reply["body"], reply["headers"]["ETag"])
        assert replica.apply(db, page, replica.sync_state(db), "2026-11-23T09:00:00Z").applied
        keys = {record["id"] for record in replica.records(db, "customers")}
        puts = {row.key for row in page.put if row.stream[1] == "customers"}
        assert puts <= keys
        assert not keys & {row.key for row in page.gone if row.stream[1] == "customers"}
        if name == "pull-reset":
            assert page.reset and keys == puts
    assert replica.sync_state(db).etag == reply["headers"]["ETag"]


@pytest.mark.parametrize("name", ["push", "push-again", "sync", "sync-problem"])
def test_the_results_of_a_push_are_stored_with_their_documents(db: Database, name: str) -> None:
    """One by one, for an example pushes two documents under one id, which no device does."""
    exchange = example(name)
    results = exchange["reply"]["body"]["results"]
    for document, result in zip(exchange["request"]["body"]["submissions"], results, strict=True):
        db.run("DELETE FROM document")
        db.run(
            "INSERT INTO document (id, rep, kind, title, captured_at, sha256, frozen)"
            " VALUES (?, 'R1', ?, '', ?, ?, ?)",
            document["id"], document["kind"], document["captured_at"], document["sha256"],
            json.dumps(document).encode(),
        )  # fmt: skip
        store_results(db, outbox.due(db, "R1"), [result], SyncReport())
        (stored,) = documents(db)
        assert stored.stage == (result["state"] or result["status"])
        assert stored.errors == result["errors"]


def test_the_proof_is_that_of_the_test_vector() -> None:
    exchange = example("token")
    key = DeviceKey(Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
    headers, expected = read_proof(exchange["request"]["headers"]["DPoP"], key)
    made_headers, made = read_proof(key.proof("POST", expected["htu"], expected["nonce"], 0.0), key)
    assert made_headers == headers
    assert {**made, "jti": expected["jti"]} == expected


def read_proof(proof: str, key: DeviceKey) -> tuple[dict[str, Any], dict[str, Any]]:
    public = jwt.PyJWK({**key.public_jwk(), "alg": "EdDSA"}).key
    payload = jwt.decode(proof, public, algorithms=["EdDSA"], options={"verify_iat": False})
    return jwt.get_unverified_header(proof), payload


def test_the_enrolment_names_the_key_as_the_device_does() -> None:
    key = DeviceKey(Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
    assert example("enrol")["request"]["body"]["public_key"] == key.public_jwk()
