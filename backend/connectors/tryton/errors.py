"""What Tryton's refusals mean. It has no error codes: its English sentences are all there is.

The table below is read from top to bottom, and the first pattern that fits decides. Whoever meets a
new sentence adds a row. Texts: trytond/ir/message.xml and message.xml of the modules, series 8.0.
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
    """One row: what Tryton says, what it is called here, what it means, and what a person is told."""

    name: str
    pattern: re.Pattern[str]
    error_class: ErrorClass
    sentence: str
    """What the rep reads. May cite the pattern's groups in braces."""
    remedy: str
    """What the office does about it, without a full stop; may cite them too. Empty: it goes on by itself."""


def _rule(name: str, pattern: str, error_class: ErrorClass, sentence: str, remedy: str = "") -> Rule:
    return Rule(name, re.compile(pattern, re.S), error_class, sentence, remedy)


USER_ERRORS = (
    _rule("key_exists", r"^SATCHEL_KEY_EXISTS", DUPLICATE, "Tryton has this document already."),
    _rule(
        "credit_limit",
        r'^The party "(?P<party>.*)" will exceed their (?P<limit>.*) credit limit by (?P<amount>.*)\.',
        OFFICE,
        "{party} would exceed the credit limit of {limit}; the office decides.",
        "Raise the credit limit of {party} or take a payment",
    ),
    _rule(
        "credit_limit",
        r'^The party "(?P<party>.*)" has reached the credit limit level for dunning',
        OFFICE,
        "{party} has been dunned and gets nothing more on credit; the office decides.",
        "Settle what {party} was dunned for",
    ),
    _rule(
        "transition",
        r'^You can not call "(?P<button>.*)" on "(?P<record>.*)" of "',
        TRANSIENT,
        "Somebody changed {record} in Tryton at the same moment.",
    ),
    _rule(
        "transition",
        r"^You cannot (modify|add .* to|cancel) .*(is|are) (posted|no longer in a draft)",
        TRANSIENT,
        "Somebody changed the document in Tryton at the same moment.",
    ),
    _rule(
        "access",
        r"^You are not allowed to ",
        CONFIG,
        "Satchel's user in Tryton lacks a right.",
        "Put Satchel's user into one of the groups that Tryton names, or have the access rule changed",
    ),
    _rule(
        "access",
        r'^Calling button "(?P<button>.*) on ',
        CONFIG,
        "Satchel's user in Tryton lacks a right.",
        "Put Satchel's user into a group that may press “{button}” in Tryton",
    ),
    _rule(
        "quote",
        r"^To get a quote for sale .* you must enter (?P<what>an? [a-z ]+?)( for the line .*)?\.$",
        OFFICE,
        "Tryton needs {what} before it can quote the order.",
        "Enter {what} with the customer or in the order in Tryton",
    ),
    _rule(
        "required",
        r'^A value is required for field "(?P<field>[^"]*)"',
        OFFICE,
        "Tryton needs a value for “{field}”, and the document has none.",
        "Give “{field}” a value in Tryton where it comes from: with the customer, the product or as a default",
    ),
    _rule(
        "unknown",
        r'^The value "(?P<value>.*)" for field "(?P<field>[^"]*)" in "[^"]*" does not exist',
        REP,
        "Tryton does not have this {field} any more ({value}); fetch the news and choose another.",
        "Choose another {field} than {value}, or make it in Tryton again",
    ),
    _rule(
        "digits",
        r'^The number of digits in the value "(?P<value>.*)" for field "(?P<field>[^"]*)"',
        REP,
        "{value} has more digits than Tryton takes for “{field}”.",
        "Round {value} to the digits that Tryton takes for “{field}”",
    ),
    _rule(
        "too_long",
        r'^The value ".*" for field "(?P<field>[^"]*)" in .* is too long',
        REP,
        "The text for “{field}” is longer than Tryton takes.",
        "Shorten the text for “{field}”",
    ),
    _rule(
        "characters",
        r'^The value ".*" for field "(?P<field>[^"]*)" in .* contains some invalid chars',
        REP,
        "The text for “{field}” holds characters that Tryton does not take.",
        "Take what Tryton does not allow, such as line breaks, out of “{field}”",
    ),
    _rule(
        "domain",
        r'^The value "(?P<value>.*)" for field "(?P<field>[^"]*)" in .* is not (valid|one of)',
        OFFICE,
        "Tryton does not accept “{value}” as “{field}” of this document.",
        "Find out why Tryton does not allow “{value}” as “{field}” (closed, of another company), change that",
    ),
    _rule(
        "gone",
        r"^You are trying to (read|write to) records .* don't exist",
        OFFICE,
        "It was deleted in Tryton.",
        "Ask in Tryton who deleted it and why; what is still wanted can be sent again",
    ),
    _rule(
        "overlap",
        r"^The dates of done forecasts .* can not overlap",
        OFFICE,
        "Another forecast covers these days.",
        "End the other forecast of these days in Tryton, or take it back to draft",
    ),
    _rule(
        "same_line",
        r"^Product must be unique by forecast",
        TRANSIENT,
        "Another forecast was written meanwhile.",
    ),
    _rule(
        "books_closed",
        r"^To continue, you must (?P<do>create|reopen) (?P<what>(a|the) (period|fiscal year))",
        OFFICE,
        "Tryton's books are not open for this date.",
        "Have accounting {do} {what} in Tryton",
    ),
    _rule(
        "number",
        r"^To number the invoice",
        OFFICE,
        "Tryton has numbered later invoices already.",
        "Give it a later accounting date in Tryton, or have accounting change the invoice sequence",
    ),
)


