"""Each sentence of Tryton's falls into the class that says what to do next."""

import datetime as dt
from typing import Any

import pytest

from backend.connectors.tryton.errors import http_refusal, refusal
from backend.delivery.erp_response import RetryState, from_error
from backend.delivery.transition import Transition
from backend.erp.errors import ErpError, ErrorClass
from backend.retry import Backoff

C = ErrorClass
SAMPLES: list[tuple[str, str, ErrorClass]] = [
    ("SATCHEL_KEY_EXISTS", "key_exists", C.DUPLICATE_OK),
    ('You can not call "confirm" on "97 [CRM-1001]" of "Sale".', "transition", C.TRANSIENT),
    ('You cannot modify invoice "7" because it is posted, paid or cancelled.', "transition", C.TRANSIENT),
    ('A value is required for field "Unit Price" in record "x" of "Sale Line".', "required", C.REJECT_OFFICE),
    (
        'To get a quote for sale "[CRM-0001]" you must enter a warehouse for the line "Sander B-361".',
        "quote",
        C.REJECT_OFFICE,
    ),
    ('To get a quote for sale "9" you must enter an invoice address.', "quote", C.REJECT_OFFICE),
    ('The value "999999" for field "Party" in "Sale" does not exist.', "unknown", C.REJECT_REP),
    (
        'The number of digits in the value "\'56.880001\'" for field "Unit Price" in record "x" of '
        '"Sale Line" exceeds the limit of "(None, 4)".',
        "digits",
        C.REJECT_REP,
    ),
    (
        'The value "x" for field "Account" in record "9" of "Invoice" is not valid according to its domain.',
        "domain",
        C.REJECT_OFFICE,
    ),
    (
        'The party "Thorpe LLC" will exceed their €25000.00 credit limit by €522940.00.',
        "credit_limit",
        C.REJECT_OFFICE,
    ),
    (
        'The party "Thorpe LLC" has reached the credit limit level for dunning "1".',
        "credit_limit",
        C.REJECT_OFFICE,
    ),
    ('You are not allowed to access "Product Template".', "access", C.CONFIG),
    ('You are not allowed to create records of "Sale" because they fail on …', "access", C.CONFIG),
    ('Calling button "process on "Sale" is not allowed.', "access", C.CONFIG),
    ('You are trying to read records "999999" of "Sale" that don\'t exist.', "gone", C.REJECT_OFFICE),
    (
        "The dates of done forecasts for the same company, warehouse and destination can not overlap.",
        "overlap",
        C.REJECT_OFFICE,
    ),
    ("Product must be unique by forecast.", "same_line", C.TRANSIENT),
    ('To number the invoice "7", you must set a date after "11/20/2026".', "number", C.REJECT_OFFICE),
    (
        'To continue, you must create a fiscal year for the date "01/01/2031" and company "N".',
        "period_closed",
        C.REJECT_OFFICE,
    ),
    ("Something nobody has seen before", "other", C.REJECT_OFFICE),
]


@pytest.mark.parametrize(("text", "rule", "error_class"), SAMPLES, ids=[sample[0][:40] for sample in SAMPLES])
def test_a_user_error_is_classified_by_its_text(text: str, rule: str, error_class: ErrorClass) -> None:
    error = refusal(["UserError", [text, "Within groups: …", None]])
    assert error is not None
    assert (error.rule, error.error_class) == (rule, error_class)
    assert text in error.raw
    assert error.message
    assert "{" not in error.message


@pytest.mark.parametrize(
    ("error", "rule", "error_class"),
    [
        (["UserWarning", ["2096.credit_limit_amount", "The party …", ""]], "warning", C.REJECT_OFFICE),
        (["ConcurrencyException", "Records were modified in the meanwhile"], "concurrency", C.TRANSIENT),
        (["LoginException", ["password", "Password for connector", "password"]], "login", C.CONFIG),
        (["'bogus'", ""], "server_fault", C.CONFIG),
        (["'res.user'"], "server_fault", C.CONFIG),
        (["UserError", []], "server_fault", C.CONFIG),
        (["UserError", [None, None, None]], "server_fault", C.CONFIG),
        (["UserError", "text alone"], "server_fault", C.CONFIG),
    ],
)
def test_other_errors_are_classified_by_their_type(error: Any, rule: str, error_class: ErrorClass) -> None:
    refused = refusal(error)
    assert refused is not None
    assert (refused.rule, refused.error_class) == (rule, error_class)


