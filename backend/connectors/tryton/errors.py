"""What Tryton's refusals mean. Tryton has no error codes, so they are recognized by their English sentences.

The first row of the table whose pattern matches the beginning of the sentence decides. For a sentence that is
not in the table, add a row. A sentence names records, so anybody may write a part of it: a pattern must not
read it again and again. At most one `.*` is left open to another match; the others end where the text behind
them first stands, as in `(?>.*? on )`. A test refuses any other pattern.
Source of the texts: trytond/ir/message.xml and message.xml of the modules, series 8.0.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from backend.erp.errors import ErpError, ErrorClass

TRANSIENT, CONFIG = ErrorClass.TRANSIENT, ErrorClass.CONFIG
REP, OFFICE, DUPLICATE = ErrorClass.REJECT_REP, ErrorClass.REJECT_OFFICE, ErrorClass.DUPLICATE_OK

LONGEST_RAW = 2000


class Rule(NamedTuple):
    """One row of the table: a sentence of Tryton and what it means."""

    name: str
    pattern: re.Pattern[str]
    error_class: ErrorClass
    sentence: str
    """What the rep reads. `{name}` stands for a group of the pattern."""
    remedy: str
    """What the office does, without a full stop, with the same groups. Empty: it is retried automatically."""


def _rule(name: str, pattern: str, error_class: ErrorClass, sentence: str, remedy: str = "") -> Rule:
    return Rule(name, re.compile(pattern, re.S), error_class, sentence, remedy)


USER_ERRORS = (
    _rule("key_exists", r"SATCHEL_KEY_EXISTS", DUPLICATE, "Tryton has this document already."),
    _rule(
        "credit_limit",
        r'The party "(?>(?P<party>.*?)" will exceed their )(?>(?P<limit>.*?) credit limit by )(?P<amount>.*)\.',
        OFFICE,
        "{party} would exceed their credit limit of {limit}; the office decides.",
        "Raise the credit limit of {party} or take a payment",
    ),
    _rule(
        "credit_limit",
        r'The party "(?P<party>.*)" has reached the credit limit level for dunning',
        OFFICE,
        "{party} has been dunned and gets no more credit; the office decides.",
        "Settle the overdue invoices of {party}",
    ),
    _rule(
        "transition",
        r'You can not call "(?>(?P<button>.*?)" on ")(?P<record>.*)" of "',
        TRANSIENT,
        "Somebody changed {record} in Tryton at the same moment.",
    ),
    _rule(
        "transition",
        r"You cannot (modify|add (?>.*? to)|cancel) .*(is|are) (posted|no longer in a draft)",
        TRANSIENT,
        "Somebody changed the document in Tryton at the same moment.",
    ),
    _rule(
        "access",
        r"You are not allowed to ",
        CONFIG,
        "Satchel's user in Tryton lacks a right.",
        "Add Satchel's user to one of the groups that Tryton names, or change the access rule",
    ),
    _rule(
        "access",
        r'Calling button "(?P<button>.*) on ',
        CONFIG,
        "Satchel's user in Tryton lacks a right.",
        "Add Satchel's user to a group that may press “{button}” in Tryton",
    ),
    _rule(
        "quote",
        r"To get a quote for sale (?>.*? you must enter )"
        r"(?P<what>an? (?>[a-z ]+?(?=\.$| for the line )))( for the line .*)?\.$",
        OFFICE,
        "Tryton needs {what} to quote the order.",
        "Enter {what} for the customer or in the order in Tryton",
    ),
    _rule(
        "required",
        r'A value is required for field "(?P<field>[^"]*)"',
        OFFICE,
        "Tryton needs a value for “{field}”, and the document has none.",
        "In Tryton, enter a value for “{field}” for the customer or the product, or set a default",
    ),
    _rule(
        "unknown",
        r'The value "(?>(?P<value>.*?)" for field ")(?P<field>[^"]*+)" in "[^"]*+" does not exist',
        REP,
        "Tryton no longer has this {field} ({value}); sync and choose another.",
        "Choose another {field} than {value}, or create it in Tryton again",
    ),
    _rule(
        "digits",
        r'The number of digits in the value "(?>(?P<value>.*?)" for field ")(?P<field>[^"]*+)"',
        REP,
        "{value} has more digits than Tryton accepts for “{field}”.",
        "Round {value} to the digits that Tryton accepts for “{field}”",
    ),
    _rule(
        "too_long",
        r'The value "(?>.*?" for field ")(?P<field>[^"]*+)" in .* is too long',
        REP,
        "The text for “{field}” is longer than Tryton accepts.",
        "Shorten the text for “{field}”",
    ),
    _rule(
        "characters",
        r'The value "(?>.*?" for field ")(?P<field>[^"]*+)" in .* contains some invalid chars',
        REP,
        "The text for “{field}” contains characters that Tryton does not accept.",
        "Remove characters that Tryton does not accept, such as line breaks, from “{field}”",
    ),
    _rule(
        "domain",
        r'The value "(?>(?P<value>.*?)" for field ")(?P<field>[^"]*+)" in .* is not (valid|one of)',
        OFFICE,
        "Tryton does not accept “{value}” as “{field}” of this document.",
        "Find out why Tryton does not accept “{value}” as “{field}” (closed, other company), and change that",
    ),
    _rule(
        "gone",
        r"You are trying to (read|write to) records .* don't exist",
        OFFICE,
        "It was deleted in Tryton.",
        "Find out who deleted it in Tryton, and why; if it is still needed, send it again",
    ),
    _rule(
        "overlap",
        r"The dates of done forecasts .* can not overlap",
        OFFICE,
        "Another forecast in Tryton covers these days.",
        "End the other forecast of these days in Tryton, or set it back to draft",
    ),
    _rule(
        "same_line",
        r"Product must be unique by forecast",
        TRANSIENT,
        "Somebody wrote another forecast in Tryton at the same moment.",
    ),
    _rule(
        "period_closed",
        r"To continue, you must (?P<do>create|reopen) (?P<what>(a|the) (period|fiscal year))",
        OFFICE,
        "Tryton has no open accounting period for this date.",
        "Ask accounting to {do} {what} in Tryton",
    ),
    _rule(
        "number",
        r"To number the invoice",
        OFFICE,
        "Tryton has already numbered later invoices.",
        "Give it a later accounting date in Tryton, or ask accounting to change the invoice sequence",
    ),
)


class TrytonRefusal(ErpError):
    """Tryton refused the call in a well-formed reply, so nothing was executed.

    `rule` is the name of the table's row and `remedy` what the office does, without a full stop. The advice of
    the error is the remedy as a sentence, for a document that can be retried.
    """

    def __init__(self, rule: str, error_class: ErrorClass, message: str, raw: str, remedy: str = "") -> None:
        advice = f"{remedy}, then retry." if remedy else ""
        super().__init__(error_class, message, raw=raw[:LONGEST_RAW], advice=advice)
        self.rule = rule
        self.remedy = remedy


class InvalidReply(ErpError):
    """Tryton was reached, and its reply cannot be used: a fault of the server (HTTP 500), or no reply to the
    call. While reading, the content of a single row can be the cause."""


def refusal(error: Any) -> TrytonRefusal | None:
    """Return what the `error` of a reply means, or None if it does not have the form of Tryton's errors."""
    if not isinstance(error, list) or not error or not isinstance(error[0], str):
        return None
    kind, detail = error[0], error[1] if len(error) > 1 else ""
    texts = [text for text in (detail if isinstance(detail, list) else [detail]) if isinstance(text, str)]
    if kind == "UserError" and isinstance(detail, list) and texts:
        return _user_error(texts[0], " ".join(texts[1:]))
    if kind == "UserWarning" and isinstance(detail, list) and len(texts) > 1:
        return TrytonRefusal(
            "warning",
            OFFICE,
            f"Tryton asks: {_sentence(texts[1])}",
            ": ".join(texts),
            "Answer Tryton's question in Tryton, as a user who may do so",
        )
    if kind == "ConcurrencyException":
        return TrytonRefusal(
            "concurrency", TRANSIENT, "Somebody changed it in Tryton at the same moment.", str(detail)
        )
    if kind == "LoginException":
        return TrytonRefusal(
            "login",
            CONFIG,
            "Tryton asks for another way to log in.",
            " ".join(texts),
            "Allow Satchel's user to log in to Tryton with its password alone",
        )
    # Not one of Tryton's own exceptions: an unexpected fault of the server. Its transaction was rolled back.
    return TrytonRefusal(
        "server_fault",
        CONFIG,
        "Tryton failed on this call.",
        f"{kind} {' '.join(texts)}",
        "Read Tryton's log at this time: a module or field is missing, or a module is broken",
    )


