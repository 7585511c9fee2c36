"""One row of a file and the values of its cells. An invalid cell is reported with its line and column."""

import re
from collections.abc import Mapping

NUMBER = re.compile(r"(?P<sign>[+-]?)(?=\.?\d)(?P<integer>\d*)(\.(?P<decimals>\d*))?", re.ASCII)
FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
LONGEST_RAW = 2000
LONGEST_SHOWN = 60

_CODES = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD
CDF CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF
GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK
LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR
PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP
SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER
ZAR ZMW ZWG
"""

CURRENCIES = frozenset(_CODES.split())
"""The currencies of ISO 4217, and some that ended recently and are in old documents."""


class BadCell(Exception):
    """A cell or a whole row is invalid. The message is a sentence with the file, line and column."""

    def __init__(self, row: "Row", column: str, message: str) -> None:
        place = f"{row.file} line {row.line}"
        super().__init__(f"{place}, column {column}: {message}" if column else f"{place}: {message}")
        self.row = row


class Row:
    """A row of a data file. Blanks around a cell are ignored; an empty cell has no value."""

    __slots__ = ("_cells", "_decimal", "file", "line", "raw")

    def __init__(self, file: str, line: int, cells: Mapping[str, str], raw: str, decimal: str) -> None:
        self.file = file
        self.line = line
        self.raw = raw[:LONGEST_RAW]
        self._cells = cells
        self._decimal = decimal

    @property
    def place(self) -> str:
        """File and line: `customers.csv:17`."""
        return f"{self.file}:{self.line}"

    def maybe(self, column: str) -> str | None:
        """Return the text of *column*, or None if it is empty."""
        return self._cells[column].strip() or None

    def has(self, column: str) -> bool:
        """Say whether the file has *column*, for columns that it may leave out."""
        return column in self._cells

    def text(self, column: str) -> str:
        """Return the text of *column*; raises `BadCell` if it is empty."""
        value = self.maybe(column)
        if value is None:
            raise BadCell(self, column, "is empty; it must have a value")
        return value

    def word(self, column: str) -> str:
        """Return the word in *column*, in lower case."""
        return self.text(column).lower()

    def line_number(self, column: str) -> str:
        """Return the text of a key column, a line number without leading zeros."""
        value = self.text(column)
        return (
            value.lstrip("0") or "0" if column == "line_no" and value.isascii() and value.isdigit() else value
        )

    def flag(self, column: str) -> bool:
        """Return the value of a yes-or-no column; raises `BadCell`."""
        value = self.text(column)
        if value.lower() not in FLAGS:
            raise BadCell(self, column, f"must be yes or no (or true, false, 1, 0), not {shortened(value)}")
        return FLAGS[value.lower()]

    def integer(self, column: str) -> int:
        """Return a whole number; raises `BadCell`."""
        value = self.text(column)
        if not re.fullmatch(r"[0-9]{1,15}", value):
            raise BadCell(self, column, f"must be a whole number, not {shortened(value)}")
        return int(value)

    def number(self, column: str) -> str:
        """Return a decimal number as on the wire: with a point, no leading zeros. Raises `BadCell`."""
        return self.parsed(column, self.text(column))

    def number_or_none(self, column: str) -> str | None:
        """Return a decimal number as on the wire, or None if the cell is empty."""
        value = self.maybe(column)
        return None if value is None else self.parsed(column, value)

    def parsed(self, column: str, value: str) -> str:
        """Return *value*, a part of the cell in *column*, as a decimal number; raises `BadCell`."""
        try:
            return plain_number(value, self._decimal)
        except ValueError as error:
            raise BadCell(self, column, str(error)) from None

    def currency(self, column: str) -> str:
        """Return a currency code of ISO 4217; raises `BadCell`."""
        value = self.text(column)
        if value not in CURRENCIES:
            raise BadCell(self, column, f"{shortened(value)} is not a currency of ISO 4217, such as EUR or USD")
        return value

    def currency_or_none(self, column: str) -> str | None:
        """Return a currency code of ISO 4217, or None if the cell is empty."""
        return None if self.maybe(column) is None else self.currency(column)

    def several(self, column: str) -> list[str]:
        """Return the values of a column that may have several, separated by |."""
        return [part.strip() for part in self._cells[column].split("|") if part.strip()]

    def pairs(self, column: str) -> list[tuple[str, str]]:
        """Return the pairs of a column such as `box:12|piece:1`; raises `BadCell`."""
        pairs = []
        for part in self.several(column):
            name, colon, value = part.rpartition(":")
            if not colon or not name.strip() or not value.strip():
                raise BadCell(
                    self, column, f"must be pairs such as box:12, separated by |, not {shortened(part)}"
                )
            pairs.append((name.strip(), value.strip()))
        return pairs


def plain_number(text: str, mark: str) -> str:
    """Return *text*, a number whose decimal mark is *mark*, with a point and without leading zeros.

    Raises ValueError with the end of a sentence about the cell.
    """
    other = "," if mark == "." else "."
    if other in text:
        if text.count(other) == 1 and mark not in text and len(text) <= LONGEST_SHOWN:
            sign = "comma" if other == "," else "point"
            raise ValueError(
                f"{text!r} has a decimal {sign}; write {text.replace(other, mark)}, "
                f"or set SATCHEL_ERP_DECIMAL={other} if all files are written so"
            )
        raise ValueError(f"{shortened(text)} has separators of thousands; remove them")
    number = NUMBER.fullmatch(text.replace(mark, "."))
    if number is None:
        raise ValueError(f"must be a number such as 12{mark}50, not {shortened(text)}")
    # No arithmetic: the number may have any length, and the schema of its field decides what is too much.
    integer, decimals = number["integer"].lstrip("0") or "0", number["decimals"] or ""
    # Zeros beyond the fourth decimal say nothing: exports write 12.500000 for an amount of 12.50.
    decimals = decimals[:4] + decimals[4:].rstrip("0")
    sign = "-" if number["sign"] == "-" and (integer + decimals).strip("0") else ""
    return f"{sign}{integer}.{decimals}" if decimals else f"{sign}{integer}"


def shortened(text: str) -> str:
    """Return *text* for a message: quoted, and cut if it is long."""
    return repr(text) if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]!r}... ({len(text)} characters)"
