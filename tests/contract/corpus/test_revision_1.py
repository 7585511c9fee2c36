"""A phone with the app of revision 1 lives on beside today's server: it pulls, pushes, and is reset plainly."""

import dataclasses
from collections.abc import Iterator
from unittest.mock import patch

import pytest

from backend.feed.models import FeedSegment
from backend.settings import Settings, read_settings
from backend.sync import grants
from sync_protocol.canonical import digest
from sync_protocol.catalogue import COLLECTIONS
from tests.contract.corpus import corpus
from tests.contract.corpus.player import Player, stage_of
from tests.contract.corpus.reader_1 import SCHEMA, ContractBroken, Reader, check_page, check_results
from tests.unit.api.installation import Installation, Phone
from tests.unit.sync import company

pytestmark = pytest.mark.both_dialects

DOCUMENTS = [
    document
    for name in ("push", "sync")
    for document in corpus.read(1, name)["request"]["body"]["submissions"]
    if document["kind"] != "visit"
]


@pytest.fixture
def player(tmp_path) -> Iterator[Player]:
    settings = read_settings({"SATCHEL_FOLDER": str(tmp_path / "instance")})
    with stage_of(settings, 1) as playing:
        yield playing


def pull(phone: Phone, reader: Reader, limit_bytes: int | None = None) -> Reader:
    """Pull with *reader* until a page is complete."""
    query = {"schema": SCHEMA, **({"limit_bytes": limit_bytes} if limit_bytes else {})}
    for _ in range(1000):
        asked_with = reader.cursor
        reply = phone.pull(asked_with, query=query)
        assert reply.status_code == 200
        assert reply.json.get("segments", []) == []
        assert reply.json.get("then") is None
        reader.apply(reply.json, asked_with)
        if reader.complete:
            return reader
    raise AssertionError("no page was ever complete")


def test_revision_1_reads_every_page_and_result_of_its_story(settings: Settings) -> None:
    with stage_of(settings, 1) as player:
        replies = {exchange.name: exchange for exchange in player.play()}
    reader = Reader()
    for name in ("pull-first", "pull-delta"):
        reader.apply(replies[name].now["body"], reader.cursor)
    assert set(reader.records("customers")) == {"C1", "C3"}
    assert reader.records("customers")["C1"]["name"] == "Customer C1 & Sons"
    assert reader.records("stock_levels") == {}
    reader.apply(replies["sync"].now["body"]["page"], reader.cursor)
    reader.apply(replies["pull-receipt-arrived"].now["body"], reader.cursor)
    states = {record["id"][-1]: record["state"] for record in reader.records("submissions").values()}
    assert states == {"1": "queued", "2": "rejected", "3": "parked", "4": "queued"}
    reader.apply(replies["pull-reset"].now["body"], reader.cursor)
    assert set(reader.records("customers")) == {"C1", "C3"}
    for name in ("push", "push-again", "sync", "sync-problem"):
        documents = replies[name].request["body"]["submissions"]
        check_results(replies[name].now["body"]["results"], documents)


def test_the_replica_of_revision_1_is_complete_after_each_page(player: Player) -> None:
    phone = player.installation.phone()
    company.say(player.installation.sessions, *(company.customer(f"K{n:03}", "NW") for n in range(80)))
    reader = pull(phone, Reader(), limit_bytes=4096)
    assert len(reader.records("customers")) == 82
    company.say(
        player.installation.sessions, company.customer("K001", "SE"), company.customer("K002", "NW", name="New")
    )
    pull(phone, reader)
    assert "K001" not in reader.records("customers")
    assert reader.records("customers")["K002"]["name"] == "New"


def test_revision_1_gets_no_later_collection(player: Player) -> None:
    later = {**COLLECTIONS, "receivables": dataclasses.replace(COLLECTIONS["receivables"], since=2)}
    with patch("backend.identity.access.COLLECTIONS", later):
        phone = player.installation.phone()
        assert pull(phone, Reader()).records("receivables") == {}
        newer = phone.pull(query={"schema": 2}).json
    assert "receivables" in {change["collection"] for change in newer["changes"]}


def test_revision_1_gets_rows_instead_of_segments(player: Player) -> None:
    head = company.say(player.installation.sessions, *(company.customer(f"K{n:03}", "NW") for n in range(50)))
    segment = FeedSegment(
        channel="territory:NW",
        collection="customers",
        position=head,
        key_from="",
        sha256="0" * 64,
        bytes=1,
        rows=52,
        built_at=player.installation.clock.now(),
    )
    player.installation.change(lambda session: session.add(segment))
    phone = player.installation.phone()
    assert len(phone.pull(query={"schema": 2}).json["segments"]) == 1
    assert len(pull(phone, Reader()).records("customers")) == 52


def test_revision_1_gets_a_plain_reset(player: Player) -> None:
    phone = player.installation.phone()
    reader = pull(phone, Reader())
    player.stage.begin_epoch()
    page = phone.pull(reader.cursor, query={"schema": SCHEMA}).json
    assert page["reset"] == "epoch_changed"
    assert page["drop"] == []
    pull(phone, reader)
    assert set(reader.records("customers")) == {"C1", "C2"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document["kind"])
def test_documents_of_revision_1_are_accepted_for_ever(player: Player, document) -> None:
    """A document captured under revision 1 is pushed long after to the server of today."""
    grants_again(player.installation)
    steps = corpus.steps(1)
    put = [item for step in steps if step.get("event") == "publish" for item in step["put"]]
    player.stage.publish(put)
    reply = player.installation.phone().push(document)
    check_results(reply.json["results"], [document])
    (result,) = reply.json["results"]
    statuses = {"01KBR9YJ3M0000000000000002": "refused"}  # it cites a product that the rep never had
    assert result["status"] == statuses.get(document["id"], "received")


def grants_again(installation: Installation) -> None:
    installation.change(lambda session: grants.assign(session, "R1", "warehouse:W1", installation.clock.now()))


def test_only_what_revision_1_required_is_required_of_its_documents(player: Player) -> None:
    """Fields that have come since are left out by it; leaving out what was optional then is as good."""
    body = {
        "customer_id": "C1",
        "order_date": "2026-11-23",
        "currency": "EUR",
        "lines": [{"line_no": 1, "product_id": "P1", "quantity": "1", "unit": "u", "unit_price": "1.00"}],
    }
    bare = {
        "id": "01KBR9YJ3M0000000000000009",
        "kind": "order",
        "captured_at": "2026-11-23T08:00:00Z",
        "schema": 1,
        "body": body,
        "sha256": digest(body),
    }
    with_more = {**bare, "id": "01KBR9YJ3M000000000000000A", "colour": "of a newer app"}
    results = player.installation.phone().push(bare, with_more).json["results"]
    assert [result["status"] for result in results] == ["received", "received"]


@pytest.mark.parametrize(
    "change",
    [
        {"complete": 1},
        {"reset": "epoch_rebased"},
        {"cursor": None},
        {"poll_after": "60"},
        {"changes": [{"channel": "c", "collection": "k", "put": [[0, {"id": "A"}]], "gone": []}]},
        {"changes": [{"channel": "c", "collection": "k", "put": [], "gone": [[1, None]]}]},
    ],
    ids=str,
)
def test_the_frozen_reader_fails_on_a_broken_page(change) -> None:
    page = corpus.read(1, "pull-first")["reply"]["body"]
    check_page(page)
    with pytest.raises(ContractBroken):
        check_page(page | change)
