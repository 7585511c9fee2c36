"""What a server can get wrong: the feed, the page, verification."""

from tests.killers.killer import Killer

CHANGES, POSITIONS, READING = "backend/feed/changes.py", "backend/feed/positions.py", "backend/feed/reading.py"
PULL, PAGE, VERIFY = "backend/sync/pull.py", "backend/sync/page.py", "backend/sync/verify.py"
COMPACTION, GRANTS, DB = "backend/feed/compaction.py", "backend/sync/grants.py", "backend/db.py"
KNOWN = "tests/stateful/search/test_known_histories.py::test_a_known_history_ends_well"

_PER_CHANNEL = """\
    asked = decode_cursor(cursor_text) if cursor_text else Cursor(head.epoch)
    best: dict[str, Mark] = {}
    for (channel, _), mark in asked.marks.items():
        best[channel] = max(best.get(channel, mark), mark)
    heard = {channel for channel, _ in granted}
    left = {stream: mark for stream, mark in asked.marks.items() if stream[0] not in heard}
    named = {stream: best[stream[0]] for stream in granted if stream[0] in best}
    asked = Cursor(asked.epoch, asked.seen, {**named, **left})
"""

FEED = [
    Killer(
        "positions from a sequence", "–",
        "Positions are handed out in the order of asking and lock nothing: the later one commits first, and the"
        " poller passes by the earlier one.",
        "tests/stateful/histories/test_commit_order.py::test_a_device_misses_nothing_while_the_later_position_waits_for_the_earlier",
        [(POSITIONS, "    row = (\n        session.connection()",
          "    other = Session(session.get_bind())\n    row = (\n        other.connection()"),
         (POSITIONS, "    if row.lineage != row.here", "    other.commit()\n    other.close()\n    if row.lineage != row.here")],
    ),
    Killer(
        "no tombstone on move", "–",
        "A record that changes its channel is put into the new one and never taken out of the old one.",
        "tests/unit/feed/test_changes.py::test_a_moved_record_leaves_a_tombstone_and_takes_its_followers_along",
        [(CHANGES, "            if old is not None and not stays:\n", "            if False:\n")],
        only="sqlite",
    ),
    Killer(
        "followers stay behind", "–",
        "A customer moves and its orders stay where they were.",
        "tests/unit/feed/test_changes.py::test_a_moved_record_leaves_a_tombstone_and_takes_its_followers_along",
        [(CHANGES, "    while moved:\n", "    while False:\n")],
        only="sqlite",
    ),
    Killer(
        "read before the counter", "8",
        "The old channel, or the parent's, is read before the counter is taken.",
        "tests/stateful/histories/test_08_moves.py::test_a_record_ends_in_one_channel_and_its_follower_with_it",
        [(CHANGES, "    top = positions.take(session, 2 * len(final))\n    writes = list(_plan(session, final, after))\n",
          "    writes = list(_plan(session, final, after))\n    top = positions.take(session, 2 * len(final))\n")],
    ),
    Killer(
        "lineage ignored", "12",
        "A promoted standby without the tail issues the same positions again in the same epoch.",
        "tests/stateful/histories/test_12_promotion.py::test_the_promoted_server_begins_a_new_epoch_and_the_device_ends_equal_to_it",
        [(POSITIONS, "    if row.lineage != row.here:\n", "    if False:\n")],
    ),
    Killer(
        "XOR in place of sum", "–",
        "The checksum of a stream is the XOR of its hashes: what is there twice is not there.",
        "tests/unit/wire/test_checksum.py::test_a_row_that_is_there_twice_does_not_cancel_itself_out",
        [("sync_protocol/checksum.py", "            total += value\n", "            total ^= value\n")],
    ),
    Killer(
        "checksum over re-serialised JSON", "10",
        "The device hashes a record as its JSON library writes it, not in canonical form.",
        KNOWN,
        [("sync_protocol/checksum.py", "    return row_hash(collection, key, canonical(record).decode())",
          "    return row_hash(collection, key, json.dumps(record, ensure_ascii=False, sort_keys=True))")],
        only="history_10 and sqlite and smallest",
    ),
    Killer(
        "hash of bytes that never travel", "10",
        "The server hashes the body as it was handed in, before it is made canonical.",
        KNOWN,
        [(CHANGES, "signed(row_hash(*ref, body)), rule", "signed(row_hash(*ref, json.dumps(dict(put.record)))), rule")],
        only="history_10 and sqlite and reference",
    ),
    Killer(
        "sum forgets what it replaced", "–",
        "The sum of a stream gains the new hash of a rewritten row and keeps the old one.",
        "tests/unit/sync/test_pull.py::test_a_second_pull_brings_only_what_changed",
        [(CHANGES, "(write.hash or 0) - (write.was or 0)", "(write.hash or 0)")],
        only="sqlite",
    ),
    Killer(
        "tombstones go, the floor stays", "2",
        "Collecting tombstones does not raise the floor: who missed them never learns.",
        "tests/stateful/histories/test_02_horizon.py::test_only_a_device_that_was_away_for_longer_than_the_horizon_begins_again",
        [(COMPACTION, "        .values(floor=doomed[-1]),", "        .values(floor=FeedStream.floor),")],
        only="sqlite",
    ),
    Killer(
        "the floor passes a set on offer", "6",
        "Tombstones above the position of a set are collected while the set is on offer.",
        "tests/unit/feed/test_compaction.py::test_nothing_above_the_oldest_living_segment_goes",
        [(COMPACTION, "    return horizon if oldest is None else min(horizon, oldest)", "    return horizon")],
        only="sqlite",
    ),
    Killer(
        "a set below the floor", "6",
        "A set is offered whose building took so long that tombstones above it have been collected.",
        "tests/unit/sync/segments/test_building.py::test_a_set_that_took_longer_to_build_than_tombstones_live_is_not_offered",
        [("backend/feed/segments.py", "    if standing is not None and position < standing.floor:\n", "    if False:\n")],
        only="sqlite",
    ),
    Killer(
        "grants change without a position", "–",
        "Taking a channel away leaves the head where it was.",
        "tests/stateful/search/test_answers.py::test_every_change_of_grants_takes_a_position",
        [(GRANTS, '    """End it; the phone drops its records with the next page and keeps its outbox."""\n'
          "    positions.take(session, 1)\n",
          '    """End it; the phone drops its records with the next page and keeps its outbox."""\n')],
        only="sqlite",
    ),
]  # fmt: skip

