"""Amounts in documents: each has at most the decimals of its currency.

Records are not checked. Their amounts are the ERP's own, and a phone that lacks them is worse off than one that
shows them as they are (docs/ingest.md).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from marshmallow import Schema
from marshmallow import fields as ma

from sync_protocol import currency
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.fields import Currency, Money, Price
from sync_protocol.json_types import Body
from sync_protocol.sentence import Sentence, sentence
from sync_protocol.validators import schema_instance


@dataclass(frozen=True)
class _Amounts:
    """The amounts of a schema: its own, and those of nested objects."""

    names: tuple[str, ...]
    currency: str | None
    """The field with the currency; None: that of the object around it."""
    inside: tuple[tuple[str, bool, "_Amounts"], ...]
    """(field, whether it is a list of such objects, the amounts of the objects)"""


def amount_faults(schema: type[Schema], body: Body) -> list[Fault]:
    """Return a fault for each amount in *body*, valid by its *schema*, with more decimals than its currency."""
    amounts = _amounts(schema)
    return list(_faults(amounts, body, None, "")) if amounts.names or amounts.inside else []


def _faults(amounts: _Amounts, value: Mapping[str, Any], code: str | None, path: str) -> Iterator[Fault]:
    code = value.get(amounts.currency) if amounts.currency else code
    for name in amounts.names:
        amount = value.get(name)
        if amount is not None and code is not None and not currency.fits(Decimal(amount), code):
            yield Fault(ErrorCode.OUT_OF_RANGE, path + name, _too_many_decimals(code, amount))
    for name, many, inner in amounts.inside:
        nested = value.get(name)
        if many:
            for n, item in enumerate(nested or ()):
                yield from _faults(inner, item, code, f"{path}{name}[{n}].")
        elif nested is not None:
            yield from _faults(inner, nested, code, f"{path}{name}.")


def _too_many_decimals(code: str, amount: str) -> Sentence:
    decimals = currency.decimals_of(code)
    if not decimals:
        return sentence("currency_whole", currency=code, amount=amount)
    return sentence("currency_decimals", decimals=decimals, currency=code, amount=amount)


@cache
def _amounts(schema: type[Schema]) -> _Amounts:
    names, inside, code = [], [], None
    for name, declared in schema_instance(schema).fields.items():
        inner = declared.inner if isinstance(declared, ma.List) else declared
        if isinstance(inner, ma.Nested):
            inside.append((name, inner is not declared or bool(inner.many), _amounts(type(inner.schema))))
        elif isinstance(declared, Money) and not isinstance(declared, Price):
            names.append(name)
        elif isinstance(declared, Currency):
            code = name
    return _Amounts(tuple(names), code, tuple(part for part in inside if part[2].names or part[2].inside))
