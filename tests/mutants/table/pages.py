"""Mutants of what a server answers: the page, its cursor, verification."""

from backend.api import plain_push
from backend.database import core, snapshot_reads
from backend.feed import reading
from backend.sync import delta, idle, pull, verify
from backend.sync.page import PageBuilder
from backend.sync.verify import _Step
from sync_protocol.cursor import Cursor, Mark, decode_cursor
from tests.mutants.edits import after, body, change_text, drop, never, replace
from tests.mutants.mutant import Mutant
from tests.mutants.table.known import KNOWN

_PER_CHANNEL = """\
highest = {}
for (channel, _), mark in $CURSOR.marks.items():
    highest[channel] = max(highest.get(channel, mark), mark)
channels = {channel for channel, _ in granted}
left = {stream: mark for stream, mark in $CURSOR.marks.items() if stream[0] not in channels}
named = {stream: highest[stream[0]] for stream in granted if stream[0] in highest}
$CURSOR = Cursor($CURSOR.epoch, $CURSOR.seen, {**named, **left})"""

PAGES = [
    Mutant(
        "a cursor per channel",
        "1",
        "The cursor holds one position per channel, for all collections of that channel.",
        "tests/stateful/histories/test_01_streams.py::test_the_replica_holds_what_the_new_grants_say",
        [after(pull.page_after, f"$CURSOR = {decode_cursor.__name__}($TEXT) if $TEXT else $NEW", _PER_CHANNEL)],
        only="sqlite",
    ),
    Mutant(
        "floor without as_of",
        "2",
        "Only the position is compared with the floor: a stream whose first page ends below it begins again"
        " forever.",
        KNOWN,
        [body(Mark.covered, "return self.position")],
        only="ends_below_the_floor and sqlite",
    ),
    Mutant(
        "floor ignored",
        "horizon",
        "A device that missed collected tombstones continues from its position.",
        KNOWN,
        [body(pull._missed, "return False")],
        only="the_horizon and sqlite",
    ),
    Mutant(
        "seen forgotten",
        "4",
        "The cursor does not carry the head of its snapshot: a standby that is behind says complete.",
        KNOWN,
        [
            replace(
                PageBuilder.render,
                f"{Cursor.__name__}($EPOCH, $SEEN, self.marks)",
                f"{Cursor.__name__}($EPOCH, 0, self.marks)",
            )
        ],
        only="history_4 and sqlite",
    ),
    Mutant(
        "a standby that says no changes",
        "4",
        "A server behind the cursor answers that nothing has changed.",
        "tests/unit/sync/test_pull.py::test_a_server_behind_what_the_device_has_seen_says_not_yet",
        [never(pull.page_after, "$CURSOR.seen > $HEAD.position")],
        only="sqlite",
    ),
    Mutant(
        "offered stream not named in the cursor",
        "6",
        "The page that offers segments does not name their stream: a revocation is never announced.",
        KNOWN,
        [replace(PageBuilder.add_offer, "self.marks[$STREAM] = $MARK", "self.marks.pop($STREAM, None)")],
        only="channel_is_taken_away and sqlite",
    ),
    Mutant(
        "an offer forgets how old the rows may be",
        "6",
        "The offered stream is marked as if the device could hold nothing older than today's head.",
        KNOWN,
        [replace(PageBuilder.add_offer, "min($AS_OF, $POSITION)", "self.head.position")],
        only="old_when_it_was_offered and sqlite",
    ),
    Mutant(
        "cursor without epoch",
        "7",
        "A cursor from before the restore is read as one from after it.",
        KNOWN,
        [never(pull.page_after, "$CURSOR.epoch != $HEAD.epoch")],
        only="history_7 and sqlite",
    ),
    Mutant(
        "a page in several snapshots",
        "9",
        "A page is read at READ COMMITTED.",
        "tests/stateful/histories/test_09_one_snapshot.py::test_a_complete_page_is_one_moment_of_the_server",
        [
            replace(
                core.snapshot,
                '{"isolation_level": $LEVEL, "postgresql_readonly": True}',
                '{"isolation_level": "READ COMMITTED"}',
            )
        ],
        only="postgresql",
    ),
    Mutant(
        "sums of another snapshot than the rows",
        "9",
        "The page's checksum is read after its rows, in a snapshot of its own.",
        "tests/stateful/histories/test_09_one_snapshot.py::test_a_complete_page_is_one_moment_of_the_server",
        [
            replace(
                pull.page_after,
                "$CHECK($DRAFT.marks, $STANDINGS)",
                "$CHECK($DRAFT.marks, "
                "subscriptions.for_rep(Session(source.session.get_bind()), source.rep).states)",
            )
        ],
        only="postgresql",
    ),
    Mutant(
        "`>=` in place of `>`",
        "–",
        "Reading continues at the cursor's position, not above it.",
        "tests/stateful/histories/test_15_exact_limit.py::test_the_page_with_the_last_record_says_complete_and_no_earlier_one_does",
        [replace(reading._above, "$COLUMN > $POSITION", "$COLUMN >= $POSITION")],
        only="sqlite",
    ),
    Mutant(
        "complete on a torn page",
        "–",
        "A page that was cut at its size says that it is complete.",
        "tests/unit/sync/test_pull.py::test_a_page_cut_at_its_size_is_not_complete_and_the_next_continues",
        [drop(PageBuilder.add_streams, "self.complete = False")],
        only="sqlite",
    ),
    Mutant(
        "a full page is taken for the last one",
        "15",
        "A full page is assumed to be the last; nothing checks whether rows follow.",
        "tests/stateful/histories/test_15_exact_limit.py::test_the_page_with_the_last_record_says_complete_and_no_earlier_one_does",
        [drop(PageBuilder.add_streams, "$ENDED = $ROWS.number")],
        only="sqlite",
    ),
    Mutant(
        "a 304 after a grant change",
        "–",
        "A page that only drops streams counts as idle.",
        "tests/stateful/search/test_answers.py::test_a_phone_that_loses_a_channel_is_not_told_that_nothing_changed",
        [replace(pull.page_after, "$CURSOR or $RESET or $DROP or $BEHIND", "$CURSOR or $RESET or $BEHIND")],
        only="sqlite",
    ),
    Mutant(
        "verify without pulling first",
        "–",
        "A stream that has changed since is compared with what the device had before.",
        "tests/unit/sync/test_verify.py::test_a_stream_that_advanced_is_pulled_first",
        [body(verify._behind, "return False")],
        only="sqlite",
    ),
    Mutant(
        "verify answers about streams that are not granted",
        "–",
        "A device that names a stream in a verification gets its contents, granted or not.",
        "tests/unit/sync/test_verify.py::test_verifying_with_another_reps_cursor_reveals_nothing",
        [replace(_Step.__init__, "frozenset($GRANTED) & $NAMED", "frozenset($NAMED)")],
        only="sqlite",
    ),
    Mutant(
        "a remembered idle poll",
        "–",
        "Whether a cursor is current is remembered by the cursor alone, so a later poll sees no change.",
        "tests/unit/api/test_repeated_idle_polls.py::test_a_poll_that_is_repeated_is_decoded_once_and_still_sees_a_change",
        [
            replace(
                idle.unchanged_since,
                "$ROW.streams or $NONE",
                'globals().setdefault("streams of " + cursor, $ROW.streams or $NONE)',
            )
        ],
        only="sqlite",
    ),
    Mutant(
        "plans of empty tables",
        "–",
        "Read-only statements are planned with the server's own settings, so a plan that was made while the"
        " tables were small reads them whole when they have grown.",
        "tests/query_plans/test_empty_tables.py"
        "::test_a_statement_planned_early_reads_few_rows_when_the_tables_have_grown",
        [change_text(snapshot_reads._read_engine, " {READ_OPTIONS}", "")],
        only="idle and small",
    ),
    Mutant(
        "an unusual push before Flask",
        "–",
        "A push of another origin, with a coding or a charset is stored without what only the app does for it.",
        "tests/unit/api/test_plain_push.py::test_the_app_answers_what_is_unusual",
        [body(plain_push._is_ordinary, "return True")],
    ),
    Mutant(
        "half a body taken for a push",
        "–",
        "The app does not get the body again that the middleware has read, and answers that it broke off.",
        "tests/unit/api/test_plain_push.py::test_what_fails_before_the_commit_is_stored_by_the_app",
        [drop(plain_push._documents, '$ENVIRON["wsgi.input"] = $BODY')],
    ),
    Mutant(
        "a delta of streams that are not granted",
        "–",
        "The statement of a delta reads each stream that the cursor names, whether the rep may read it or not.",
        "tests/unit/api/test_delta_pull.py::test_the_statement_reads_no_stream_that_the_rep_may_not_read",
        [replace(delta._query, "$MARKS.c.channel.in_($CHANNELS)", "$MARKS.c.channel.is_not(None)")],
        only="postgresql",
    ),
    Mutant(
        "a delta without the rows that did not fit",
        "–",
        "A delta of too many rows is sent without any, as a complete page.",
        "tests/unit/api/test_delta_pull.py::test_a_delta_of_many_rows_is_cut_by_the_app",
        [never(delta.read, "$POSITIONS and not $CHANGES")],
        only="postgresql",
    ),
]
