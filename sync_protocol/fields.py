"""Field types of the wire. A field checks a JSON value and returns it unchanged: text stays text.

Money and quantities travel as decimal text, instants as UTC ISO 8601, dates as ISO 8601 dates, currencies as
ISO 4217, units by code. Nothing on the wire is a float, so nothing is rounded in transit.

Each rule is in one place, the field's `error_for()`. marshmallow calls it, and collects every fault with its
path. `sync_protocol.validators` calls it too, and only needs to know whether there is a fault.
"""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, validate

EARLIEST, LATEST = 1900, 2199


class WireField:
    """A field that accepts a value unchanged or refuses it."""

    def error_for(self, value: Any) -> str | None:
        """Return the error in *value* (any JSON value except null) as "must be …", or None."""
        raise NotImplementedError

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        error = self.error_for(value)
        if error is not None:
            raise ValidationError(error)
        return value


class _Pattern(WireField, fields.String):
    """Text that fully matches `pattern`; `expected` completes the sentence 'must be …'."""

    pattern = re.compile(r".*", re.S)
    expected = "text"

    def error_for(self, value: Any) -> str | None:
        if isinstance(value, str) and self.pattern.fullmatch(value):
            return None
        return f"must be {self.expected}, not {_shown(value)}"


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except RecursionError:
        return "what is nested too deeply"
    return text if len(text) <= 40 else text[:37] + "..."


class Text(_Pattern):
    """Text of at most *longest* characters, without control characters other than line breaks and tabs."""

    pattern = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*")

    def __init__(self, longest: int = 200, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.longest = longest
        self.expected = f"text of at most {longest} characters"

    def error_for(self, value: Any) -> str | None:
        error = super().error_for(value)
        if error is None and len(value) > self.longest:
            return f"must be {self.expected}; it has {len(value)}"
        return error


class Key(_Pattern):
    """The key of a record: 1 to 64 printable characters without spaces.

    *references* names the collection of the record; the push checks that the rep may see that record.
    """

    pattern = re.compile(r"[!-~\u00a1-\ufffd]{1,64}")
    expected = "a key of 1 to 64 characters without spaces"

    def __init__(self, *, references: str | None = None, **kwargs: Any) -> None:
        super().__init__(metadata={"references": references} if references else {}, **kwargs)
        self.references = references


class Ulid(_Pattern):
    """A ULID: 26 characters of Crockford's base 32, made on the device. It fits the 35 characters of SAP."""

    pattern = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
    expected = "a ULID of 26 characters"


class Sha256(_Pattern):
    """A sha256 as 64 lower-case hexadecimal digits."""

    pattern = re.compile(r"[0-9a-f]{64}")
    expected = "a sha256 of 64 hexadecimal digits"


class Hash(_Pattern):
    """The hash of a row, or a sum of such hashes modulo 2^64: 16 lower-case hexadecimal digits."""

    pattern = re.compile(r"[0-9a-f]{16}")
    expected = "a hash of 16 hexadecimal digits"


class ReceiptRef(_Pattern):
    """A receipt cited by its content: `sha256:` and 64 hexadecimal digits."""

    pattern = re.compile(r"sha256:[0-9a-f]{64}")
    expected = "a receipt, as sha256: and 64 hexadecimal digits"


class Instant(_Pattern):
    """A moment in UTC: `2026-11-23T08:43:13Z`, with up to six digits of a second."""

    pattern = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)
    expected = "a moment in UTC such as 2026-11-23T08:43:13Z"

    def error_for(self, value: Any) -> str | None:
        return super().error_for(value) or _day_error(dt.datetime.fromisoformat, value, self.expected)


class Date(_Pattern):
    """A business date, without a time zone: `2026-11-23`."""

    pattern = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
    expected = "a date such as 2026-11-23"

    def error_for(self, value: Any) -> str | None:
        return super().error_for(value) or _day_error(dt.date.fromisoformat, value, self.expected)


class Period(_Pattern):
    """A calendar month: `2026-12`."""

    pattern = re.compile(r"(19|20|21)\d\d-(0[1-9]|1[0-2])", re.ASCII)
    expected = "a month such as 2026-12"


