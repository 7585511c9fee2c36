"""Silence: the ERP as a whole does not answer, so the next document would only wait for nothing.

One document without an answer says nothing of the others: it may be the one that the ERP stumbles over. Several
different ones in a row do, and so does an ERP that asks to be left alone for a while (Retry-After).
"""

from backend.delivery.transition import Transition

MAX_UNANSWERED = 3
"""So many different documents in a row may go without an answer, in one thread."""


class OutageDetector:
    """What one forwarding thread has heard of the ERP lately."""

    def __init__(self) -> None:
        self._unanswered: set[str] = set()

    def record(self, id: str, transition: Transition) -> str | None:
        """Return why sending should stop after the document *id* has met *fate*, or None if it may go on."""
        if not transition.no_answer:
            self._unanswered.clear()
            return None
        self._unanswered.add(id)
        if transition.retry_after is not None:
            return f"the ERP asks to come again in {transition.retry_after:g} seconds: {transition.reason}"
        if len(self._unanswered) < MAX_UNANSWERED:
            return None
        return f"{len(self._unanswered)} documents in a row got no answer: {transition.reason}"
