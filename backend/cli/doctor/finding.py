"""One line of the report of `satchel doctor`; every file of this package makes some."""

from typing import NamedTuple

OK, WARNING, ERROR = "ok", "warning", "error"
STYLES = {OK: "green", WARNING: "yellow", ERROR: "red"}


class Finding(NamedTuple):
    """The subject of a check, its status and message, and the `advice` to the operator."""

    status: str
    subject: str
    message: str
    advice: str = ""