def _day_error(read: Callable[[str], dt.date], text: str, expected: str) -> str | None:
    """Return the error if *text*, which has the right form, is no real day or outside the allowed years."""
    try:
        year = read(text).year
    except ValueError:
        return f"must be {expected}, not {_shown(text)}"
    return None if EARLIEST <= year <= LATEST else f"must lie between the years {EARLIEST} and {LATEST}"


class _Decimal(_Pattern):
    """A decimal number as text. *least* and *most* are inclusive bounds, *above* an exclusive one, as text."""

    def __init__(
        self, *, least: str | None = None, most: str | None = None, above: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.least, self.most, self.above = least, most, above
        self._least, self._most, self._above = (
            Decimal(bound) if bound is not None else None for bound in (least, most, above)
        )

    def error_for(self, value: Any) -> str | None:
        error = super().error_for(value)
        if error is not None:
            return error
        number = Decimal(value)
        if self._above is not None and number <= self._above:
            return f"must be more than {self.above}, not {value}"
        if self._least is not None and number < self._least:
            return f"must be at least {self.least}, not {value}"
        if self._most is not None and number > self._most:
            return f"must be at most {self.most}, not {value}"
        return None


class Money(_Decimal):
    """An amount as decimal text, up to 15 digits and 4 decimals; its currency is in a field beside it."""

    pattern = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,4})?", re.ASCII)
    expected = 'an amount as text with a decimal point, such as "12.50"'


class Quantity(_Decimal):
    """A quantity as decimal text, up to 13 digits and 6 decimals; its unit is in a field beside it."""

    pattern = re.compile(r"-?(0|[1-9]\d{0,12})(\.\d{1,6})?", re.ASCII)
    expected = 'a quantity as text with a decimal point, such as "3" or "0.5"'


class Percent(_Decimal):
    """A percentage as decimal text, `0` to `100`, up to 4 decimals."""

    pattern = re.compile(r"(0|[1-9]\d{0,2})(\.\d{1,4})?", re.ASCII)
    expected = 'a percentage as text, such as "2.5"'

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(most="100", **kwargs)


class Currency(_Pattern):
    """An ISO 4217 currency code."""

    pattern = re.compile(r"[A-Z]{3}")
    expected = "a currency code of three capital letters, such as EUR"


class Country(_Pattern):
    """An ISO 3166-1 alpha-2 country code."""

    pattern = re.compile(r"[A-Z]{2}")
    expected = "a country code of two capital letters, such as DE"


class Choice(_Pattern):
    """One of a fixed set of words."""

    def __init__(self, *choices: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choices = choices
        self.expected = "one of " + ", ".join(choices)

    def error_for(self, value: Any) -> str | None:
        return None if value in self.choices else f"must be {self.expected}, not {_shown(value)}"


class Count(WireField, fields.Integer):
    """A whole number from *least* to *most*; by default 0 to 2^53 - 1, which JavaScript represents exactly."""

    def __init__(self, *, least: int = 0, most: int = 2**53 - 1, **kwargs: Any) -> None:
        super().__init__(strict=True, **kwargs)
        self.least, self.most = least, most

    def error_for(self, value: Any) -> str | None:
        if isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most:
            return None
        return f"must be a whole number from {self.least} to {self.most}, not {_shown(value)}"


class Flag(WireField, fields.Boolean):
    """true or false. Words and numbers that marshmallow would accept are refused."""

    def error_for(self, value: Any) -> str | None:
        return None if isinstance(value, bool) else f"must be true or false, not {_shown(value)}"


class Bounded(fields.List[Any]):
    """A list of at most *most* items. The length is checked before the items, so a long list costs little."""

    def __init__(self, inner: fields.Field[Any], *, most: int, **kwargs: Any) -> None:
        super().__init__(inner, validate=validate.Length(max=most), **kwargs)
        self.most = most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list) and len(value) > self.most:
            raise ValidationError(f"must have at most {self.most} items; it has {len(value)}")
        return super()._deserialize(value, attr, data, **kwargs)


class StreamName(fields.Tuple):
    """A stream as `[channel, collection]`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__((Text(80), Text(40)), **kwargs)
