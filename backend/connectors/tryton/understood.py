"""The last net: an answer whose form nobody foresaw is an error of the ERP's kind, never a crash."""

from collections.abc import Iterator
from contextlib import contextmanager

from backend.erp.errors import ErpError, ErrorClass


@contextmanager
def guard_reply(*, writes: bool) -> Iterator[None]:
    """Turn a stumble over an answer of unforeseen form into the error that it is."""
    try:
        yield
    except ErpError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError) as error:
        lost = ErrorClass.UNKNOWN if writes else ErrorClass.TRANSIENT
        raise ErpError(
            lost, "Tryton's answer cannot be understood.", raw=f"{type(error).__name__}: {error}"[:500]
        ) from error
