"""What a device, a push, the forwarding and the reading of the ERP can get wrong."""

from tests.killers.killer import Killer
from tests.killers.server import KNOWN

REPLICA, SEGMENTS = "sync_protocol/device/replica.py", "sync_protocol/device/segments.py"
REPAIRS, OUTBOX = "sync_protocol/device/repairs.py", "sync_protocol/device/outbox.py"
OFFERS, PUSH = "sync_protocol/device/offers.py", "backend/sync/push.py"
CLAIMS = "backend/delivery/claims.py"
ERRAND, SWEEP, MARKS = "backend/delivery/errand.py", "backend/ingest/sweep.py", "backend/ingest/watermarks.py"

DEVICE = [
    Killer(
        "a late page is applied", "3",
        "A page is applied whatever cursor the device holds by now.",
        "tests/stateful/histories/test_03_late_page.py::test_a_late_page_changes_nothing",
        [(REPLICA, "        if not still_at(db, asked):\n            return Applied(False)\n        current",
          "        current")],
        only="sqlite and reference",
    ),
    Killer(
        "a segment without its key range", "5",
        "Applying a segment deletes nothing of its range: what an old generation held stays.",
        KNOWN,
        [(SEGMENTS, '            if row["key"] not in keys\n', "            if False\n")],
        only="history_5 and sqlite and reference",
    ),
    Killer(
        "`then` without the cursor check", "–",
        "A segment is applied, and the cursor moved, although it is not on offer any more.",
        KNOWN,
        [(SEGMENTS, "        if not offers.waits(db, offer):\n            return Applied(False)\n", "")],
        only="late_segment and sqlite and reference",
    ),
    Killer(
        "a damaged segment is believed", "–",
        "The bytes of a segment are not compared with its name.",
        KNOWN,
        [("sync_protocol/segment.py", "    if name_of(data) != sha256:\n", "    if False:\n"),
         ("sync_protocol/segment.py", "        if not inflater.eof or inflater.unused_data:\n            raise SegmentDamaged(\"it does not end",
          "        if False:\n            raise SegmentDamaged(\"it does not end")],
        only="cut_anywhere and sqlite and reference",
    ),
    Killer(
        "what was applied before a drop counts after it", "6",
        "A stream is dropped and offered again; the segments applied before are not fetched again.",
        KNOWN,
        [(OFFERS, '        if (row["channel"], row["collection"]) not in dropped\n', "")],
        only="begins_again_with_the_same_set and sqlite and reference",
    ),
    Killer(
        "rebase zeroes positions", "7",
        "Over a new epoch the rows are kept at position zero: an older set or row wins over them.",
        KNOWN,
        [(REPLICA, 'db.run("UPDATE record SET position = ?", page.head)', 'db.run("UPDATE record SET position = 0")')],
        only="must_not_fall and sqlite and reference",
    ),
    Killer(
        "rebase keeps positions", "7",
        "Over a new epoch the rows keep the positions of the old one: the rewritten record is ignored.",
        KNOWN,
        [(REPLICA, '            db.run("UPDATE record SET position = ?", page.head)\n', "            pass\n")],
        only="old_positions and sqlite and reference",
    ),
    Killer(
        "a repair respects positions", "7",
        "Repaired rows lose against the position held, which is above theirs.",
        KNOWN,
        [(REPAIRS, "rows.OVERRIDE", "rows.PUT")],
        only="exactly_what_differs and sqlite and reference",
    ),
    Killer(
        "a late repair is applied", "–",
        "What a verification found is applied by a device that has moved on since.",
        "tests/stateful/search/test_known_histories.py::test_an_answer_that_comes_late_repairs_nothing",
        [(REPAIRS, "        if not replica.still_at(db, asked):\n            return Applied(False)\n", "")],
        only="sqlite and reference",
    ),
    Killer(
        "drop after put", "–",
        "The streams in `drop` are deleted after the page's rows were stored.",
        "tests/unit/device/test_page.py::test_drop_comes_before_the_puts_of_the_same_page",
        [(REPLICA, '        for stream in page.drop:\n            drop(db, stream)\n        failpoint("apply.after_drop")\n', ""),
         (REPLICA, '        failpoint("apply.after_puts")\n',
          '        for stream in page.drop:\n            drop(db, stream)\n        failpoint("apply.after_puts")\n')],
    ),
    Killer(
        "a tombstone ignores the channel", "–",
        "A tombstone removes the record wherever it is stored by now.",
        "tests/unit/device/test_page.py::test_a_tombstone_of_another_channel_does_not_remove_the_record",
        [(REPLICA, "collection = ? AND key = ? AND channel = ? AND position < ?",
          "collection = ? AND key = ? AND ? IS NOT NULL AND position < ?")],
    ),
    Killer(
        "the oldest position wins too", "–",
        "A put is stored whatever position is held.",
        "tests/unit/device/test_page.py::test_a_put_below_the_held_position_is_ignored",
        [(REPLICA, "rows.PUT, [rows.stored(row)", "rows.OVERRIDE, [rows.stored(row)")],
    ),
    Killer(
        "the outbox is dropped at a reset", "7",
        "What was captured goes with the replica.",
        KNOWN,
        [(REPLICA, '        if reset or current.restart:\n            db.run("DELETE FROM record")\n',
          '        if page.reset is not None:\n            db.run("DELETE FROM document")\n'
          '        if reset or current.restart:\n            db.run("DELETE FROM record")\n')],
        only="outbox_is_pushed_again and sqlite and reference",
    ),
    Killer(
        "nothing is pushed again", "7",
        "After a restore the device takes its documents for received.",
        KNOWN,
        [(REPLICA, "            outbox.push_again(db)\n", "            pass\n")],
        only="outbox_is_pushed_again and sqlite and reference",
    ),
    Killer(
        "pushed before the first page", "7",
        "What was answered before the first page is not pushed again after a restore.",
        KNOWN,
        [(REPLICA, " or current.cursor is None:\n", ":\n")],
        only="before_the_first_page and sqlite and reference",
    ),
    Killer(
        "the outbox is emptied by the push's answer", "–",
        "A document that was received leaves the phone.",
        "tests/unit/device/test_push.py::test_a_document_stays_after_the_push_was_answered",
        [(OUTBOX, "            errors = json.dumps(result[\"errors\"], ensure_ascii=False)\n",
          "            errors = json.dumps(result[\"errors\"], ensure_ascii=False)\n"
          "            db.run(\"DELETE FROM document WHERE id = ?\", document.id)\n")],
    ),
]  # fmt: skip