def _user_error(text: str, description: str) -> TrytonRefusal:
    raw = f"{text} {description}".strip()
    for rule in USER_ERRORS:
        if match := rule.pattern.match(text):
            groups = {name: _short(value) for name, value in match.groupdict().items()}
            sentence, remedy = rule.sentence.format(**groups), rule.remedy.format(**groups)
            return TrytonRefusal(rule.name, rule.error_class, sentence, raw, remedy)
    return TrytonRefusal("other", OFFICE, f"Tryton refused it: {_sentence(text)}", raw)


def _sentence(text: str) -> str:
    return " ".join(text.split())[:500]


def _short(value: str | None) -> str:
    text = " ".join((value or "").split())
    return text if len(text) <= 80 else text[:77] + "..."


def http_refusal(status: int, retry_after: float | None, body: bytes, *, writes: bool) -> ErpError:
    """Return what an HTTP status other than 200 means."""
    raw = f"HTTP {status} {_sentence(body[:600].decode('utf-8', 'replace'))}"
    if status in (429, 503):
        message = "Tryton received too many calls." if status == 429 else "Tryton is busy."
        return ErpError(TRANSIENT, message, raw=raw, retry_after=retry_after, no_answer=True)
    if status == 404:
        return ErpError(CONFIG, "Tryton does not know the database, or the address is not Tryton's.", raw=raw)
    if status == 413:
        advice = (
            "Ask the rep to split it, or raise the size limit of requests in Tryton's settings, then retry."
        )
        return ErpError(OFFICE, "The document is larger than Tryton accepts.", raw=raw, advice=advice)
    if 300 <= status < 500 and status != 408:
        return ErpError(CONFIG, "Tryton refused the call.", raw=raw)
    lost = ErrorClass.UNKNOWN if writes else TRANSIENT
    # A proxy answers 502 and 504 if it did not reach Tryton, or not in time.
    unreachable = status in (408, 502, 504)
    kind = ErpError if unreachable else InvalidReply
    return kind(lost, "Tryton failed while it answered.", raw=raw, no_answer=unreachable)


@contextmanager
def guard_reply(*, writes: bool) -> Iterator[None]:
    """Turn an exception caused by a reply of unforeseen form into an `ErpError`.

    This is the last safety net of the adapter: no reply of Tryton crashes a worker.
    """
    try:
        yield
    except ErpError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError) as error:
        lost = ErrorClass.UNKNOWN if writes else TRANSIENT
        raise ErpError(
            lost, "Tryton's reply has an unexpected form.", raw=f"{type(error).__name__}: {error}"[:500]
        ) from error
