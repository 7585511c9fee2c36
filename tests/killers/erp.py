"""Killers of what is read from the ERP, and of what it has lost."""

from tests.killers.killer import Killer

COMPARE, REREAD = "backend/ingest/compare.py", "backend/ingest/reread.py"
ERRAND, VANISHED = "backend/delivery/errand.py", "backend/delivery/vanished.py"
CLAIMS = "backend/delivery/claims.py"
ROWS = "backend/connectors/tryton/rows.py"
LOST = "tests/unit/delivery/test_vanished.py"

READING = [
    Killer(
        "a retry overwrites what was read meanwhile", "–",
        "A quarantined row is written whatever a reading has published since it was asked for.",
        "tests/unit/ingest/test_quarantine.py::test_what_was_read_meanwhile_is_not_overwritten",
        [(REREAD, "        if not watermarks.advance(session, *ours, read_from=value, to=value):\n",
          "        if False:\n")],
        only="sqlite",
    ),
    Killer(
        "what changed just now is called missed", "–",
        "A comparison counts what differs without reading on first.",
        "tests/unit/ingest/test_compare.py::test_what_changed_a_moment_ago_is_read_and_not_counted",
        [(COMPARE,
          "    usual = import_collection(sessions, connector, collection, clock=clock, settings=settings, stop=stop)\n",
          "    usual = Comparison(collection, complete=True)\n")],
        only="sqlite",
    ),
    Killer(
        "two broken neighbours stop a collection", "–",
        "Half a page of which nothing can be served is taken for a call that cannot be served.",
        "tests/unit/connectors/tryton/test_halving.py::test_neighbours_that_are_both_broken_do_not_stop_the_page",
        [(ROWS, "    if refused is not None and not served and _blames_the_call(refused):\n",
          "    if refused is not None and _blames_the_call(refused):\n")],
    ),
    Killer(
        "a page of broken rows only stops a collection", "–",
        "A page of which no row can be served is taken for a wrong setting, whatever else can be read.",
        "tests/unit/connectors/tryton/test_halving.py"
        "::test_a_page_of_broken_rows_only_is_set_aside_while_another_row_can_be_read",
        [(ROWS, "        if (beside or len(ids) > 1) and not _any_served(fetch, beside):\n", "        if len(ids) > 1:\n")],
    ),
    Killer(
        "sent for a customer who was merged away", "–",
        "A document is sent as it was captured, whatever the ERP has merged since.",
        "tests/unit/delivery/test_merges.py::test_it_is_sent_for_the_customer_that_is_left",
        [(ERRAND, "                document = replace(document, body=self.repointed.body)\n", "")],
        only="sqlite",
    ),
    Killer(
        "merged customers side by side", "–",
        "Orders for a merged customer keep a key of their own, and go beside those for the one that is left.",
        "tests/unit/delivery/test_merged_turns.py"
        "::test_an_order_that_missed_the_merge_is_put_right_when_it_is_claimed",
        [(CLAIMS,
          "        row.order_key = BY_CUSTOMER + target_of(session, row.order_key.removeprefix(BY_CUSTOMER))\n",
          "        pass\n")],
        only="sqlite",
    ),
    Killer(
        "a rep reads of a merged customer", "–",
        "A document sent for another customer says so by name, whoever hears that one.",
        "tests/unit/delivery/test_merges.py::test_a_rep_learns_nothing_of_a_customer_whom_the_rep_does_not_hear",
        [("backend/delivery/merges.py", "        heard=new in mine,\n", "        heard=True,\n")],
        only="sqlite",
    ),
    Killer(
        "a restored ERP taken for deletions", "–",
        "However many documents vanish, each is given to the office and sending goes on.",
        f"{LOST}::test_an_erp_put_back_to_a_backup_is_noticed_and_nothing_is_sent",
        [(VANISHED, "        if end >= 2 * i - place - 1:\n", "        if end > len(sent):\n")],
        only="sqlite",
    ),
    Killer(
        "sent again under its old number", "–",
        "What a restored ERP has lost keeps the ERP's id and binding, which another document gets there.",
        f"{LOST}::test_what_it_has_lost_is_sent_again_exactly_once",
        [(VANISHED, "        forgets=lost,\n", "")],
        only="sqlite",
    ),
]  # fmt: skip
