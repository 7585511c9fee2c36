"""Nothing that a client sends can begin a line of a log, reach a terminal, or stay there as it was typed."""

import io
import json
import logging
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from gunicorn.config import Config
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from backend import logs
from backend.database.core import engine_options, prepare
from backend.log_text import exception_text, printable, printable_traceback
from backend.web_server.gunicorn_log import GunicornLog

HOSTILE = [
    "a\n2026-11-23 ERROR forged", "a\r\nb", "\x1b[31mred", "\x9b31m", "\x85next", "\u2028x", "\u2029x",
    "\u202egnp", "\u2066x\u2069", "\ufeffx", "\u200bx", "\x00", "\x7f", "\ud800", "\U000e0001", "\x08\x0b\x0c",
]  # fmt: skip
UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def lines_of(form: str, message: str, *, error: BaseException | None = None, **extra: Any) -> list[str]:
    record = logging.makeLogRecord(
        {"name": "x", "levelname": "ERROR", "levelno": 40, "msg": "%s", "args": (message,), **extra}
    )
    if error is not None:
        record.exc_info = (type(error), error, error.__traceback__)
    return logs.FORMATTERS[form]().format(record).split("\n")


def is_clean(line: str) -> bool:
    return not any(unicodedata.category(character) in UNSAFE for character in line)


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_message_and_a_field_stay_on_one_line(form: str, hostile: str) -> None:
    [line] = lines_of(form, hostile, field=hostile, nested={"in": [hostile]})
    assert is_clean(line)
    if form == "json":
        assert json.loads(line)["message"] == hostile


@pytest.mark.parametrize("hostile", HOSTILE)
def test_an_exception_cannot_forge_a_line(hostile: str) -> None:
    try:
        try:
            raise RuntimeError(hostile)
        except RuntimeError as cause:
            raise OSError(5, hostile, hostile) from cause
    except OSError as error:
        first, *more = lines_of("text", "failed", error=error)
        [line] = lines_of("json", "failed", error=error)
    assert "failed" in first
    assert all(each.startswith("  | ") and is_clean(each) for each in more)
    assert sum("RuntimeError" in each for each in more) >= 1
    assert is_clean(line)
    assert "direct cause" in json.loads(line)["exception"]


@given(st.text(st.characters(codec=None)))
def test_every_text_becomes_printable(value: str) -> None:
    assert is_clean(printable(value))


@pytest.mark.parametrize(
    "fail",
    [
        lambda: int("canary"),
        lambda: {}["canary"],
        lambda: json.loads('"canary'),
        lambda: "canary\ud800".encode(),
        lambda: b"canary\xff".decode(),
    ],
)
def test_a_traceback_has_no_typed_value(fail: Any) -> None:
    with pytest.raises(Exception) as caught:
        fail()
    assert "canary" not in exception_text(caught.value)
    assert f"{type(caught.value).__name__}" in printable_traceback(caught.value)


def test_a_chain_of_exceptions_that_refer_to_each_other_ends() -> None:
    first, second = RuntimeError("a"), RuntimeError("b")
    first.__cause__, second.__cause__ = second, first
    assert printable_traceback(first).count("RuntimeError") == 2


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = create_engine(database_url, **engine_options(database_url))
    prepare(engine)
    yield engine
    engine.dispose()


@pytest.mark.both_dialects
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO scratch (k, v) VALUES (:typed, 1)",
        "INSERT INTO scratch (k, v) VALUES (:typed || 'x', NULL)",
        "INSERT INTO scratch (k, v) VALUES (:typed || 'y', -1)",
        "SELECT CAST(:typed AS integer) FROM nowhere",
        "SELECT CAST(:typed AS integer)",
        "SELECT CAST(:typed AS timestamp)",
    ],
)
def test_a_database_error_has_no_typed_value(engine: Engine, statement: str) -> None:
    typed = {"typed": "canary-4711"}
    with engine.connect() as connection:
        table = "CREATE TEMPORARY TABLE scratch (k text UNIQUE, v integer NOT NULL CHECK (v > 0))"
        connection.execute(text(table))
        connection.execute(text("INSERT INTO scratch VALUES (:typed, 1)"), typed)
        try:
            connection.execute(text(statement), typed)
        except DBAPIError as error:
            shown = f"{error}{error!r}{error.orig}{error.orig!r}"
            assert "canary" not in shown + printable_traceback(error)
            assert "\nDETAIL" not in shown
        else:
            assert engine.dialect.name == "sqlite"
        connection.rollback()


def test_gunicorns_own_lines_are_escaped() -> None:
    log = GunicornLog(Config())
    try:
        [handler] = log.error_log.handlers
        handler.stream = stream = io.StringIO()
        log.warning("Invalid request from ip=%s: %s", "127.0.0.1", "GET /\x1b[2J\r\nforged")
    finally:
        log.error_log.handlers.clear()
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()