PAGES = [
    Killer(
        "a cursor per channel", "1",
        "The cursor holds one position per channel, whatever collections were heard there.",
        "tests/stateful/histories/test_01_streams.py::test_the_replica_holds_what_the_new_grants_say",
        [(PULL, "    asked = decode_cursor(cursor_text) if cursor_text else Cursor(head.epoch)\n", _PER_CHANNEL)],
        only="sqlite",
    ),
    Killer(
        "floor without as_of", "2",
        "Only the position is compared with the floor: a stream whose first page ends below it begins for ever.",
        "tests/stateful/histories/test_02_endless_reset.py::test_a_stream_whose_first_page_ends_below_the_floor_is_read_to_its_end",
        [("sync_protocol/cursor.py", "        return max(self.position, self.as_of)", "        return self.position")],
        only="sqlite",
    ),
    Killer(
        "floor ignored", "2",
        "A device that missed collected tombstones goes on from its position.",
        "tests/stateful/histories/test_02_horizon.py::test_only_a_device_that_was_away_for_longer_than_the_horizon_begins_again",
        [(PULL, "mark.covered < standings[stream].floor", "mark.covered < 0")],
        only="sqlite",
    ),
    Killer(
        "seen forgotten", "4",
        "The cursor does not carry the head of its snapshot: a standby that is behind says complete.",
        "tests/stateful/histories/test_04_standby_behind.py::test_a_standby_that_is_behind_says_not_yet",
        [(PAGE, "        cursor = Cursor(self.head.epoch, self.head.position, self.marks)",
          "        cursor = Cursor(self.head.epoch, 0, self.marks)")],
        only="sqlite",
    ),
    Killer(
        "a replica that says no changes", "4",
        "A server behind the cursor answers as if nothing had happened.",
        "tests/unit/sync/test_pull.py::test_a_server_behind_what_the_device_has_seen_says_not_yet",
        [(PULL, "    if held.seen > head.position:\n", "    if False:\n")],
        only="sqlite",
    ),
    Killer(
        "offered stream not named in the cursor", "6",
        "The page that offers segments does not name their stream: revocation is never announced.",
        KNOWN,
        [(PAGE, "        self.marks[stream] = Mark(0, min(as_of, self.then[stream].position))\n",
          "        self.marks.pop(stream, None)\n")],
        only="channel_is_taken_away and sqlite",
    ),
    Killer(
        "an offer forgets how old the rows may be", "6",
        "The offered stream is marked as if the device could hold nothing older than today's head.",
        KNOWN,
        [(PAGE, "Mark(0, min(as_of, self.then[stream].position))", "Mark(0, self.head.position)")],
        only="old_when_it_was_offered and sqlite",
    ),
    Killer(
        "cursor without epoch", "7",
        "A cursor of before the restore is read as one of after it.",
        "tests/stateful/histories/test_07_epoch.py::test_after_a_restore_the_device_holds_what_the_restored_server_holds",
        [(PULL, "    if asked.epoch != head.epoch:\n", "    if False:\n")],
        only="sqlite",
    ),
    Killer(
        "a page in several snapshots", "9",
        "A page is read at READ COMMITTED.",
        "tests/stateful/histories/test_09_one_snapshot.py::test_a_complete_page_is_one_moment_of_the_server",
        [(DB, '"isolation_level": "REPEATABLE READ"', '"isolation_level": "READ COMMITTED"'),
         (DB, ', "postgresql_readonly": True', "")],
        only="postgresql",
    ),
    Killer(
        "sums of another snapshot than the rows", "9",
        "The page's checksum is read after its rows, in a snapshot of its own.",
        "tests/stateful/histories/test_09_one_snapshot.py::test_a_complete_page_is_one_moment_of_the_server",
        [(PULL, "check=_check(draft.marks, standings)",
          "check=_check(draft.marks, hearing.of_rep(Session(session.get_bind()), rep_id).standings)")],
        only="postgresql",
    ),
    Killer(
        "`>=` in place of `>`", "–",
        "Reading goes on at the cursor's position, not above it.",
        "tests/stateful/histories/test_15_exact_limit.py::test_the_page_with_the_last_record_says_complete_and_no_earlier_one_does",
        [(READING, "FEED.c.position > position", "FEED.c.position >= position")],
        only="sqlite",
    ),
    Killer(
        "complete on a torn page", "–",
        "A page that was cut at its size says that it is complete.",
        "tests/unit/sync/test_pull.py::test_a_page_cut_at_its_size_is_not_complete_and_the_next_goes_on",
        [(PAGE, "                self.complete = False\n                if reached", "                if reached")],
        only="sqlite",
    ),
    Killer(
        "a full page is taken for the last one", "15",
        "Whether anything is behind a full page is guessed.",
        "tests/stateful/histories/test_15_exact_limit.py::test_the_page_with_the_last_record_says_complete_and_no_earlier_one_does",
        [(PAGE, "                ended = some.n\n                break\n", "                break\n")],
        only="sqlite",
    ),
    Killer(
        "a 304 after a grant change", "–",
        "A page that only drops streams counts as idle.",
        "tests/stateful/search/test_answers.py::test_a_phone_that_loses_a_channel_is_not_told_that_nothing_changed",
        [(PULL, "cursor_text is None or reset or drop or behind", "cursor_text is None or reset or behind")],
        only="sqlite",
    ),
    Killer(
        "verify without pulling first", "–",
        "A stream that has moved on is compared with what the device had before.",
        "tests/unit/sync/test_verify.py::test_a_stream_that_has_moved_on_is_pulled_first_and_the_others_are_compared",
        [(VERIFY, "    return mark.position < standing.head or mark.covered < standing.floor", "    return False")],
        only="sqlite",
    ),
    Killer(
        "verify tells of streams that are not heard", "–",
        "Whoever names a stream in a verification is told what is in it.",
        "tests/unit/sync/test_verify.py::test_the_cursor_of_another_rep_gives_away_nothing",
        [(VERIFY, "frozenset(self.granted) & cursor.marks.keys()", "frozenset(cursor.marks.keys())")],
        only="sqlite",
    ),
]  # fmt: skip
