"""`/app/contract.json`: for anybody, with its version as ETag, and kept by caches that ask each time."""

import json

from backend.app import create_app
from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.contract import contract
from tests.unit.api.installation import Installation
from tests.unit.sync_protocol.contract.declared import COOLERS


def test_the_contract_is_served_without_a_token(installation: Installation) -> None:
    reply = installation.client.get("/app/contract.json")
    assert reply.status_code == 200
    assert json.loads(reply.data) == json.loads(json.dumps(contract()))
    assert reply.headers["Cache-Control"] == "public, no-cache"
    assert reply.headers["ETag"] == f'W/"{contract()["version"]}"'


def test_an_app_that_has_the_version_gets_no_body(installation: Installation) -> None:
    tag = installation.client.get("/app/contract.json", headers={"Accept-Encoding": "br"}).headers["ETag"]
    reply = installation.client.get("/app/contract.json", headers={"If-None-Match": tag})
    assert (reply.status_code, reply.data, reply.headers["ETag"]) == (304, b"", tag)
    older = installation.client.get("/app/contract.json", headers={"If-None-Match": 'W/"0000000000000000"'})
    assert older.status_code == 200


def test_a_collection_that_is_declared_before_the_start_is_served(
    installation: Installation, monkeypatch
) -> None:
    before = installation.client.get("/app/contract.json")
    monkeypatch.setitem(COLLECTIONS, "coolers", COOLERS)
    reply = create_app(installation.settings).test_client().get("/app/contract.json")
    assert "coolers" in {collection["name"] for collection in reply.json["collections"]}
    assert reply.headers["ETag"] != before.headers["ETag"]


def test_the_contract_takes_few_bytes(installation: Installation) -> None:
    """An app fetches it before its first screen; the whole app may have 200 kB."""
    reply = installation.client.get("/app/contract.json", headers={"Accept-Encoding": "br"})
    assert len(reply.data) < 25_000
