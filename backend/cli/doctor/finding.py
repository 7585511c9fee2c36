"""One line of the report of `satchel doctor`; every file of this package makes some."""

from typing import NamedTuple

OK, WARNING, ERROR = "ok", "warning", "error"
STYLES = {OK: "green", WARNING: "yellow", ERROR: "red"}


class Finding(NamedTuple):
    """What was checked (`subject`), how it is, and what the operator should do about it (`advice`)."""

    verdict: str
    subject: str
    message: str
    advice: str = ""
