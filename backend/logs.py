"""Logs as text lines or JSON, each with the id of its request.

They contain no tokens, no bodies and no names.
"""

import contextlib
import contextvars
import datetime as dt
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any

_fields: contextvars.ContextVar[Mapping[str, Any]] = contextvars.ContextVar("satchel_log_fields")
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


@contextlib.contextmanager
def fields(**values: Any) -> Iterator[None]:
    """Add *values* to every line that is logged inside the block."""
    token = _fields.set({**_fields.get({}), **values})
    try:
        yield
    finally:
        _fields.reset(token)


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
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class TextFormatter(logging.Formatter):
    """Formats a record as one line of text: the message, then the other fields as name=value."""

    def format(self, record: logging.LogRecord) -> str:
        extra = {
            **_fields.get({}),
            **{name: value for name, value in vars(record).items() if name not in _STANDARD},
        }
        pairs = "".join(f" {name}={json.dumps(value, default=str)}" for name, value in extra.items())
        return super().format(record) + pairs


FORMATTERS: Mapping[str, Callable[[], logging.Formatter]] = {
    "json": JsonLines,
    "text": lambda: TextFormatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"),
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
    # These log a line per request to the ERP, or per step of a migration, which would hide everything else.
    for name in ("httpx", "httpcore", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    if form == "text" and not verbose:
        logging.getLogger("satchel.request").setLevel(logging.WARNING)
