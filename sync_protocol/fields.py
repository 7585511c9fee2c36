"""Field types of the wire. A field checks a JSON value and returns it unchanged: text stays text.

Money and quantities are decimal text, instants UTC ISO 8601, dates ISO 8601, currencies ISO 4217, units codes.
Nothing on the wire is a float, so nothing is rounded in transit.
Each rule is in one place, the field's `error_for()`: marshmallow collects every fault with its path by it, and
`sync_protocol.validators` only asks whether there is one.
"""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from marshmallow import ValidationError, fields, validate

from sync_protocol.blank import is_blank
from sync_protocol.decimal_text import DecimalText
from sync_protocol.sentence import Sentence, sentence
from sync_protocol.wire_field import Bind, Pattern, WireField, is_printable, shown

EARLIEST, LATEST = 1900, 2199


class Text(Pattern):
    """Text of at most *longest* characters, without control characters other than line breaks and tabs."""

    pattern = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*")

    def __init__(self, longest: int = 200, *, blank: bool = True, **kwargs: Any) -> None:
        """*blank*: whether it may be empty or consist of spaces alone."""
        super().__init__(**kwargs)
        self.longest, self.blank = longest, blank
        self.expected = f"text of at most {longest} characters"

    def error_for(self, value: Any) -> Sentence | None:
        if not isinstance(value, str):
            return sentence(self.code, longest=self.longest, value=shown(value))
        if not self.pattern.fullmatch(value):
            return sentence("control_character", character=f"U+{ord(self.pattern.sub('', value)[0]):04X}")
        if len(value) > self.longest:
            return sentence("too_long", longest=self.longest, length=len(value))
        if not self.blank and is_blank(value):
            return sentence("blank")
        return None

    def fault_code(self, value: str, bind: Bind) -> str:
        # A printable text has no control characters.
        controls = f"not {value}.isprintable() and not {bind(self.pattern.fullmatch)}({value})"
        blank = "" if self.blank else f" or {bind(is_blank)}({value})"
        return f"not isinstance({value}, str) or len({value}) > {self.longest} or {controls}{blank}"


class Prose(Text):
    """Text that only people read, such as a name or a note. In a record of the server's it is `readable`."""


SEARCH_CHARACTERS = 400
"""Most characters of a search text: a phone keeps one for each customer, contact and product."""


class Search(Text):
    """What a phone searches beside the fields themselves, such as the pinyin of a Chinese name.

    The server writes it (`backend/ingest/search_text.py`). A record without such a text lacks the field.
    """

    def __init__(self) -> None:
        super().__init__(SEARCH_CHARACTERS, metadata={"hidden": True})


class Key(Pattern):
    """The key of a record: 1 to 64 printable characters without spaces, as `is_printable` defines them.

    *references* names the collection of the record; the push checks that the rep may see that record.
    """

    pattern = re.compile(r"[!-~\u00a1-\ufffd]{1,64}")
    """It is frozen with revision 1, and does not name the invisible characters: `is_printable` does."""
    expected = "a key of 1 to 64 printable characters without spaces"
    code = "invalid_key"

    def __init__(self, *, references: str | None = None, **kwargs: Any) -> None:
        metadata = kwargs.pop("metadata", {}) | ({"references": references} if references else {})
        super().__init__(metadata=metadata, **kwargs)
        self.references = references

    def error_for(self, value: Any) -> Sentence | None:
        if isinstance(value, str) and not is_printable(value):
            code = next(ord(character) for character in value if not is_printable(character))
            return sentence("invisible_in_key", value=shown(value), character=f"U+{code:04X}")
        return super().error_for(value)

    def fault_code(self, value: str, bind: Bind) -> str:
        # All characters of ASCII in the pattern are printable.
        return (
            f"{self.mismatch_code(value, bind)} or not {value}.isascii() and not {bind(is_printable)}({value})"
        )


class Ulid(Pattern):
    """A ULID: 26 characters of Crockford's base 32, made on the device. It fits the 35 characters of SAP."""

    pattern = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
    expected = "a ULID of 26 characters"
    code = "invalid_ulid"


class Sha256(Pattern):
    """A sha256 as 64 lower-case hexadecimal digits."""

    pattern = re.compile(r"[0-9a-f]{64}")
    expected = "a sha256 of 64 hexadecimal digits"
    code = "invalid_sha256"


class Hash(Pattern):
    """The hash of a row, or a sum of such hashes modulo 2^64: 16 lower-case hexadecimal digits."""

    pattern = re.compile(r"[0-9a-f]{16}")
    expected = "a hash of 16 hexadecimal digits"
    code = "invalid_hash"


class ReceiptRef(Pattern):
    """A receipt cited by its content: `sha256:` and 64 hexadecimal digits."""

    pattern = re.compile(r"sha256:[0-9a-f]{64}")
    expected = "a receipt, as sha256: and 64 hexadecimal digits"
    code = "invalid_receipt"


class Instant(Pattern):
    """A moment in UTC: `2026-11-23T08:43:13Z`, with up to six digits of a second."""

    pattern = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)
    expected = "a moment in UTC such as 2026-11-23T08:43:13Z"
    code = "invalid_instant"

    def error_for(self, value: Any) -> Sentence | None:
        return super().error_for(value) or _day_error(dt.datetime.fromisoformat, value, self.code)

    def fault_code(self, value: str, bind: Bind) -> str:
        return self.remembered_code(27, value, bind)


