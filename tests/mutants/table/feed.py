"""Mutants of the feed: positions, moves, checksums, compaction, grants."""

from sqlalchemy import update

from backend.database import commit_steps, round_trip
from backend.feed import changes, compaction, positions, publication, row_writes, segments
from backend.inbox import settle
from backend.inbox.records import queue_record
from backend.ingest import diff
from backend.sync import grants
from sync_protocol import checksum
from sync_protocol.checksum import Checksum
from tests.mutants.edits import after, before, body, drop, never, replace
from tests.mutants.mutant import Mutant
from tests.mutants.table.known import KNOWN
from tests.mutants.tree import calls

PUBLICATION = "tests/unit/feed/test_publication.py"

FEED = [
    Mutant(
        "a changed document is not published",
        "–",
        "A submission moves to another state, and the phones keep the old one.",
        "tests/unit/inbox/test_records.py::test_every_move_of_a_row_is_published",
        [drop(settle.settle, calls(queue_record))],
        only="sqlite",
    ),
    Mutant(
        "rows written under the feed's lock",
        "–",
        "A transaction publishes before it writes its own rows: every other publisher waits for it longer, and"
        " two can wait for each other.",
        f"{PUBLICATION}::test_the_feeds_lock_is_taken_after_everything_else",
        [drop(publication._publish, "$SESSION.flush()")],
        only="sqlite",
    ),
    Mutant(
        "what was rolled back is published",
        "–",
        "A rollback to a savepoint keeps what was queued since: phones see a record that the database does not"
        " have.",
        f"{PUBLICATION}::test_a_rollback_to_a_savepoint_forgets_what_was_queued_since",
        [replace(commit_steps.CommitQueue.add, "session.get_nested_transaction() or $REST", "$REST")],
        only="sqlite",
    ),
    Mutant(
        "positions from a sequence",
        "commit order",
        "Positions are given out in the order of the requests and lock nothing: the later one commits"
        " first, and the reader misses the earlier one.",
        "tests/stateful/histories/test_commit_order.py::test_a_device_misses_nothing_while_the_later_position_waits_for_the_earlier",
        [
            replace(changes.publish, "positions.taking($DIALECT, $N)", "live_read($DIALECT, [])"),
            before(
                changes.publish,
                "positions.taken($S, $ROW)",
                "other = Session($S.get_bind())\n"
                "[head] = round_trip.run(other, [positions.taking(dialect, 2 * len(final))])\n"
                "other.commit()\n"
                "other.close()",
            ),
        ],
    ),
    Mutant(
        "no tombstone on move",
        "–",
        "A record that changes its channel is put into the new one and is never removed from the old one.",
        "tests/unit/feed/test_changes.py::test_a_moved_record_leaves_a_tombstone_and_takes_its_followers_along",
        [never(changes._plan, "$OLD is not None and not $STAYS")],
        only="sqlite",
    ),
    Mutant(
        "followers stay behind",
        "–",
        "A customer moves to another channel, and its orders stay in the old one.",
        "tests/unit/feed/test_changes.py::test_a_moved_record_leaves_a_tombstone_and_takes_its_followers_along",
        [body(changes._move_followers, "yield from ()")],
        only="sqlite",
    ),
    Mutant(
        "read before the counter",
        "8",
        "The old channel, or the parent's, is read before the counter is taken.",
        "tests/stateful/histories/test_08_moves.py::test_a_record_ends_in_one_channel_and_its_follower_with_it",
        [
            before(changes.publish, calls(round_trip.run), "early = read_live(session, refs)"),
            after(changes.publish, calls(round_trip.run), "live = early"),
        ],
    ),
    Mutant(
        "a publication keeps the plans of empty tables",
        "–",
        "`publish()` uses the plans that other transactions of its connection have made, when the tables were"
        " empty.",
        "tests/query_plans/test_growth_of_publications.py"
        "::test_forwarding_reads_as_many_rows_after_growth_as_before",
        [replace(changes.publish, "round_trip.by_index($S)", "()")],
    ),
    Mutant(
        "an import keeps the plans of empty tables",
        "–",
        "The first import of a large ERP reads the whole feed for each page.",
        "tests/query_plans/test_growth_of_ingest.py::test_ingest_reads_as_many_rows_after_growth_as_before",
        [replace(diff.changes, "live_many($S, $NAME, $KEYS, by_index=True)", "live_many($S, $NAME, $KEYS)")],
        only="new and sweep_all",
    ),
    Mutant(
        "a plan shared with other transactions",
        "–",
        "A statement that is planned by indexes alone has the text of one that is not, and gets its plan.",
        "tests/query_plans/test_growth_of_publications.py"
        "::test_a_publication_uses_no_plan_of_another_transaction",
        [replace(round_trip.run, "own_plans = reads[0].statement is _BY_INDEX", "own_plans = False")],
    ),
    Mutant(
        "committed before the audit entry",
        "–",
        "COMMIT goes with the publication although an audit entry is still to be written.",
        f"{PUBLICATION}::test_what_a_change_queues_is_committed_with_it",
        [replace(publication._publish, "commits and is_last", "commits")],
    ),
    Mutant(
        "lineage ignored",
        "12",
        "A promoted standby without the tail issues the same positions again in the same epoch.",
        "tests/stateful/histories/test_12_promotion.py::test_the_promoted_server_begins_a_new_epoch_and_the_device_ends_equal_to_it",
        [never(positions.taken, "$OLD != $NEW")],
    ),
    Mutant(
        "XOR in place of sum",
        "–",
        "The checksum of a stream is the XOR of its hashes: a row that is there twice does not count.",
        "tests/unit/sync_protocol/test_checksum.py::test_a_duplicate_row_changes_the_sum",
        [replace(Checksum.of, {"pattern": "$SUM += $N", "not": {"pattern": "$SUM += 1"}}, "$SUM ^= $N")],
    ),
    Mutant(
        "checksum over re-serialised JSON",
        "10",
        "The device hashes a record as its JSON library writes it, not in canonical form.",
        KNOWN,
        [
            before(checksum.record_hash, "$CANONICAL($RECORD).decode()", "import json"),
            replace(
                checksum.record_hash,
                "$CANONICAL($RECORD).decode()",
                "json.dumps($RECORD, ensure_ascii=False, sort_keys=True)",
            ),
        ],
        only="history_10 and sqlite and minimal",
    ),
    Mutant(
        "hash of bytes that never travel",
        "10",
        "The server hashes another spelling of the body than the canonical one, which travels.",
        KNOWN,
        [replace(changes.prepare, "$HASH(*$REF, $BODY)", "$HASH(*$REF, json.dumps(json.loads($BODY)))")],
        only="history_10 and sqlite and reference",
    ),
    Mutant(
        "sum forgets what it replaced",
        "–",
        "The sum of a stream gains the new hash of a rewritten row and keeps the old one.",
        "tests/unit/sync/test_pull.py::test_a_second_pull_brings_only_what_changed",
        [replace(row_writes._streams_after, "($NEW or 0) - ($OLD or 0)", "($NEW or 0)")],
        only="sqlite",
    ),
    Mutant(
        "tombstones go, the floor stays",
        "horizon",
        "Collecting tombstones does not raise the floor: a device that missed them never learns it.",
        KNOWN,
        [drop(compaction.delete_expired, calls(update))],
        only="the_horizon and sqlite",
    ),
    Mutant(
        "the floor passes a set on offer",
        "6",
        "Tombstones above the position of a set are collected while the set is on offer.",
        "tests/unit/feed/test_compaction.py::test_compaction_keeps_tombstones_above_the_oldest_live_segment",
        [replace(compaction._limit, "min($HORIZON, $OLDEST)", "$HORIZON")],
        only="sqlite",
    ),
    Mutant(
        "a set below the floor",
        "6",
        "A set is offered although tombstones above its position were collected while it was built.",
        "tests/unit/sync/segments/test_building.py::test_a_set_that_took_longer_to_build_than_tombstones_live_is_not_offered",
        [never(segments.replace, "$ROW is not None and $POSITION < $FLOOR")],
        only="sqlite",
    ),
    Mutant(
        "grants change without a position",
        "–",
        "Taking a channel away leaves the head where it was.",
        "tests/stateful/search/test_answers.py::test_every_change_of_grants_takes_a_position",
        [drop(grants.unassign, calls(positions.take))],
        only="sqlite",
    ),
]
