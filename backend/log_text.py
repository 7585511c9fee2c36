"""Text for a log: no control characters, and no values that somebody typed.

An exception's own text may quote a value: that of a database error has the row, that of a ValueError the word
that is no number. The log has its type and where it was raised instead. Texts of our own exceptions stay, and
those of the interpreter about code, such as an AttributeError.
"""

import traceback
import unicodedata

_UNSAFE = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Unicode categories: controls (C0, DEL, C1), formats (bidi, zero-width, BOM), surrogates, line separators."""
_OURS = ("backend.", "sync_protocol.")
_ABOUT_CODE = (
    TypeError, AttributeError, NameError, ImportError, NotImplementedError, RuntimeError, MemoryError,
    ZeroDivisionError, IndexError, AssertionError, OSError,
)  # fmt: skip
"""Built-in exceptions whose texts are about code, files or the network."""

_OF_A_DATABASE = ("sqlalchemy.exc.DBAPIError", "psycopg.Error", "sqlite3.Error")


def printable(text: str) -> str:
    """Return *text* on one line: each character that a terminal or a reader of lines acts on is an escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(c) if unicodedata.category(c) in _UNSAFE else c for c in text)


def printable_traceback(error: BaseException) -> str:
    """Return the traceback of *error* and of its causes, with a line break after each line and nowhere else."""
    pieces: list[str] = []
    _collect(error, pieces, set())
    return "\n".join(printable(line) for piece in pieces for line in piece.rstrip("\n").split("\n"))


def exception_text(error: BaseException) -> str:
    """Return type and text of *error*, the text only if it is no place for values that somebody typed."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if any(f"{base.__module__}.{base.__name__}" in _OF_A_DATABASE for base in kind.__mro__):
        # Imported here, as few commands use a database; it is loaded if such an error exists.
        from backend.database.failures import reason

        return f"{name}: {reason(error)}"
    is_shown = kind.__module__.startswith(_OURS) or (
        isinstance(error, _ABOUT_CODE) and not isinstance(error, ValueError)
    )
    # On one line: in a traceback each line has a meaning.
    text = printable(str(error)) if is_shown else ""
    return f"{name}: {text}" if text else f"{name} (its text may have values)" if str(error) else name


def _collect(error: BaseException, pieces: list[str], done: set[int]) -> None:
    """Append the parts of the traceback of *error*, causes first, as Python prints them."""
    done.add(id(error))
    for cause, sentence in (
        (error.__cause__, "The above exception was the direct cause of the following exception:"),
        (
            None if error.__suppress_context__ else error.__context__,
            "During handling of the above exception, another exception occurred:",
        ),
    ):
        if cause is not None and id(cause) not in done:
            _collect(cause, pieces, done)
            pieces += ["", sentence, ""]
            break
    if error.__traceback__ is not None:
        pieces.append("Traceback (most recent call last):")
        pieces += traceback.format_tb(error.__traceback__)
    pieces.append(exception_text(error))
    if isinstance(error, BaseExceptionGroup):
        pieces += [f"  + {exception_text(each)}" for each in error.exceptions]


def _escaped(character: str) -> str:
    code = ord(character)
    if character in "\t\n\r":
        return {"\t": "\\t", "\n": "\\n", "\r": "\\r"}[character]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
