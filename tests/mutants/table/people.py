"""Mutants of people and devices: what would let a revoked phone, a stranger or a name do harm."""

from backend.api import office_auth
from backend.feed import changes
from backend.identity import enrolment, names, principals, reps, wipes
from backend.office.service import OfficeService
from backend.sync import push_reads
from backend.sync.segments import links
from sync_protocol.device.session import wipe_confirmation
from tests.mutants.edits import body, drop, never, replace
from tests.mutants.mutant import Mutant

API = "tests/unit/api"
RACES = f"{API}/test_revocation_races.py"

PEOPLE = [
    Mutant(
        "a push is accepted after the revocation",
        "–",
        "A push that has begun is committed after the device was revoked.",
        f"{RACES}::test_a_revocation_waits_for_what_is_being_committed_and_nothing_comes_after_it",
        [replace(push_reads._principal_and_epoch, "principals.LOCKING_QUERY", "principals.PRINCIPAL_QUERY")],
        only="pushes",
    ),
    Mutant(
        "an upload is accepted after the revocation",
        "–",
        "The last piece of a receipt is committed after the device was revoked.",
        f"{RACES}::test_a_revocation_waits_for_what_is_being_committed_and_nothing_comes_after_it",
        [replace(principals.read_to_write, "LOCKING_QUERY", "PRINCIPAL_QUERY")],
        only="completes",
    ),
    Mutant(
        "a deactivation leaves the devices",
        "–",
        "Only a flag of the rep is set; the list shows phones as active, and codes as usable.",
        "tests/unit/cli/test_rep_devices.py::test_deactivating_revokes_every_device_and_says_how_many",
        [replace(reps.deactivate, "_end_access($$$ARGS)", "0")],
    ),
    Mutant(
        "an activation brings old phones back",
        "–",
        "Phones that an earlier version left with a deactivated rep work again once the rep is activated.",
        f"{API}/test_revocation.py::test_a_rep_that_an_earlier_version_deactivated_does_not_get_the_old_phones_back",
        [never(reps.activate, "not rep.active")],
    ),
    Mutant(
        "a withdrawn code enrols",
        "–",
        "The time of the withdrawal is stored, and nobody reads it.",
        "tests/unit/cli/test_rep_devices.py::test_a_code_is_listed_and_withdrawn",
        [replace(enrolment.redeem, "entry.withdrawn_at is not None", "False")],
    ),
    Mutant(
        "a link of any version",
        "–",
        "A link stays valid after the version of its device has changed.",
        f"{API}/endpoints/test_segment_links.py::test_a_link_ends_with_the_version_of_its_device",
        [never(principals.check, "row.version != token.version")],
    ),
    Mutant(
        "a link for any device",
        "–",
        "The signature leaves the device out, so a revoked phone writes another id into its link.",
        f"{API}/endpoints/test_segment_links.py::test_an_altered_link_is_refused",
        [body(links._sign, 'return base64url.encode(hmac.digest(key, name.encode(), "sha256"))')],
    ),
    Mutant(
        "anybody confirms a wipe",
        "–",
        "The authenticator of an order is not compared.",
        f"{API}/endpoints/test_wiped.py::test_nobody_confirms_without_the_order",
        [replace(wipes.confirm, "not is_one_of($$$ALL)", "False")],
    ),
    Mutant(
        "a wipe is confirmed before it is done",
        "–",
        "A device that still has its rows says that it is empty.",
        "tests/unit/device/session/test_wipe.py::test_a_wipe_killed_before_its_rows_are_deleted_confirms_nothing",
        [replace(wipe_confirmation.pending, "return None if $COND else confirmation", "return confirmation")],
    ),
    Mutant(
        "an id with a line break",
        "–",
        "The id of a rep is not checked.",
        "tests/unit/identity/test_names.py::test_a_hostile_name_is_refused",
        [body(names.rep_id, "return text")],
        "rep and id and break",
    ),
    Mutant(
        "a broken id fails every push",
        "–",
        "The channel of a rep whose id is from before the rules cannot be named, and the push answers 500.",
        f"{API}/test_broken_names.py::test_a_push_is_stored_and_a_pull_answered",
        [body(changes.channel_by_field, "return str(rule.of(record))")],
    ),
    Mutant(
        "a device at the office",
        "–",
        "The token of a device gets the same answer as a guess.",
        f"{API}/test_access_matrix.py::test_each_caller_gets_what_it_may_and_nothing_else",
        [drop(office_auth.authenticate, "_refuse_device($$$ARGS)")],
        "device",
    ),
    Mutant(
        "an office account acts after its revocation",
        "–",
        "Whoever is revoked while the body arrives or the ERP is asked still decides.",
        f"{API}/endpoints/test_office.py::test_an_account_that_loses_its_right_while_a_request_is_read_changes_nothing",
        [
            replace(OfficeService.perform, "self._authorize(session)", "None"),
            replace(OfficeService._read, "self._authorize(session)", "None"),
        ],
    ),
]
