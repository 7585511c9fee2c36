"""Wire types. Each takes and gives the JSON value itself, checked: text stays text.

Money and quantities travel as decimal text, instants as UTC ISO 8601, dates as dates, currencies as
ISO 4217, units by code. Nothing on the wire is a float, so nothing is rounded on the way.

What a value must be is said once, by the field's `wrong()`. marshmallow asks it, which collects every fault and
its place; so does `sync_protocol.validators`, which only wants to know whether there is any.
"""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, validate

EARLIEST, LATEST = 1900, 2199


class WireField:
    """A field whose value travels as it is, or not at all."""

    def wrong(self, value: Any) -> str | None:
        """Return what is wrong with *value* (any JSON value but null), as "must be …", or None."""
        raise NotImplementedError

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        wrong = self.wrong(value)
        if wrong is not None:
            raise ValidationError(wrong)
        return value


class _Pattern(WireField, fields.String):
    """Text that matches `pattern` whole; `says` completes the sentence 'must be …'."""

    pattern = re.compile(r".*", re.S)
    says = "text"

    def wrong(self, value: Any) -> str | None:
        if isinstance(value, str) and self.pattern.fullmatch(value):
            return None
        return f"must be {self.says}, not {_shown(value)}"


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
        self.says = f"text of at most {longest} characters"

    def wrong(self, value: Any) -> str | None:
        wrong = super().wrong(value)
        if wrong is None and len(value) > self.longest:
            return f"must be {self.says}; it has {len(value)}"
        return wrong


class Key(_Pattern):
    """The key of a record: 1 to 64 printable characters without spaces.

    *references* names the collection whose record it points to; the push checks that the rep may see it.
    """

    pattern = re.compile(r"[!-~\u00a1-\ufffd]{1,64}")
    says = "a key of 1 to 64 characters without spaces"

    def __init__(self, *, references: str | None = None, **kwargs: Any) -> None:
        super().__init__(metadata={"references": references} if references else {}, **kwargs)
        self.references = references


class Ulid(_Pattern):
    """A ULID: 26 characters of Crockford's base 32, made on the device. It fits SAP's 35."""

    pattern = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
    says = "a ULID of 26 characters"


class Sha256(_Pattern):
    """A sha256 as 64 lower-case hexadecimal digits."""

    pattern = re.compile(r"[0-9a-f]{64}")
    says = "a sha256 of 64 hexadecimal digits"


class Hash(_Pattern):
    """The hash of a row, or a sum of such hashes modulo 2^64: 16 lower-case hexadecimal digits."""

    pattern = re.compile(r"[0-9a-f]{16}")
    says = "a hash of 16 hexadecimal digits"


class ReceiptRef(_Pattern):
    """A receipt cited by its content: `sha256:` and 64 hexadecimal digits."""

    pattern = re.compile(r"sha256:[0-9a-f]{64}")
    says = "a receipt, as sha256: and 64 hexadecimal digits"


class Instant(_Pattern):
    """A moment in UTC: `2026-11-23T08:43:13Z`, with up to six digits of a second."""

    pattern = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)
    says = "a moment in UTC such as 2026-11-23T08:43:13Z"

    def wrong(self, value: Any) -> str | None:
        return super().wrong(value) or _no_day(dt.datetime.fromisoformat, value, self.says)


class Date(_Pattern):
    """A business date, without a time zone: `2026-11-23`."""

    pattern = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
    says = "a date such as 2026-11-23"

    def wrong(self, value: Any) -> str | None:
        return super().wrong(value) or _no_day(dt.date.fromisoformat, value, self.says)


class Period(_Pattern):
    """A calendar month: `2026-12`."""

    pattern = re.compile(r"(19|20|21)\d\d-(0[1-9]|1[0-2])", re.ASCII)
    says = "a month such as 2026-12"


def _no_day(read: Callable[[str], dt.date], text: str, says: str) -> str | None:
    """Return what is wrong with *text*, which has the form of a day, if there is no such day, or none near."""
    try:
        year = read(text).year
    except ValueError:
        return f"must be {says}, not {_shown(text)}"
    return None if EARLIEST <= year <= LATEST else f"must lie between the years {EARLIEST} and {LATEST}"


class _Decimal(_Pattern):
    """A decimal number as text; *least* and *most* are inclusive bounds, as text too."""

    def __init__(
        self, *, least: str | None = None, most: str | None = None, above: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.least, self.most, self.above = least, most, above
        self._least, self._most, self._above = (
            Decimal(bound) if bound is not None else None for bound in (least, most, above)
        )

    def wrong(self, value: Any) -> str | None:
        wrong = super().wrong(value)
        if wrong is not None:
            return wrong
        number = Decimal(value)
        if self._above is not None and number <= self._above:
            return f"must be more than {self.above}, not {value}"
        if self._least is not None and number < self._least:
            return f"must be at least {self.least}, not {value}"
        if self._most is not None and number > self._most:
            return f"must be at most {self.most}, not {value}"
        return None


class Money(_Decimal):
    """An amount as decimal text, up to 15 digits and 4 decimals; its currency stands beside it."""

    pattern = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,4})?", re.ASCII)
    says = 'an amount as text with a decimal point, such as "12.50"'


class Quantity(_Decimal):
    """A quantity as decimal text, up to 13 digits and 6 decimals; its unit stands beside it."""

    pattern = re.compile(r"-?(0|[1-9]\d{0,12})(\.\d{1,6})?", re.ASCII)
    says = 'a quantity as text with a decimal point, such as "3" or "0.5"'


class Percent(_Decimal):
    """A percentage as decimal text, `0` to `100`, up to 4 decimals."""

    pattern = re.compile(r"(0|[1-9]\d{0,2})(\.\d{1,4})?", re.ASCII)
    says = 'a percentage as text, such as "2.5"'

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(most="100", **kwargs)


class Currency(_Pattern):
    """An ISO 4217 currency code."""

    pattern = re.compile(r"[A-Z]{3}")
    says = "a currency code of three capital letters, such as EUR"


class Country(_Pattern):
    """An ISO 3166-1 alpha-2 country code."""

    pattern = re.compile(r"[A-Z]{2}")
    says = "a country code of two capital letters, such as DE"


class Choice(_Pattern):
    """One of a fixed set of words."""

    def __init__(self, *choices: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choices = choices
        self.says = "one of " + ", ".join(choices)

    def wrong(self, value: Any) -> str | None:
        return None if value in self.choices else f"must be {self.says}, not {_shown(value)}"


class Count(WireField, fields.Integer):
    """A whole number that JavaScript keeps exact, 0 to *most* (2^53 - 1 unless told)."""

    def __init__(self, *, least: int = 0, most: int = 2**53 - 1, **kwargs: Any) -> None:
        super().__init__(strict=True, **kwargs)
        self.least, self.most = least, most

    def wrong(self, value: Any) -> str | None:
        if isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most:
            return None
        return f"must be a whole number from {self.least} to {self.most}, not {_shown(value)}"


class Flag(WireField, fields.Boolean):
    """true or false; the words and numbers that a lenient parser would take are refused."""

    def wrong(self, value: Any) -> str | None:
        return None if isinstance(value, bool) else f"must be true or false, not {_shown(value)}"


class Bounded(fields.List[Any]):
    """A list of at most *most* items. Its length is checked before any item is, however many were sent."""

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
