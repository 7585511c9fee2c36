"""Mutants of guards that docs/security.md names: each row's test must fail without its guard."""

from backend.api import auth, problems, request_body, responses, routes, tus
from backend.api.endpoints import enrol
from backend.delivery.alerts import webhook
from backend.identity import enrolment, enrolment_codes, keys, principals, tokens
from backend.receipts import uploads
from backend.settings import secret_checks
from backend.sync.subscriptions import SubscriptionQuery
from backend.web_server import gunicorn
from sync_protocol import collection, inflate, strict_json
from tests.mutants.edits import after, before, body, drop, never, replace
from tests.mutants.mutant import Mutant

FORGED = "tests/unit/identity/test_forged_tokens.py"
BODIES = "tests/unit/api/test_request_body.py"
BROWSERS = "tests/security/test_browsers.py"

REQUIREMENTS = [
    Mutant(
        "a signature is not verified",
        "–",
        "Anybody writes tokens of any device.",
        f"{FORGED}::test_a_forged_token_is_refused",
        [
            replace(
                tokens.verify,
                '{"require": REQUIRED, "strict_aud": True, "verify_exp": False, "verify_iat": False}',
                '{"verify_signature": False}',
            )
        ],
    ),
    Mutant(
        "the public key is a shared secret",
        "–",
        "A token that is signed by HMAC with the public key is accepted.",
        f"{FORGED}::test_a_forged_token_is_refused",
        [
            replace(tokens.verify, 'header["alg"] != ALGORITHM', "False"),
            replace(
                tokens.verify,
                "jwt.decode($$$ALL)",
                "jwt.decode(token, key.public_bytes_raw(), algorithms=['HS256'], "
                "options={'verify_aud': False, 'verify_exp': False, 'verify_iat': False})",
            ),
        ],
        only="raw",
    ),
    Mutant(
        "claims may be absent",
        "–",
        "A token without an end or an audience is accepted, or fails later.",
        "tests/unit/identity/test_access_tokens.py::test_every_claim_is_required",
        [replace(tokens.verify, "REQUIRED", "[]")],
    ),
    Mutant(
        "a revoked device is accepted",
        "–",
        "The row of the device is read, and nobody looks whether it is revoked.",
        "tests/unit/api/test_routes.py::test_a_revoked_device_is_told_to_wipe_at_every_route",
        [replace(principals.check, "row.revoked_at is not None", "False")],
    ),
    Mutant(
        "a rep who has left is accepted",
        "–",
        "A deactivated rep's devices keep their tokens.",
        "tests/unit/api/test_routes.py::test_a_rep_who_has_left_is_told_to_wipe_at_every_route",
        [replace(principals.check, "not row.active", "False")],
    ),
    Mutant(
        "the code of an inactive rep",
        "–",
        "A code enrols a phone of a rep who has left.",
        "tests/unit/identity/test_enrolment.py::test_unknown_expired_and_inactive_codes_are_refused_alike",
        [replace(enrolment.redeem, "not rep.active", "False")],
    ),
    Mutant(
        "codes are stored",
        "–",
        "Whoever reads the database, or a backup of it, enrols a phone.",
        "tests/unit/identity/test_enrolment.py::test_codes_are_long_random_and_kept_as_a_hash_only",
        [body(enrolment_codes.hash_of, "return code.upper().translate(_MISREAD)")],
    ),
    Mutant(
        "an upload of anybody",
        "–",
        "A rep continues, reads and deletes the uploads of another whose id is known.",
        "tests/unit/receipts/test_uploads.py::test_an_upload_of_another_rep_is_not_found",
        [replace(uploads._find, "Upload.rep == rep", "Upload.id == upload_id")],
    ),
    Mutant(
        "the territories of all",
        "–",
        "A cursor of another rep gets that rep's customers.",
        "tests/security/test_cursor_tampering.py"
        "::test_a_well_formed_cursor_of_other_streams_gives_nothing_of_them",
        [replace(SubscriptionQuery.__init__, "Assignment.rep == principal.c.rep", "true()")],
    ),
    Mutant(
        "a record with fields of others",
        "–",
        "A schema takes fields that it does not declare.",
        "tests/security/test_mass_assignment.py"
        "::test_every_level_of_a_record_refuses_a_field_that_it_does_not_declare",
        [replace(collection.RecordSchema, "unknown = RAISE", "unknown = INCLUDE")],
    ),
    Mutant(
        "a reply with one field more",
        "–",
        "An enrolment tells the role, which nobody reviewed.",
        "tests/contract/wire/test_golden.py::test_the_server_answers_as_the_golden_exchanges_say",
        [
            replace(
                enrol.respond.view,
                '{"id": rep.id, "name": rep.name}',
                '{"id": rep.id, "name": rep.name, "role": rep.role}',
            )
        ],
    ),
    Mutant(
        "gzip without a bound",
        "–",
        "A kilobyte is unpacked to a gigabyte before its size is looked at.",
        f"{BODIES}::test_a_gzip_bomb_is_refused_in_flat_memory",
        [replace(inflate.inflate, "inflater.decompress(piece, $MOST)", "inflater.decompress(piece)")],
    ),
    Mutant(
        "a body without a length has no bound",
        "–",
        "Only Content-Length is compared, which a body in chunks does not have.",
        f"{BODIES}::test_an_oversized_body_is_refused_with_and_without_a_length",
        [never(request_body._pieces, "arrived > most")],
    ),
    Mutant(
        "a name twice in one object",
        "–",
        "The last of two equal names counts, so two readers see two documents.",
        f"{BODIES}::test_invalid_json_is_refused_with_its_position",
        [never(strict_json.unique, "len(value) < len(pairs)")],
    ),
    Mutant(
        "a form is parsed",
        "–",
        "A body of another type is parsed as a form before it is refused.",
        "tests/security/test_multipart.py::test_no_route_parses_a_multipart_body",
        [
            before(
                request_body.read_inflated,
                'Problem(ErrorCode.ENCODING_UNSUPPORTED, "Send Content-Type: application/json.")',
                "len(request.form)",
            )
        ],
    ),
    Mutant(
        "replies without headers",
        "–",
        "A browser may frame and sniff what the API returns.",
        f"{BROWSERS}::test_every_reply_forbids_scripts_frames_and_sniffing",
        [drop(responses.add_default_headers, "response.headers.setdefault(name, value)")],
    ),
    Mutant(
        "a token in a cookie",
        "–",
        "A page of anybody sends requests in the name of a rep.",
        f"{BROWSERS}::test_no_reply_sets_a_cookie_and_none_is_read",
        [
            before(
                auth.bearer_token,
                "request.authorization",
                "if request.cookies.get('access_token'): return request.cookies['access_token']",
            )
        ],
    ),
    Mutant(
        "a form of another page",
        "–",
        "A body of any type is read, so a browser sends it without asking.",
        f"{BROWSERS}::test_a_form_of_another_page_changes_nothing",
        [never(request_body.read_inflated, 'request.mimetype != "application/json"')],
    ),
    Mutant(
        "a webhook is signed without its time",
        "–",
        "A captured message can be sent again with a new time.",
        "tests/unit/delivery/alerts/test_alerts.py::test_the_webhook_is_signed_and_retried_after_a_refusal",
        [replace(webhook.signature, 'b"%d.%b" % (at, body)', "body")],
        only="sqlite",
    ),
    Mutant(
        "an error tells its text",
        "–",
        "An answer 500 has the words of the exception.",
        "tests/unit/api/test_errors_of_routes.py::test_a_bug_in_any_route_reveals_only_its_request_id",
        [
            replace(
                problems.to_problem,
                "Problem(ErrorCode.INTERNAL, $DETAIL)",
                "Problem(ErrorCode.INTERNAL, str(error))",
            )
        ],
    ),
    Mutant(
        "a weak secret signs",
        "–",
        "A webhook is signed with a word that everybody tries first.",
        "tests/unit/settings/test_exposure.py::test_a_weak_secret_for_a_webhook_is_refused",
        [body(secret_checks.require_strong, "return None")],
    ),
    Mutant(
        "a key that others read",
        "–",
        "Every user of the machine signs tokens.",
        "tests/unit/identity/test_keys.py::test_keys_are_created_once_and_readable_by_their_owner_only",
        [replace(keys.write_new, "0o600", "0o644")],
    ),
    Mutant(
        "a folded header",
        "–",
        "The server takes a header on two lines, which a proxy before it reads as two.",
        "tests/unit/web_server/test_smuggling.py::test_an_ambiguous_request_is_refused_and_ends_the_connection",
        [
            after(
                gunicorn._Web.load_config,
                "self.cfg.set(name, value)",
                'self.cfg.set("permit_obsolete_folding", True)',
            )
        ],
        only="fold",
    ),
    Mutant(
        "a header is believed to be a number",
        "–",
        "A request of tus with other digits, or with none, is a 500.",
        "tests/security/test_hostile_requests.py::test_hostile_requests_get_no_server_error_and_no_foreign_record",
        [
            replace(
                tus.read_number, "text.isascii() and text.isdigit() and len(text) <= 12 and $LEAST", "$LEAST"
            )
        ],
    ),
    Mutant(
        "SQL is put together",
        "–",
        "The name of a receipt is written into a statement: whoever names a file well changes other rows.",
        "tests/security/test_replayed_day.py::test_no_statement_holds_a_value",
        [
            after(
                uploads.create,
                "session.flush()",
                "session.connection().exec_driver_sql(f\"UPDATE upload SET name = '{name}' WHERE size < 0\")",
            )
        ],
    ),
    Mutant(
        "a route for debugging",
        "–",
        "A route is served that no list has, and nobody has reviewed.",
        "tests/security/test_route_inventory.py::test_the_app_has_no_route_beside_the_declared_ones",
        [before(routes.blueprint, "api.before_request(_admit)", 'api.add_url_rule("/debug", "debug", dir)')],
    ),
]
