"""Fast validators: a function generated from a schema says whether a value has a fault.

Nearly every record and document is valid, and loading it with marshmallow to find that out costs many times as
much. So the function is generated once, from the schema's own fields. A value that it rejects goes to
marshmallow, which lists the faults with their paths. A test checks that both agree.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, missing, validate
from marshmallow import fields as ma

from sync_protocol.generated import function, indented
from sync_protocol.wire_field import WireField

HasFault = Callable[[Any], Any]
"""Returns something true for a value (not null) that has a fault."""


@cache
def schema_instance(schema: type[Schema]) -> Schema:
    """Return the only instance of *schema*; creating one costs more than checking a record with it."""
    return schema()


@cache
def compile_validator(schema: type[Schema]) -> HasFault:
    """Return a function that says whether *schema* would find a fault in a decoded JSON value."""
    code = _Code()
    lines = code.object(schema_instance(schema), "value")
    return function("has_fault", "value", [*lines, "return False"], code.values)


class _Code:
    """Writes lines that return True if a value has a fault; *value* is the name of a variable with it."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {"missing": missing}
        """What the lines use, by name."""
        self._count = 0

    def _name(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}_{self._count}"

    def bind(self, used: Any) -> str:
        """Return a name by which the lines can use *used*."""
        name = self._name("used")
        self.values[name] = used
        return name

    def object(self, schema: Schema, value: str) -> list[str]:
        """Return the lines for an object of *schema*."""
        lines = [f"if type({value}) is not dict: return True"]
        for name, declared in schema.load_fields.items():
            lines += self._field(declared, f"{value}.get({declared.data_key or name!r}")
        if schema.unknown == RAISE:
            names = frozenset(declared.data_key or name for name, declared in schema.load_fields.items())
            lines.append(f"if not {self.bind(names)}.issuperset({value}): return True")
        return lines

    def _field(self, declared: Any, get: str) -> list[str]:
        """Return the lines for a field whose value the call *get*, without its end, returns."""
        item = self._name("item")
        lines = self._present(declared, item)
        if declared.required and not declared.allow_none:
            return [f"{item} = {get})", f"if {item} is None: return True", *lines]
        if not declared.required and declared.allow_none:
            return [f"{item} = {get})", f"if {item} is not None:", *indented(lines)]
        at_once = f"if {item} is {'missing' if declared.required else 'None'}: return True"
        other = "None" if declared.required else "missing"
        return [f"{item} = {get}, missing)", at_once, f"if {item} is not {other}:", *indented(lines)]

    def _present(self, declared: Any, value: str) -> list[str]:
        """Return the lines for the *value* of a field, which is not null."""
        bounds = _length(declared.validators)
        if bounds is None or declared.pre_load or declared.post_load:
            return self._by_marshmallow(declared, value)
        if isinstance(declared, ma.List):
            # A subclass may check something first: `Bounded` checks the length, and so does its validator.
            return self._list(declared.inner, value, *bounds)
        if declared.validators:
            return self._by_marshmallow(declared, value)
        if isinstance(declared, WireField):
            fault = declared.fault_code(value, self.bind)
            return [f"if {fault}: return True"]
        if type(declared) is ma.Nested and not (declared.many or declared.schema.many or declared.unknown):
            return self.object(declared.schema, value)
        if type(declared) is ma.Raw:
            return ["pass"]
        if type(declared) is ma.Dict and declared.key_field is None and declared.value_field is None:
            return [f"if type({value}) is not dict: return True"]
        return self._by_marshmallow(declared, value)

    def _list(self, inner: Any, value: str, least: int, most: int | None) -> list[str]:
        item = self._name("item")
        is_wrong = [f"type({value}) is not list"]
        is_wrong += [f"len({value}) < {least}"] if least else []
        is_wrong += [f"len({value}) > {most}"] if most is not None else []
        lines = self._present(inner, item)
        if inner.allow_none:
            lines = [f"if {item} is not None:", *indented(lines)]
        else:
            lines = [f"if {item} is None: return True", *lines]
        return [f"if {' or '.join(is_wrong)}: return True", f"for {item} in {value}:", *indented(lines)]

    def _by_marshmallow(self, declared: Any, value: str) -> list[str]:
        """Return the lines for a field that this module does not know."""
        return [f"if {self.bind(_asking_marshmallow(declared))}({value}): return True"]


def _length(validators: list[Any]) -> tuple[int, int | None] | None:
    """Return the bounds that *validators* set; None if they contain anything other than one length check."""
    if not validators:
        return 0, None
    [first, *more] = validators
    if type(first) is not validate.Length or more or first.equal is not None:
        return None
    return first.min or 0, first.max


def _asking_marshmallow(declared: Any) -> HasFault:
    def has_fault(value: Any) -> bool:
        try:
            declared.deserialize(value)
        except ValidationError:
            return True
        return False

    return has_fault
