"""Measures calls to the ERP that do not forward a document. `delivery.transfer` measures those that do.

Separate from `backend.metrics`, which does not know the errors of the port.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from backend import metrics
from backend.erp.errors import ErpError, ErrorClass


@contextmanager
def measured(connector: str, call: str) -> Iterator[None]:
    """Measure the calls made in the block as one *call* of the connector named *connector*.

    *call* is the name of a method of the port. Results that the connector yields one by one must be consumed in
    the block.
    """
    began, outcome = time.perf_counter(), "answered"
    try:
        yield
    except ErpError as error:
        outcome = error.error_class.value
        raise
    except Exception:
        outcome = ErrorClass.UNKNOWN.value
        raise
    finally:
        metrics.ERP_OTHER_CALLS.labels(connector, call, outcome).observe(time.perf_counter() - began)
