"""Field types of the wire. A field checks a JSON value and returns it unchanged: text stays text.

Money and quantities are decimal text, instants UTC ISO 8601, dates ISO 8601, currencies ISO 4217, units codes.
Nothing on the wire is a float, so nothing is rounded in transit.
Each rule is in one place, the field's `error_for()`: marshmallow collects every fault with its path by it, and
`sync_protocol.validators` only asks whether there is one.
"""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, validate

from sync_protocol.blank import is_blank
from sync_protocol.sentence import Sentence, sentence
from sync_protocol.wire_field import Pattern, WireField, is_printable, shown

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


class Date(Pattern):
    """A business date, without a time zone: `2026-11-23`."""

    pattern = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
    expected = "a date such as 2026-11-23"
    code = "invalid_date"

    def error_for(self, value: Any) -> Sentence | None:
        return super().error_for(value) or _day_error(dt.date.fromisoformat, value, self.code)


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


class _Decimal(Pattern):
    """A decimal number as text. *least* and *most* are inclusive bounds, *above* an exclusive one, as text."""

    def __init__(
        self, *, least: str | None = None, most: str | None = None, above: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.least, self.most, self.above = least, most, above
        self._least, self._most, self._above = (
            Decimal(bound) if bound is not None else None for bound in (least, most, above)
        )

    def error_for(self, value: Any) -> Sentence | None:
        error = super().error_for(value)
        if error is not None:
            return error
        number = Decimal(value)
        if self._above is not None and number <= self._above:
            return sentence("above", bound=self.above, value=value)
        if self._least is not None and number < self._least:
            return sentence("at_least", bound=self.least, value=value)
        if self._most is not None and number > self._most:
            return sentence("at_most", bound=self.most, value=value)
        return None


class Money(_Decimal):
    """An amount as decimal text, up to 15 digits and 4 decimals.

    Its currency is in the field `currency` beside it, or of an object around it. In a document it has at most
    the decimals of that currency (`sync_protocol.amounts`).
    """

    pattern = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,4})?", re.ASCII)
    expected = 'an amount as text with a decimal point, such as "12.50"'
    code = "invalid_money"


class Price(Money):
    """The price of one unit. It may have more decimals than its currency."""


class Quantity(_Decimal):
    """A quantity as decimal text, up to 13 digits and 6 decimals; its unit is in a field beside it."""

    pattern = re.compile(r"-?(0|[1-9]\d{0,12})(\.\d{1,6})?", re.ASCII)
    expected = 'a quantity as text with a decimal point, such as "3" or "0.5"'
    code = "invalid_quantity"


class Percent(_Decimal):
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


class Count(WireField, fields.Integer):
    """A whole number from *least* to *most*; by default 0 to 2^53 - 1, which JavaScript represents exactly."""

    def __init__(self, *, least: int = 0, most: int = 2**53 - 1, **kwargs: Any) -> None:
        super().__init__(strict=True, **kwargs)
        self.least, self.most = least, most

    def error_for(self, value: Any) -> Sentence | None:
        if isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most:
            return None
        return sentence("invalid_count", least=self.least, most=self.most, value=shown(value))


class Flag(WireField, fields.Boolean):
    """true or false. Words and numbers that marshmallow would accept are refused."""

    def error_for(self, value: Any) -> Sentence | None:
        return None if isinstance(value, bool) else sentence("invalid_flag", value=shown(value))


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
