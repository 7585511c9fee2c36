"""A device of each released revision still gets everything that it relies on from today's server."""

import pytest

from backend.api.openapi.document import schemas
from backend.api.routes import ROUTES
from backend.settings import Settings, read_settings
from sync_protocol import SCHEMA_REVISION
from sync_protocol.reference.json_schema import definitions
from tests.contract.corpus import corpus, record, reliance
from tests.contract.corpus.evolution import breaks
from tests.contract.corpus.player import stage_of
from tests.contract.wire.stage import Stage

pytestmark = pytest.mark.both_dialects

REVISIONS = corpus.revisions()


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_server_keeps_what_a_released_revision_relies_on(settings: Settings, revision: int) -> None:
    """Its story is played from enrolment to the wipe order, on both databases."""
    with stage_of(settings, revision) as player:
        exchanges = list(player.play())
    assert sorted(exchange.name for exchange in exchanges) == corpus.names(revision)
    assert [f"{e.name}: {fault}" for e in exchanges for fault in reliance.broken(e.before, e.now)] == []


@pytest.mark.parametrize("revision", REVISIONS)
def test_cursors_and_tokens_of_a_released_revision_stay_valid(tmp_path, revision: int) -> None:
    """The server is updated while phones are in use: their cursors and tokens come from the release before."""
    settings = read_settings({"SATCHEL_FOLDER": str(tmp_path / "instance")})
    with stage_of(settings, revision) as player:
        exchanges = player.play()
        assert next(e for e in exchanges if e.name == "enrol").now["status"] == 201
        frozen = corpus.read(revision, "enrol")["reply"]["body"]["refresh_token"]
        assert player.phone.refresh(frozen).status_code == 200
        # Raise the head, so that a frozen cursor is never ahead of this server.
        player.stage.fall_behind(-1000)
        for name in ("pull-first", "pull-delta"):
            cursor = corpus.read(revision, name)["reply"]["body"]["cursor"]
            page = player.phone.pull(cursor, query={"schema": revision})
            assert (page.status_code, page.json["reset"], page.json["complete"]) == (200, None, True)


def test_the_next_corpus_can_be_frozen_and_replayed(settings: Settings, tmp_path, monkeypatch) -> None:
    """Freezing works before the day of a release, and a server satisfies its own corpus."""
    monkeypatch.setattr(corpus, "FOLDER", tmp_path)
    record.freeze(SCHEMA_REVISION)
    with stage_of(settings, SCHEMA_REVISION) as player:
        exchanges = list(player.play())
    assert sorted(exchange.name for exchange in exchanges) == corpus.names(SCHEMA_REVISION)
    assert [f"{e.name}: {fault}" for e in exchanges for fault in reliance.broken(e.before, e.now)] == []
    assert breaks(corpus.read(SCHEMA_REVISION, "catalogue"), definitions(schemas(ROUTES))) == []


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_story_has_every_exchange_once_and_only_events_of_the_stage(revision: int) -> None:
    steps = corpus.steps(revision)
    assert sorted(step["ask"] for step in steps if "ask" in step) == corpus.names(revision)
    assert {step["event"] for step in steps if "event" in step} <= set(vars(Stage))


@pytest.mark.parametrize(
    ("before", "now", "fault"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, []),
        ({"a": 1}, {"b": 1}, ["reply.a is gone"]),
        ({"a": 1}, {"a": "1"}, ["reply.a was 1 and is '1'"]),
        ({"a": 1}, {"a": True}, ["reply.a was 1 and is True"]),
        ({"a": [1]}, {"a": [1, 2]}, ["reply.a was [1] and is [1, 2]"]),
        ({"cursor": "x"}, {"cursor": "y"}, []),
        ({"cursor": "x"}, {"cursor": None}, ["reply.cursor was 'x' and is None"]),
        ({"push_bytes": 10}, {"push_bytes": 20}, []),
        ({"push_bytes": 10}, {"push_bytes": 5}, ["reply.push_bytes was 10 and is 5"]),
    ],
)
def test_the_comparison_sees_what_breaks_a_device(before, now, fault) -> None:
    assert list(reliance.broken(before, now)) == fault


def test_the_comparison_takes_rows_by_their_key() -> None:
    def page(*put, gone=()):
        return {"changes": [{"channel": "c", "collection": "k", "put": list(put), "gone": list(gone)}]}

    first, second = [1, {"id": "A", "n": 1}], [2, {"id": "B"}]
    assert list(reliance.broken(page(first, second), page([7, {"id": "B", "more": 1}], [9, first[1]]))) == []
    lost = list(reliance.broken(page(first, second), page(first)))
    assert "reply.changes.c k.put B is gone" in lost
    doubled = list(reliance.broken(page(first), page(first, second)))
    assert doubled and "rows of" in doubled[0]
