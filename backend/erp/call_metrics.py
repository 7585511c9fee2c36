"""Measures calls to the ERP: how long each takes, and how it ends.

Separate from `backend.metrics`, which does not know the errors of the port.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from backend import metrics
from backend.erp.errors import ErpError, ErrorClass

ANSWERED = "answered"


def outcome_of(error: Exception) -> str:
    """Return the outcome of a call that raised *error*: its class, or UNKNOWN if it is no `ErpError`."""
    return error.error_class.value if isinstance(error, ErpError) else ErrorClass.UNKNOWN.value


@contextmanager
def measured(
    connector: str,
    call: str,
    *,
    count: Callable[[str, str, str, float], None] = metrics.count_other_call,
    outcome_of: Callable[[Exception], str] = outcome_of,
) -> Iterator[None]:
    """Measure the calls made in the block as one *call* of the connector named *connector*.

    Results that the connector yields one by one must be consumed in the block.

    Args:
        call: the name of a method of the port, or the step of an attempt.
        count: gets connector, call, outcome and seconds; `metrics.count_call` if the call forwards a document.
        outcome_of: returns the outcome if the block raises.
    """
    began, outcome = time.perf_counter(), ANSWERED
    try:
        yield
    except Exception as error:
        outcome = outcome_of(error)
        raise
    finally:
        count(connector, call, outcome, time.perf_counter() - began)
