"""Mutants of the device: its replica, segments, repairs and outbox."""

from sync_protocol import segment
from sync_protocol.device import errors
from sync_protocol.device.session import session
from sync_protocol.device.store import offers, outbox, replica
from sync_protocol.device.sync import push, segments, verify
from sync_protocol.inflate import inflate
from tests.mutants.edits import after, always, before, change_text, drop, move, never, replace
from tests.mutants.mutant import Mutant
from tests.mutants.symbol import constant
from tests.mutants.table.known import KNOWN
from tests.mutants.tree import calls, holding

DEVICE = [
    Mutant(
        "a late page is applied",
        "3",
        "A page is applied although the device has another cursor by then.",
        "tests/stateful/histories/test_03_late_page.py::test_a_late_page_changes_nothing",
        [drop(replica.apply, calls(replica.still_at))],
        only="sqlite and reference",
    ),
    Mutant(
        "a segment without its key range",
        "5",
        "Applying a segment deletes nothing of its range: rows of an old generation stay.",
        KNOWN,
        [never(segments.apply, '$ROW["key"] not in $KEYS')],
        only="history_5 and sqlite and reference",
    ),
    Mutant(
        "`then` without the cursor check",
        "–",
        "A segment is applied, and the cursor moved, although it is no longer on offer.",
        KNOWN,
        [drop(segments.apply, calls(offers.is_pending))],
        only="late_segment and sqlite and reference",
    ),
    Mutant(
        "a damaged segment is accepted",
        "–",
        "The bytes of a segment are not compared with its name.",
        KNOWN,
        [
            never(segment.decode, holding(calls(segment.name_of))),
            never(inflate, "not $INFLATER.eof"),
        ],
        only="cut_anywhere and sqlite and reference",
    ),
    Mutant(
        "what was applied before a drop counts after it",
        "6",
        "A stream is dropped and offered again; the segments applied before are not fetched again.",
        KNOWN,
        [always(offers.replace, "$STREAM not in $DROPPED")],
        only="begins_again_with_the_same_set and sqlite and reference",
    ),
    Mutant(
        "rebase zeroes positions",
        "rebase",
        "Over a new epoch the rows are kept at position zero: an older set or row wins over them.",
        KNOWN,
        [replace(replica.apply, "$DB.run($SQL, $PAGE.head)", "$DB.run($SQL, 0)")],
        only="must_not_fall and sqlite and reference",
    ),
    Mutant(
        "rebase keeps positions",
        "rebase",
        "Over a new epoch the rows keep the positions of the old one: the rewritten record is ignored.",
        KNOWN,
        [drop(replica.apply, "$DB.run($SQL, $PAGE.head)")],
        only="old_positions and sqlite and reference",
    ),
    Mutant(
        "a repair respects positions",
        "rebase",
        "Repaired rows are ignored, because the device has higher positions for them.",
        KNOWN,
        [replace(verify.apply_repairs, "rows.OVERRIDE", "rows.PUT")],
        only="exactly_what_differs and sqlite and reference",
    ),
    Mutant(
        "a late repair is applied",
        "–",
        "The findings of a verification are applied although the device has another cursor by then.",
        "tests/stateful/search/test_known_histories.py::test_a_late_reply_to_a_verification_repairs_nothing",
        [drop(verify.apply_repairs, calls(replica.still_at))],
        only="sqlite and reference",
    ),
    Mutant(
        "drop after put",
        "–",
        "The streams in `drop` are deleted after the page's rows were stored.",
        "tests/unit/device/store/test_replica.py::test_drop_comes_before_the_puts_of_the_same_page",
        [move(replica.apply, "for $STREAM in $PAGE.drop: $$$DROP", after="rows.PUT")],
    ),
    Mutant(
        "a tombstone ignores the channel",
        "–",
        "A tombstone removes the record whatever channel it is in by then.",
        "tests/unit/device/store/test_replica.py::test_a_tombstone_of_another_channel_does_not_remove_the_record",
        [change_text(constant(replica, replica._GONE), "channel = ?", "? IS NOT NULL")],
    ),
    Mutant(
        "the oldest position wins too",
        "–",
        "A put is stored although the device has a higher position.",
        "tests/unit/device/store/test_replica.py::test_a_put_below_the_held_position_is_ignored",
        [replace(replica.apply, "rows.PUT", "rows.OVERRIDE")],
    ),
    Mutant(
        "the outbox is dropped at a reset",
        "outbox",
        "Captured documents are deleted together with the replica.",
        KNOWN,
        [
            before(
                replica.apply,
                "outbox.push_all_again($DB)",
                'if page.reset is not None:\n    $DB.run("DELETE FROM document")',
            )
        ],
        only="outbox_is_pushed_again and sqlite and reference",
    ),
    Mutant(
        "nothing is pushed again",
        "outbox",
        "After a restore the device assumes that its documents were received.",
        KNOWN,
        [drop(replica.apply, calls(outbox.push_all_again))],
        only="outbox_is_pushed_again and sqlite and reference",
    ),
    Mutant(
        "pushed before the first page",
        "outbox",
        "A document that was answered before the first page is not pushed again after a restore.",
        KNOWN,
        [
            replace(
                replica.apply,
                "$RESET or $REBASED or $RESTART or $CURSOR is None",
                "$RESET or $REBASED or $RESTART",
            )
        ],
        only="before_the_first_page and sqlite and reference",
    ),
    Mutant(
        "the outbox is emptied by the push's answer",
        "–",
        "A document is deleted from the phone as soon as it was received.",
        "tests/unit/device/sync/test_push.py::test_a_document_stays_after_the_push_was_answered",
        [
            after(
                outbox.store_results,
                "$DB.run($$$VALUES, $DOCUMENT.id)",
                '$DB.run("DELETE FROM document WHERE id = ?", $DOCUMENT.id)',
            )
        ],
    ),
    Mutant(
        "a warning of a newer server",
        "–",
        "A field that a newer server adds to a warning makes the results of the push unreadable, for good.",
        "tests/unit/device/sync/test_push.py"
        "::test_a_field_that_a_newer_server_adds_to_an_error_or_a_warning_is_ignored",
        [replace(push._without_unknown, '("errors", "warnings")', '("errors",)')],
    ),
    Mutant(
        "a push that was damaged in transit is repeated at once",
        "–",
        "After `body_damaged` the batch is halved, or sent again in the same sync.",
        "tests/unit/device/sync/test_push.py::test_a_push_that_was_damaged_in_transit_waits_for_the_next_sync",
        [replace(push.refuses_batch, '$OF and $IN and $CODE != "body_damaged"', "$OF and $IN")],
    ),
    Mutant(
        "the rep reads host and status",
        "–",
        "What the rep reads of a failed request is the text for support.",
        "tests/unit/device/session/test_rep_sentences.py::test_a_failed_request_names_neither_host_nor_status_to_the_rep",
        [
            replace(
                errors.NotOurServer.__init__,
                "super().__init__($SENTENCE, $TECHNICAL)",
                "super().__init__(technical, technical)",
            )
        ],
        only="page",
    ),
    Mutant(
        "only known codes refresh the token",
        "–",
        "A 401 with a code of a newer server does not refresh the token.",
        "tests/unit/device/session/test_rep_sentences.py::test_a_401_of_a_newer_server_refreshes_the_token",
        [always(session.Session._with_token, '$STATUS != 401 or $CODE == "device_revoked"')],
    ),
]
