"""Logs: one JSON object a line, each with the request it belongs to. No tokens, no bodies, no names."""

import contextlib
import contextvars
import datetime as dt
import json
import logging
from collections.abc import Iterator, Mapping
from typing import IO, Any

_fields: contextvars.ContextVar[Mapping[str, Any]] = contextvars.ContextVar("satchel_log_fields")
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


@contextlib.contextmanager
def fields(**values: Any) -> Iterator[None]:
    """Put *values* into every line that is logged inside."""
    token = _fields.set({**_fields.get({}), **values})
    try:
        yield
    finally:
        _fields.reset(token)


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON; line breaks inside are escaped, so that no line can be forged."""

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


def configure(stream: IO[str] | None = None, level: int = logging.INFO) -> None:
    """Send every log to *stream* (standard error unless told) as JSON lines; for processes, not for tests."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
