"""How the recording ERP misbehaves: it refuses, is down, is slow, answers garbage, or kills its caller."""

import os
import signal
import time
from pathlib import Path

from backend.erp.errors import ErpError, ErrorClass
from tests.eventually import eventually


def misbehave(mode: str) -> None:
    """Do what *mode* says: a name, with a value after a colon as in `latency:0.2`; other names do nothing."""
    name, _, value = mode.partition(":")
    if name == "timeout":
        raise ErpError(ErrorClass.UNKNOWN, "the ERP did not answer in time", no_answer=True)
    if name == "hang":
        time.sleep(float(value))
        raise ErpError(ErrorClass.UNKNOWN, "the ERP did not answer in time", no_answer=True)
    if name == "down":
        raise ErpError(ErrorClass.TRANSIENT, "the ERP cannot be reached", no_answer=True)
    if name == "latency":
        time.sleep(float(value))
    if name == "until":
        eventually(Path(value).exists, f"{value} exists")
    if name == "503":
        raise ErpError(
            ErrorClass.TRANSIENT,
            "the ERP is closed for maintenance",
            retry_after=float(value or 0) or None,
            no_answer=True,
        )
    if name == "refuse":
        raise ErpError(
            ErrorClass.REJECT_REP, "the minimum quantity is 5", field="lines[0].quantity", raw="E4711"
        )
    if name == "refuse_office":
        raise ErpError(ErrorClass.REJECT_OFFICE, "the customer is over the credit limit")
    if name == "config":
        raise ErpError(ErrorClass.CONFIG, "the account's password has expired", raw="401")
    if name == "duplicate_ok":
        raise ErpError(ErrorClass.DUPLICATE_OK, "the ERP has this key already")
    if name == "duplicate_bad":
        raise ErpError(ErrorClass.DUPLICATE_BAD, "two documents carry this key")
    if name == "garbage":
        raise ValueError("<html>Welcome to the airport</html>")
    if name == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
