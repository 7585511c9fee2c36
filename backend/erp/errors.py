"""One vocabulary for what can go wrong at an ERP. HTTP codes are not outcomes."""

from enum import StrEnum

from backend.erp.sanitize import sanitized


class ErrorClass(StrEnum):
    """What an error means for the document, and so what is done next."""

    TRANSIENT = "transient"
    """Definitely not executed; later it may work. Retried with full jitter, without end."""
    UNKNOWN = "unknown"
    """It may have been executed. The ERP is asked before anything is sent again."""
    REJECT_REP = "reject_rep"
    """The rep can fix it."""
    REJECT_OFFICE = "reject_office"
    """The back office must decide."""
    CONFIG = "config"
    """Our settings, rights or mapping are wrong: one incident for the connector, not one per document."""
    DUPLICATE_OK = "duplicate_ok"
    """The ERP says it has our key already: look it up and take it as ours."""
    DUPLICATE_BAD = "duplicate_bad"
    """Two documents of the ERP carry one key: a person must merge them."""


class ErpError(Exception):
    """An ERP did not do what it was asked.

    `message` is a sentence for a person, `raw` the ERP's own words, `retry_after` seconds if the ERP
    named them, `field` the path in the document's body (`lines[2].product_id`) if one is to blame,
    `no_answer` whether the ERP as a whole did not answer, so that another document would fare no better,
    `fix` a sentence on what to do, where the connector knows better than the table of causes.
    """

    def __init__(
        self,
        error_class: ErrorClass,
        message: str,
        *,
        raw: str = "",
        retry_after: float | None = None,
        field: str = "",
        no_answer: bool = False,
        fix: str = "",
    ) -> None:
        super().__init__(sanitized(message))
        self.error_class = error_class
        self.message = sanitized(message)
        self.raw = sanitized(raw or message)
        self.retry_after = retry_after
        self.field = sanitized(field)
        self.no_answer = no_answer
        self.advice = sanitized(fix)
