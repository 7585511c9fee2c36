"""Logs as text lines or JSON, each with the id of its request.

They contain no tokens, no bodies and no names. Nothing in a message can begin a line or reach the terminal as a
control sequence.
"""

import contextlib
import contextvars
import datetime as dt
import json
import logging
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from types import TracebackType
from typing import IO, Any

from backend.log_text import printable, printable_traceback

_fields: contextvars.ContextVar[Mapping[str, Any]] = contextvars.ContextVar("satchel_log_fields")
LIMITED_LOGGERS = ("httpx", "httpcore", "alembic")
"""They log a line per request to the ERP, or per step of a migration, which would hide everything else."""

REQUEST_LOGGER = "satchel.request"
AUDIT_LOGGER = "satchel.audit"
OTHER_LOGGERS = ("gunicorn.error", "gunicorn.access", "_granian", "granian.access", "rq.worker")
"""Loggers that may have handlers of their own, which our root handler does not replace."""

_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


@contextlib.contextmanager
def fields(**values: Any) -> Iterator[None]:
    """Add *values* to every line that is logged inside the block."""
    token = _fields.set({**_fields.get({}), **values})
    try:
        yield
    finally:
        _fields.reset(token)


class LogOnce:
    """Logs a warning about each subject once, and again only if it changes or comes back.

    For jobs that run every few seconds: without this, an outage would fill the log.
    """

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._messages: dict[str, str] = {}

    def warn(self, subject: str, message: str, *, trace: bool = False) -> None:
        """Log *message*, unless it was the last one about *subject*; *trace* adds the current exception."""
        if self._messages.get(subject) != message:
            self._messages[subject] = message
            self._log.warning("%s", message, exc_info=trace)

    def forget(self, subject: str) -> None:
        """Note that *subject* is over: the same message about it is logged again."""
        self._messages.pop(subject, None)

    def forget_all_but(self, subjects: Collection[str]) -> None:
        """Forget each subject that is not in *subjects*."""
        self._messages = {subject: text for subject, text in self._messages.items() if subject in subjects}


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON. Line breaks are escaped, so that no message can forge a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields.get({}),
            **{name: value for name, value in vars(record).items() if name not in _STANDARD},
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = printable_traceback(record.exc_info[1])
        # In ASCII, so every other character is an escape, except for DEL.
        return json.dumps(line, default=str).replace("\x7f", "\\u007f")


class TextFormatter(logging.Formatter):
    """Formats a record as one line of text: the message, then the other fields as name=value.

    The lines of a traceback follow, each after a bar, so that no exception can forge a line.
    """

    def format(self, record: logging.LogRecord) -> str:
        extra = {
            **_fields.get({}),
            **{name: value for name, value in vars(record).items() if name not in _STANDARD},
        }
        pairs = "".join(f" {name}={json.dumps(value, default=str)}" for name, value in extra.items())
        record.message = record.getMessage()
        record.asctime = self.formatTime(record, self.datefmt)
        lines = [printable(self.formatMessage(record) + pairs)]
        if record.exc_info and record.exc_info[1] is not None:
            lines += [f"  | {line}" for line in printable_traceback(record.exc_info[1]).split("\n")]
        return "\n".join(lines)


TEXT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
FORMATTERS: Mapping[str, Callable[[], logging.Formatter]] = {
    "json": JsonLines,
    "text": lambda: TextFormatter(TEXT),
}


def configure(form: str = "json", stream: IO[str] | None = None, *, verbose: bool = False) -> None:
    """Send all logs to *stream* (default: standard error) as *form*, text or json.

    For processes, not for tests.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(FORMATTERS[form]())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    escape_others(form)
    sys.excepthook = _log_uncaught
    for name in LIMITED_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in (REQUEST_LOGGER, AUDIT_LOGGER):
        logging.getLogger(name).setLevel(logging.WARNING if form == "text" and not verbose else logging.NOTSET)


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Log an error that ends the process, instead of Python's own traceback, which has its text as it is."""
    if isinstance(error, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        logging.getLogger("satchel").critical("unexpected error", exc_info=error)


def escape_others(form: str = "text") -> None:
    """Give our formatter to the handlers that the web server or a library has put on its own loggers."""
    for name in OTHER_LOGGERS:
        for handler in logging.getLogger(name).handlers:
            handler.setFormatter(FORMATTERS[form]())