STATUSES = [
    (401, "it"),
    (403, "it"),
    (404, "it"),
    (413, "office"),
    (422, "it"),
    (429, None),
    (503, None),
    (500, None),
]
CODES = ("HTTP", "UserError", "Exception", "None", "{", "Traceback")


@pytest.mark.parametrize("text", [sample[0] for sample in SAMPLES], ids=lambda text: text[:40])
def test_each_refusal_has_an_owner_and_a_sentence_for_the_rep(text: str) -> None:
    error = refusal(["UserError", [text, "", None]])
    assert error is not None
    transition = _transition(error)
    assert transition.owner == OWNERS[error.error_class]
    assert transition.reason and len(transition.reason.split()) > 3
    assert not any(code in transition.reason for code in CODES)
    assert transition.raw and text in transition.raw, "the office reads what Tryton said"


@pytest.mark.parametrize(
    ("text", "rule"), [sample[:2] for sample in SAMPLES], ids=[sample[0][:40] for sample in SAMPLES]
)
def test_each_known_refusal_has_advice(text: str, rule: str) -> None:
    error = refusal(["UserError", [text, "", None]])
    assert error is not None
    if OWNERS[error.error_class] is None or rule == "other":
        assert error.advice == "", "it needs nobody, or the table of causes already says what to do"
        return
    assert error.advice.endswith(", then retry.") and error.advice[0].isupper()
    assert "{" not in error.advice
    assert _transition(error).advice == error.advice


def test_the_advice_names_the_record_of_the_refusal() -> None:
    arguments = [
        "UserError",
        ['The party "Thorpe LLC" will exceed their €9.00 credit limit by €1.00.', "", None],
    ]
    error = refusal(arguments)
    assert error is not None
    assert error.advice == "Raise the credit limit of Thorpe LLC or take a payment, then retry."


@pytest.mark.parametrize(("status", "owner"), STATUSES)
def test_each_status_has_an_owner_and_none_of_them_is_a_success(status: int, owner: str | None) -> None:
    transition = _transition(http_refusal(status, None, b"<html>no</html>", writes=True))
    assert transition.owner == owner
    assert transition.state in ("queued", "unknown", "parked")
    assert transition.reason and not any(code in transition.reason for code in CODES)
    assert transition.raw and f"HTTP {status}" in transition.raw


OWNERS = {C.TRANSIENT: None, C.UNKNOWN: None, C.REJECT_REP: "rep", C.REJECT_OFFICE: "office", C.CONFIG: "it",
          C.DUPLICATE_OK: None}  # fmt: skip


def _transition(error: ErpError) -> Transition:
    past = RetryState(0, None, Backoff(5, 900), dt.timedelta(minutes=30))
    return from_error(
        error,
        retry_state=past,
        now=dt.datetime(2026, 11, 25, tzinfo=dt.UTC),
        sent_at=None,
        waits_quiet_period=True,
    )


@pytest.mark.parametrize("error", [None, "text", {}, [], [1], [None, "x"]])
def test_a_text_that_tryton_never_writes_is_no_refusal(error: Any) -> None:
    assert refusal(error) is None


def test_a_text_of_several_pages_is_cut() -> None:
    error = refusal(["UserError", ["x" * 100_000, "y" * 100_000, None]])
    assert error is not None
    assert len(error.raw) <= 2000
    assert len(error.message) <= 600


def test_braces_in_a_message_of_tryton_are_kept() -> None:
    error = refusal(["UserError", ['The party "{0} {x}" will exceed their {9} credit limit by 1.', "", None]])
    assert error is not None
    assert "{0} {x}" in error.message
