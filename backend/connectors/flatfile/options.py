"""The connector's options, each checked with a sentence that says what to write."""

import codecs
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from backend.connectors.flatfile.files import COLLECTION_FILES

ENCODINGS = {
    codecs.lookup(name).name: name
    for name in (
        *("utf-8", "ascii", "latin-1", "iso8859-2", "iso8859-15", "mac-roman"),
        *(f"cp{number}" for number in (437, 850, 852, 1250, 1251, 1252, 1253, 1254, 1257)),
        *("gbk", "gb18030", "big5", "cp932", "shift_jis", "euc-jp", "euc-kr"),
    )
}
"""Encodings in which the bytes of a quotation mark and of a line end mean nothing else, so that a file
can be cut into rows before it is decoded. UTF-16 is not one of them."""

DELIMITERS = {",": ",", ";": ";", "|": "|", "tab": "\t", "\t": "\t"}


@dataclass(frozen=True)
class Options:
    """What was set. Times are in seconds, `snapshot_hours` in hours."""

    folder: Path
    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: str = "."
    collections: tuple[str, ...] = tuple(COLLECTION_FILES)
    """Collections that the ERP exports, parents first."""
    quiet_seconds: float = 30.0
    """How long a write to the folder may hang before its outcome is looked up; more for a slow share."""
    unfinished_seconds: float = 900.0
    """How long the ERP may take from the first file of a drop, or of an acknowledgement, to its manifest."""
    snapshot_hours: float = 26.0
    """How old the newest drop may be before `check` mentions it."""

    @property
    def dialect(self) -> str:
        """What a file's meaning depends on beside its bytes; a file is read anew when it changes."""
        return f"{self.encoding} {self.delimiter!r} {self.decimal}"


def _folder(value: str) -> Path:
    if not value.strip():
        raise ValueError("name the folder that the ERP and Satchel share")
    return Path(value.strip()).expanduser().absolute()


def _encoding(value: str) -> str:
    try:
        name = codecs.lookup(value.strip()).name
    except LookupError:
        name = ""
    name = "utf-8" if name == "utf-8-sig" else name
    if name not in ENCODINGS:
        raise ValueError(f"write one of {', '.join(ENCODINGS.values())}")
    return name


def _delimiter(value: str) -> str:
    if value not in DELIMITERS:
        raise ValueError("write one of , ; | tab")
    return DELIMITERS[value]


def _decimal(value: str) -> str:
    if value not in (".", ","):
        raise ValueError("write . or ,")
    return value


def _collections(value: str) -> tuple[str, ...]:
    named = {name.strip() for name in value.split(",") if name.strip()}
    unknown = sorted(named - set(COLLECTION_FILES))
    if unknown or not named:
        raise ValueError(
            f"{', '.join(unknown) or 'nothing'} cannot be read from files; "
            f"write some of {', '.join(COLLECTION_FILES)}, with commas between"
        )
    return tuple(name for name in COLLECTION_FILES if name in named)


def _between(least: float, most: float, unit: str) -> Callable[[str], float]:
    def read(value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not least <= number <= most:
            raise ValueError(f"write a number of {unit} from {least:g} to {most:g}")
        return number

    return read


READERS: dict[str, Callable[[str], object]] = {
    "folder": _folder,
    "encoding": _encoding,
    "delimiter": _delimiter,
    "decimal": _decimal,
    "collections": _collections,
    "quiet_seconds": _between(1, 3600, "seconds"),
    "unfinished_seconds": _between(1, 86_400, "seconds"),
    "snapshot_hours": _between(0.1, 8760, "hours"),
}


def read_options(given: Mapping[str, str]) -> Options:
    """Return the options in *given* (names in lower case, values as text).

    Raises ValueError for the first one that is wrong, missing or unknown.
    """
    values: dict[str, object] = {}
    for name, value in given.items():
        if name not in READERS:
            raise ValueError(f"{_variable(name)} is no option of flatfile; there are {', '.join(READERS)}")
        try:
            values[name] = READERS[name](value)
        except ValueError as error:
            raise ValueError(f"{_variable(name)}={value!r}: {error}") from None
    if "folder" not in values:
        raise ValueError(f"{_variable('folder')} is not set: name the folder that the ERP and Satchel share")
    options = Options(**values)  # type: ignore[arg-type]
    if options.delimiter == options.decimal:
        raise ValueError(
            f"{_variable('decimal')} and {_variable('delimiter')} are both a comma; "
            f"set {_variable('delimiter')} to ; | or tab"
        )
    return options


def _variable(name: str) -> str:
    return f"SATCHEL_ERP_{name.upper()}"
