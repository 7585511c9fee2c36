"""Mutants of operation: outages of the database, and the watchdog over workers."""

from backend import app
from backend.cli import error_messages, named
from backend.database import failures
from backend.maintenance import Maintenance
from backend.watchdog import alerts, late
from backend.watchdog.heart import Heart
from backend.watchdog.part import PartHeart
from tests.mutants.edits import always, drop, never, replace
from tests.mutants.mutant import Mutant

OUTAGES = "tests/unit/api/test_outages.py"
PART = "tests/unit/watchdog/test_part.py"
LATE = "tests/unit/watchdog/test_late.py"

OPERATION = [
    Mutant(
        "an error at the end of a request passes",
        "–",
        "The connection is lost while a request ends: it is answered with HTML and a traceback.",
        f"{OUTAGES}::test_a_database_that_fails_while_a_request_ends_is_answered_503",
        [replace(app._middleware, "return ErrorBarrier(app)", "return app")],
    ),
    Mutant(
        "a missing table is an internal error",
        "–",
        "Before `satchel init`, phones get `internal` instead of `unavailable`.",
        f"{OUTAGES}::test_a_schema_that_does_not_fit_is_answered_503",
        [replace(failures.is_unusable, "has_other_schema(error) or $FORBIDDEN", "False")],
        only="TABLE",
    ),
    Mutant(
        "a dead worker is not missed",
        "–",
        "A worker is killed, and nobody is told that documents wait.",
        f"{LATE}::test_a_killed_worker_is_late_after_two_minutes_and_its_duties_are_not_named",
        [replace(late.find_late, "row.ended_at is None and _is_old(row.beat_at, now, dead_after)", "False")],
        only="sqlite",
    ),
    Mutant(
        "a duty that hangs is not missed",
        "–",
        "The process lives, and nothing is sent any more.",
        f"{LATE}::test_a_duty_that_hangs_is_late_although_its_process_lives",
        [never(late._late_duty, "_is_old(row.beat_at, written_at, limit)")],
        only="sqlite",
    ),
    Mutant(
        "a worker inherits duties",
        "–",
        "A container's new worker has the old one's name and fewer threads: doctor reports a duty for ever.",
        f"{LATE}::test_a_worker_with_the_name_of_the_one_before_does_not_inherit_its_duties",
        [replace(Heart.start, "worker == self.worker or $OTHER", "$OTHER")],
        only="sqlite",
    ),
    Mutant(
        "a doorbell that never starts is not missed",
        "–",
        "The doorbell process cannot start, and nobody is told.",
        f"{PART}::test_a_part_that_never_started_is_late_although_its_worker_lives",
        [replace(Heart.start, "[*self._duties.values(), *self._parts.values()]", "self._duties.values()")],
        only="sqlite",
    ),
    Mutant(
        "each start of the doorbell forgets the failures before",
        "–",
        "The doorbell process fails and is started again all day, and is never late.",
        f"{PART}::test_a_part_that_is_started_again_and_fails_again_has_failed_since_the_first_time",
        [never(PartHeart.write, "before is not None and before.failing_since is not None")],
        only="sqlite",
    ),
    Mutant(
        "a part of several ids revokes one of them",
        "–",
        "An operator writes too little of an id, and another rep's phone is wiped.",
        "tests/unit/cli/test_device_references.py::test_a_part_of_none_or_of_several_ids_is_refused",
        [always(named.require_device, "len(exact or devices) == 1")],
        only="01KB",
    ),
    Mutant(
        "a full disk is taken for a wrong address",
        "–",
        "The disk is full, and the operator is sent to look at SATCHEL_DATABASE_URL.",
        "tests/unit/cli/test_full_disk.py::test_a_full_database_is_not_a_wrong_setting",
        [never(error_messages.explain, "failures.is_full(error)")],
    ),
    Mutant(
        "an alert about a worker is sent before it is marked",
        "–",
        "A web process dies while it sends, and another one sends the same alert again.",
        "tests/unit/watchdog/test_late_alerts.py"
        "::test_a_web_process_that_dies_while_it_sends_leaves_an_unknown_alert",
        [drop(alerts._due_message, "row.state, row.due_at, row.tries = $VALUES")],
        only="sqlite",
    ),
    Mutant(
        "one job stops all maintenance",
        "–",
        "One damaged acknowledgement stops reconciliation, follow-up and purge.",
        "tests/unit/test_maintenance.py::test_a_job_that_fails_does_not_stop_the_others",
        [always(Maintenance.run_once, "is_unusable(error)")],
        only="sqlite",
    ),
]
