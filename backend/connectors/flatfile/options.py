"""The options of the connector, each declared once. They come from environment variables SATCHEL_ERP_<NAME>."""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from backend.connectors.flatfile.files import COLLECTION_FILES
from backend.settings import readers as read
from backend.settings.declaration import ERP_PREFIX, SettingError, setting
from backend.settings.declaration import read_options as read_declared

ENCODINGS = {
    codecs.lookup(name).name: name
    for name in (
        *("utf-8", "ascii", "latin-1", "iso8859-2", "iso8859-15", "mac-roman"),
        *(f"cp{number}" for number in (437, 850, 852, 1250, 1251, 1252, 1253, 1254, 1257)),
        *("gbk", "gb18030", "big5", "cp932", "shift_jis", "euc-jp", "euc-kr"),
    )
}
"""In these encodings the bytes of a quotation mark and of a line end have no other meaning. So a file can be
split into rows before it is decoded. UTF-16 is not one of them.
"""

DELIMITERS = {",": ",", ";": ";", "|": "|", "tab": "\t", "\t": "\t"}


def _folder(value: str) -> Path:
    return Path(read.required(value)).expanduser().absolute()


def _encoding(value: str) -> str:
    try:
        name = codecs.lookup(value.strip()).name
    except LookupError:
        name = ""
    name = "utf-8" if name == "utf-8-sig" else name
    if name not in ENCODINGS:
        raise ValueError(f"must be one of {', '.join(ENCODINGS.values())}")
    return name


def _delimiter(value: str) -> str:
    if value not in DELIMITERS:
        raise ValueError("must be one of , ; | tab")
    return DELIMITERS[value]


def _collections(value: str) -> tuple[str, ...]:
    names = read.words(value) or tuple(COLLECTION_FILES)
    unknown = sorted(set(names) - set(COLLECTION_FILES))
    if unknown:
        raise ValueError(f"must be some of {', '.join(COLLECTION_FILES)}, not {', '.join(unknown)}")
    return tuple(name for name in COLLECTION_FILES if name in names)


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options in force."""

    folder: Path = setting(_folder, None, "Folder that the ERP and Satchel share. It must exist.")
    encoding: str = setting(
        _encoding,
        "utf-8",
        "Encoding of all CSV files, in both directions. A byte order mark before utf-8 is accepted.",
    )
    delimiter: str = setting(_delimiter, ",", "Character between columns: , ; | or tab.")
    decimal: str = setting(
        read.one_of(".", ","), ".", "Decimal separator: . or , (thousands separators are refused)."
    )
    formulas: str = setting(
        read.one_of("escape", "keep"),
        "escape",
        "Text that a spreadsheet would execute, in documents for the ERP: escape puts an apostrophe before it, "
        "which the ERP removes; keep leaves it, for an ERP that cannot.",
    )
    collections: tuple[str, ...] = setting(
        _collections, "", "Collections that the ERP exports, separated by commas. Empty: all."
    )
    unfinished_seconds: float = setting(
        read.number(1, 86_400),
        "900",
        "Maximum seconds between the first file of an export or acknowledgement and its manifest.",
    )
    snapshot_hours: float = setting(
        read.number(0.1, 8760),
        "26",
        "Hours after which `satchel doctor` warns that the newest export is old.",
    )

    @property
    def dialect(self) -> str:
        """The options that decide what the bytes of a file mean; if they change, files are read again."""
        return f"{self.encoding} {self.delimiter!r} {self.decimal}"


def read_options(variables: Mapping[str, str]) -> Options:
    """Return the options in *variables* (text by name in lower case).

    Raises `SettingError` for the first one that is wrong, missing or unknown.
    """
    options = read_declared(Options, variables)
    if options.delimiter == options.decimal:
        raise SettingError(
            f"{ERP_PREFIX}DECIMAL and {ERP_PREFIX}DELIMITER are both a comma; "
            f"set {ERP_PREFIX}DELIMITER to ; | or tab"
        )
    return options