class Date(Pattern):
    """A business date, without a time zone: `2026-11-23`."""

    pattern = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
    expected = "a date such as 2026-11-23"
    code = "invalid_date"

    def error_for(self, value: Any) -> Sentence | None:
        return super().error_for(value) or _day_error(dt.date.fromisoformat, value, self.code)

    def fault_code(self, value: str, bind: Bind) -> str:
        return self.remembered_code(10, value, bind)


class Period(Pattern):
    """A calendar month: `2026-12`."""

    pattern = re.compile(r"(19|20|21)\d\d-(0[1-9]|1[0-2])", re.ASCII)
    expected = "a month such as 2026-12"
    code = "invalid_month"


def _day_error(read: Callable[[str], dt.date], text: str, code: str) -> Sentence | None:
    """Return the error if *text*, which has the right form, is no real day or outside the allowed years."""
    try:
        year = read(text).year
    except ValueError:
        return sentence(code, value=shown(text))
    if EARLIEST <= year <= LATEST:
        return None
    return sentence("year_range", earliest=EARLIEST, latest=LATEST)


class Money(DecimalText):
    """An amount as decimal text, up to 15 digits and 4 decimals.

    Its currency is in the field `currency` beside it, or of an object around it. In a document it has at most
    the decimals of that currency (`sync_protocol.amounts`).
    """

    pattern = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,4})?", re.ASCII)
    expected = 'an amount as text with a decimal point, such as "12.50"'
    code = "invalid_money"


class Price(Money):
    """The price of one unit. It may have more decimals than its currency."""


class Quantity(DecimalText):
    """A quantity as decimal text, up to 13 digits and 6 decimals; its unit is in a field beside it."""

    pattern = re.compile(r"-?(0|[1-9]\d{0,12})(\.\d{1,6})?", re.ASCII)
    expected = 'a quantity as text with a decimal point, such as "3" or "0.5"'
    code = "invalid_quantity"


class Percent(DecimalText):
    """A percentage as decimal text, `0` to `100`, up to 4 decimals."""

    pattern = re.compile(r"(0|[1-9]\d{0,2})(\.\d{1,4})?", re.ASCII)
    expected = 'a percentage as text, such as "2.5"'
    code = "invalid_percent"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(most="100", **kwargs)


class Currency(Pattern):
    """An ISO 4217 currency code."""

    pattern = re.compile(r"[A-Z]{3}")
    expected = "a currency code of three capital letters, such as EUR"
    code = "invalid_currency"


class Country(Pattern):
    """An ISO 3166-1 alpha-2 country code."""

    pattern = re.compile(r"[A-Z]{2}")
    expected = "a country code of two capital letters, such as DE"
    code = "invalid_country"


class Choice(Pattern):
    """One of a fixed set of words."""

    code = "invalid_choice"

    def __init__(self, *choices: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choices = choices
        self.expected = "one of " + ", ".join(choices)

    def error_for(self, value: Any) -> Sentence | None:
        if value in self.choices:
            return None
        return sentence(self.code, choices=list(self.choices), value=shown(value))

    def fault_code(self, value: str, bind: Bind) -> str:
        return f"{value} not in {bind(self.choices)}"


class Count(WireField, fields.Integer):
    """A whole number from *least* to *most*; by default 0 to 2^53 - 1, which JavaScript represents exactly."""

    def __init__(self, *, least: int = 0, most: int = 2**53 - 1, **kwargs: Any) -> None:
        super().__init__(strict=True, **kwargs)
        self.least, self.most = least, most

    def error_for(self, value: Any) -> Sentence | None:
        if isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most:
            return None
        return sentence("invalid_count", least=self.least, most=self.most, value=shown(value))

    def fault_code(self, value: str, bind: Bind) -> str:
        is_number = f"isinstance({value}, int) and not isinstance({value}, bool)"
        return f"not ({is_number} and {self.least} <= {value} <= {self.most})"


class Flag(WireField, fields.Boolean):
    """true or false. Words and numbers that marshmallow would accept are refused."""

    def error_for(self, value: Any) -> Sentence | None:
        return None if isinstance(value, bool) else sentence("invalid_flag", value=shown(value))

    def fault_code(self, value: str, bind: Bind) -> str:
        return f"not isinstance({value}, bool)"


class Bounded(fields.List[Any]):
    """A list of *least* to *most* items. A list that is too long costs little: its items are not read."""

    def __init__(self, inner: fields.Field[Any], *, most: int, least: int | None = None, **kwargs: Any) -> None:
        super().__init__(inner, validate=validate.Length(least, most), **kwargs)
        self.least, self.most = least, most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list) and (count := len(value)) > self.most:
            raise ValidationError(sentence("too_many_items", most=self.most, length=count))
        if isinstance(value, list) and self.least is not None and len(value) < self.least:
            raise ValidationError(sentence("too_few_items", least=self.least, length=len(value)))
        return super()._deserialize(value, attr, data, **kwargs)


class StreamName(fields.Tuple):
    """A stream as `[channel, collection]`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__((Text(80), Text(40)), **kwargs)