DOCUMENTS = [
    Killer(
        "a lost reply doubles the document", "–",
        "The server names what it stores itself, so that the same document is another one when it comes again.",
        "tests/unit/sync/test_push.py::test_the_same_document_again_is_a_duplicate_with_the_stored_result",
        [(PUSH, "[unseal(document) for document in submissions]",
          "[unseal({**document, 'id': str(__import__('ulid').ULID())}) for document in submissions]")],
        only="sqlite",
    ),
    Killer(
        "another document overwrites", "–",
        "The same id with other contents is answered as a duplicate.",
        "tests/unit/sync/test_push.py::test_another_document_under_a_used_id_is_kept_apart_and_overwrites_nothing",
        [(PUSH, ' and stored.sha256 == sealed.envelope["sha256"]:', ":")],
        only="sqlite",
    ),
    Killer(
        "only the copy waits its turn", "–",
        "An original takes no turn among its rep's pushes: it and its copy, in two requests at once, do not see each"
        " other, and both are sent.",
        "tests/unit/sync/test_at_the_same_moment.py::test_an_original_and_its_copy_do_not_pass_each_other_by",
        [(PUSH, "    supersession.serialise(session, rep_id)\n    desk.read_known",
          '    if any(document.get("supersedes") for document in submissions):\n'
          "        supersession.serialise(session, rep_id)\n    desk.read_known")],
    ),
    Killer(
        "a failover doubles a document", "11",
        "The ERP is not asked for our key before something is created.",
        "tests/stateful/histories/test_11_failover_doubles.py::test_after_a_failover_the_erp_is_asked_and_the_document_found",
        [(ERRAND, "        self.found = self._looked_up(document)\n", "        self.found = None\n")],
    ),
    Killer(
        "taken over before the quiet period", "11",
        "An open outcome is taken up before the ERP's longest request has ended.",
        "tests/stateful/histories/test_11_failover_doubles.py::test_a_worker_waits_out_the_quiet_period_before_it_takes_over",
        [(ERRAND, "        if self.sent_at is None or self.clock.now() >= self.sent_at + self.terms.quiet:",
          "        if True:"),
         (CLAIMS, "max(now, row.last_sent_at + dt.timedelta(seconds=quiet_seconds))", "now")],
    ),
    Killer(
        "a sweep deletes what came after its listing", "14",
        "The head is not noted before the ERP is asked for its keys.",
        "tests/unit/ingest/test_sweep.py::test_a_record_that_came_after_the_listing_is_spared",
        [(SWEEP, "FeedRow.position <= position\n", "FeedRow.position >= 0\n")],
        only="sqlite",
    ),
    Killer(
        "a slow importer overwrites a newer page", "14",
        "The watermark is moved on wherever it stands.",
        "tests/unit/ingest/test_importer.py::test_a_page_that_was_overtaken_is_rolled_back_and_reading_stops",
        [(MARKS, "            Watermark.value.is_not_distinct_from(read_from),\n", "")],
        only="sqlite",
    ),
]  # fmt: skip
