"""The errors of the port. An error class says what to do next, which an HTTP status does not."""

from enum import StrEnum

from backend.erp.sanitize import sanitized


class ErrorClass(StrEnum):
    """The class of an error: its meaning for the document and the next step."""

    TRANSIENT = "transient"
    """Certainly not executed, and it may work later. Retried with full jitter, without a limit."""
    UNKNOWN = "unknown"
    """It may have been executed. The document is looked up in the ERP before it is sent again."""
    REJECT_REP = "reject_rep"
    """The rep can fix it."""
    REJECT_OFFICE = "reject_office"
    """The office must decide."""
    CONFIG = "config"
    """Settings, rights or mapping are wrong. One incident for the connector, not one per document."""
    DUPLICATE_OK = "duplicate_ok"
    """The ERP already has a document with our key: look it up and continue with it."""
    DUPLICATE_BAD = "duplicate_bad"
    """Two documents in the ERP carry the same key: a person must decide which one stays."""


class ErpError(Exception):
    """A call to the ERP failed.

    Args:
        error_class: what it means for the document.
        message: a sentence for a person.
        raw: the ERP's own text; default: the message.
        retry_after: seconds after which to try again, if the ERP named them.
        field: the path in the document's body that is to blame, such as `lines[2].product_id`.
        no_answer: whether the ERP as a whole did not answer, so that another document would fail too.
        advice: a sentence on what to do, if the connector knows more than the table of park reasons.
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
        advice: str = "",
    ) -> None:
        super().__init__(sanitized(message))
        self.error_class = error_class
        self.message = sanitized(message)
        self.raw = sanitized(raw or message)
        self.retry_after = retry_after
        self.field = sanitized(field)
        self.no_answer = no_answer
        self.advice = sanitized(advice)