class TrytonRefusal(ErpError):
    """Tryton said no, in a well-formed answer: nothing was done. `rule` is the row of the table, `remedy` what
    it says the office does, without a full stop; `fix` is the sentence for a document that can be retried.
    """

    def __init__(self, rule: str, error_class: ErrorClass, message: str, raw: str, remedy: str = "") -> None:
        fix = f"{remedy}, then retry." if remedy else ""
        super().__init__(error_class, message, raw=raw[:LONGEST_RAW], fix=fix)
        self.rule = rule
        self.remedy = remedy


class InvalidReply(ErpError):
    """Tryton was reached, and what came back is of no use: a fault of the server (HTTP 500), or no answer to
    what was asked. While reading, the contents of a single row may be what it stumbles over."""


def refusal(error: Any) -> TrytonRefusal | None:
    """Return what the `error` of an answer means, or None if it is none that Tryton would write."""
    if not isinstance(error, list) or not error or not isinstance(error[0], str):
        return None
    kind, detail = error[0], error[1] if len(error) > 1 else ""
    words = [str(word) for word in (detail if isinstance(detail, list) else [detail]) if isinstance(word, str)]
    if kind == "UserError" and isinstance(detail, list) and words:
        return _user_error(words[0], " ".join(words[1:]))
    if kind == "UserWarning" and isinstance(detail, list) and len(words) > 1:
        return TrytonRefusal(
            "warning",
            OFFICE,
            f"Tryton asks: {_sentence(words[1])}",
            ": ".join(words),
            "Answer what Tryton asks, as a person who may",
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
            " ".join(words),
            "Let Satchel's user log in to Tryton with its password alone",
        )
    # No class name: an exception nobody foresaw. Its transaction was rolled back.
    return TrytonRefusal(
        "server_fault",
        CONFIG,
        "Tryton failed on this call.",
        f"{kind} {' '.join(words)}",
        "Read Tryton's log of this moment: a module or field is lacking, or a module is broken",
    )


def _user_error(text: str, description: str) -> TrytonRefusal:
    raw = f"{text} {description}".strip()
    for rule in USER_ERRORS:
        if found := rule.pattern.search(text):
            groups = {name: _short(value) for name, value in found.groupdict().items()}
            told, remedy = rule.sentence.format(**groups), rule.remedy.format(**groups)
            return TrytonRefusal(rule.name, rule.error_class, told, raw, remedy)
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
        words = "Tryton has had too many calls." if status == 429 else "Tryton is busy."
        return ErpError(TRANSIENT, words, raw=raw, retry_after=retry_after, no_answer=True)
    if status == 404:
        return ErpError(CONFIG, "Tryton does not know the database, or the address is not Tryton's.", raw=raw)
    if status == 413:
        fix = "Have it split in two, or raise the size of a request in Tryton's settings, then retry."
        return ErpError(OFFICE, "The document is larger than Tryton takes.", raw=raw, fix=fix)
    if 300 <= status < 500 and status != 408:
        return ErpError(CONFIG, "Tryton refused the call as such.", raw=raw)
    lost = ErrorClass.UNKNOWN if writes else TRANSIENT
    # 502 and 504 are of a proxy that did not reach Tryton, or not in time.
    away = status in (408, 502, 504)
    kind = ErpError if away else InvalidReply
    return kind(lost, "Tryton failed while answering.", raw=raw, no_answer=away)


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
            lost, "Tryton's answer cannot be understood.", raw=f"{type(error).__name__}: {error}"[:500]
        ) from error
