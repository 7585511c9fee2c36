"""Mutants of the office's people: passwords, second factors, sessions, roles."""

from backend.console import csrf, polling, redirects
from backend.console.documents import pages
from backend.office import access, accounts, documents, second_factor, service, sessions, sign_in
from tests.mutants.edits import drop, never, replace
from tests.mutants.mutant import Mutant

API = "tests/unit/api/endpoints/test_office.py"
ACCESS = "tests/unit/office/test_access.py"
DOCUMENTS = "tests/unit/console/test_documents.py"
FORGERY = "tests/unit/console/test_forgery.py"
SIGN_IN = "tests/unit/office/test_sign_in.py"

CONSOLE = [
    Mutant(
        "a code is accepted twice",
        "–",
        "Somebody who has watched a code being typed signs in with it.",
        f"{SIGN_IN}::test_with_a_second_factor_the_password_is_not_enough_and_no_code_is_accepted_twice",
        [replace(second_factor.use, "OfficeAccount.totp_step < step", "OfficeAccount.totp_step <= step")],
    ),
    Mutant(
        "a session that never becomes idle",
        "–",
        "A browser that was left open stays signed in for the whole day.",
        f"{SIGN_IN}::test_a_session_ends_when_idle_and_at_last",
        [replace(sessions.find_session, "OfficeSession.seen_at > now - lasting.idle", "True")],
    ),
    Mutant(
        "a revocation leaves the password",
        "–",
        "Somebody whose account is revoked between the verification and the session is signed in.",
        f"{SIGN_IN}::test_a_revocation_while_the_password_is_verified_counts",
        [replace(accounts.get_active, "OfficeAccount.revoked_at.is_(None)", "True")],
    ),
    Mutant(
        "a new password leaves the other sessions",
        "–",
        "Whoever has stolen a session keeps it after the password was changed because of that.",
        f"{SIGN_IN}::test_a_new_password_ends_the_other_sessions",
        [drop(sign_in.choose_password, "end_sessions($$$ARGS)")],
    ),
    Mutant(
        "a deputy for ever",
        "–",
        "A deputy keeps the roles after the holiday.",
        f"{ACCESS}::test_a_deputy_has_the_roles_for_the_period_only",
        [replace(accounts.user_of, "OfficeDeputy.until > now", "True")],
    ),
    Mutant(
        "a list without the territory",
        "–",
        "The list shows documents whose pages are not found.",
        f"{ACCESS}::test_a_person_sees_the_kinds_of_the_roles_and_the_reps_of_the_territory",
        [
            never(access._of_territory, "territory is None"),
            replace(access._of_territory, "rep.in_($$$A)", "true()"),
        ],
        only="postgresql",
    ),
    Mutant(
        "a search among everybody's documents",
        "–",
        "A search finds documents of another territory by their id.",
        f"{DOCUMENTS}::test_a_search_reveals_nothing_of_others",
        [replace(documents._listed, "of_rep.where(user.documents())", "of_rep")],
    ),
    Mutant(
        "a page of what one may not see",
        "–",
        "Whoever knows an id sees the document.",
        f"{DOCUMENTS}::test_the_list_has_what_the_person_may_see_newest_first",
        [drop(pages.show.view, "require_document($$$A)")],
    ),
    Mutant(
        "a page begins with the last row again",
        "–",
        "The last document of a page is the first one of the next.",
        f"{DOCUMENTS}::test_the_pages_have_every_document_once",
        [replace(documents.list_documents, "Submission.seq < before", "Submission.seq <= before")],
    ),
    Mutant(
        "a token of any session",
        "–",
        "A form with the token of somebody else's session is accepted.",
        f"{FORGERY}::test_a_form_without_the_sessions_token_is_refused",
        [replace(csrf._is_valid, "hmac.compare_digest($$$A)", "True")],
        only="account_language",
    ),
    Mutant(
        "a form of another site",
        "–",
        "A page of another site that has learned a token sends a form.",
        f"{FORGERY}::test_a_form_without_the_sessions_token_is_refused",
        [replace(csrf._is_same_origin, 'site == "same-origin"', "True")],
        only="account_language",
    ),
    Mutant(
        "a redirect to anywhere",
        "–",
        "The sign-in sends people to a page that looks like it.",
        "tests/unit/console/test_sign_in.py::test_no_redirect_leads_elsewhere",
        [replace(redirects.own_path, "_OWN_PATH.fullmatch(text)", "True")],
        only="https",
    ),
    Mutant(
        "a tag for everybody",
        "–",
        "A part of one person's page counts as unchanged for another person in the same browser.",
        "tests/unit/console/test_start.py::test_another_person_gets_another_tag",
        [replace(polling.respond, "g.visitor", "None")],
    ),
    Mutant(
        "an action on what one may not see",
        "–",
        "The service carries out an action on a document of another territory.",
        f"{API}::test_an_account_sees_and_changes_the_documents_of_its_territory_only",
        [
            never(service.OfficeService._read, "user is not None"),
            never(service.OfficeService.perform, "user is not None"),
        ],
    ),
]
