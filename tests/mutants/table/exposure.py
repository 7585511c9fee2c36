"""Mutants of what a log, a file, a cell or the audit trail shows and keeps."""

from backend import log_text, permissions, spreadsheet
from backend.api import failed_attempts as attempts_of_routes
from backend.database import commit_steps, core, failures
from backend.identity import audit_chain, failed_attempts
from backend.settings import exposure
from tests.mutants.edits import always, drop, never, replace
from tests.mutants.mutant import Mutant

CHAIN = "tests/unit/identity/test_audit_chain.py"
LOGS = "tests/unit/test_log_text.py"

EXPOSURE = [
    Mutant(
        "a chain without the hash before",
        "–",
        "An entry's hash does not depend on the entry before it, so an entry can be replaced.",
        f"{CHAIN}::test_a_fault_is_found_at_its_entry",
        [never(audit_chain.verify_entries, "entry.hash != expected")],
        only="sqlite",
    ),
    Mutant(
        "a gap in the chain",
        "–",
        "A removed entry is not noticed if the hashes after it were computed again.",
        f"{CHAIN}::test_a_fault_is_found_at_its_entry",
        [never(audit_chain.verify_entries, "entry.number != before.number + 1")],
        only="sqlite",
    ),
    Mutant(
        "a cut end",
        "–",
        "A chain that is shorter than a head that was kept elsewhere verifies.",
        f"{CHAIN}::test_a_missing_end_is_found_by_a_head_that_was_kept",
        [never(audit_chain.verify, "anchor.number > end.number")],
        only="sqlite",
    ),
    Mutant(
        "an entry of a savepoint that was rolled back",
        "–",
        "What was rolled back to a savepoint has an entry.",
        f"{CHAIN}::test_an_untouched_chain_verifies_and_has_no_gaps",
        [drop(commit_steps._after_transaction_end, "of_step.pop(transaction, None)")],
        only="sqlite",
    ),
    Mutant(
        "a guesser fills the audit trail",
        "–",
        "Each process writes an entry for every address that guesses.",
        "tests/unit/api/test_failed_attempts.py::test_many_addresses_do_not_fill_the_table",
        [never(failed_attempts.FailedAttempts.note, "self._written >= MAX_ENTRIES")],
    ),
    Mutant(
        "refused attempts without an entry",
        "–",
        "A wrong code or token leaves nothing in the audit trail.",
        "tests/unit/api/test_failed_attempts.py::test_each_kind_of_refusal_has_an_entry",
        [never(attempts_of_routes._action, "code in ACTIONS")],
    ),
    Mutant(
        "a control character in a log",
        "–",
        "A message with a terminal escape or a line break is logged as it is.",
        f"{LOGS}::test_a_message_and_a_field_stay_on_one_line",
        [always(log_text.printable, "text.isascii() and text.isprintable()")],
    ),
    Mutant(
        "a typed value in a database error",
        "–",
        "PostgreSQL's words about a value that it refuses are in the error's text.",
        f"{LOGS}::test_a_database_error_has_no_typed_value",
        [never(failures.first_line, "(_sqlstate(error) or '').startswith(_DATA)")],
        only="postgresql",
    ),
    Mutant(
        "rows in a database error",
        "–",
        "The DETAIL line of a violated constraint, which quotes the row, is in the error's text.",
        f"{LOGS}::test_a_database_error_has_no_typed_value",
        [drop(core.prepare, "_hide_values(engine)")],
        only="postgresql",
    ),
    Mutant(
        "a formula after a blank",
        "–",
        "A cell that a spreadsheet executes after characters that it skips is not neutralised.",
        "tests/unit/test_spreadsheet.py::test_every_form_of_a_formula_is_neutralized",
        [always(spreadsheet.is_executed, "unicodedata.category(character) not in _SKIPPED")],
    ),
    Mutant(
        "an apostrophe is lost",
        "–",
        "A text that begins with an apostrophe before a formula loses it on the way to the ERP.",
        "tests/unit/test_spreadsheet.py::test_every_text_comes_back",
        [replace(spreadsheet.neutralized, "text.startswith(_MARK) or is_executed(text)", "is_executed(text)")],
    ),
    Mutant(
        "files of an older version stay open",
        "–",
        "A start does not close files that others may read.",
        "tests/unit/test_permissions.py::test_files_of_an_older_version_are_closed_at_the_start",
        [drop(permissions.create_folder, "each.path.chmod(each.mode)")],
    ),
    Mutant(
        "a password in plain text",
        "–",
        "An address with a password or token and without encryption is accepted.",
        "tests/unit/settings/test_exposure.py::test_plain_text_over_a_network_is_refused_unless_the_host_is_named",
        [drop(exposure.check, "raise SettingError($$$WHY)")],
    ),
]
