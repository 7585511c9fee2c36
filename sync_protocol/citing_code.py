"""What a document cites, by functions that are generated from the fields of its schema.

They say what `sync_protocol.citing.unknown` says, which also finds the places and writes the faults.
"""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from typing import Any

from marshmallow import Schema

from sync_protocol.citing import Citing, citing
from sync_protocol.generated import function, indented

Ref = tuple[str, str]
"""(collection, key)"""


@cache
def cited_refs(schema: type[Schema]) -> Callable[[Any], set[Ref]]:
    """Return the function that returns the records which a body, valid by *schema*, cites."""
    lines = _walk(citing(schema), "body", "refs.add(({collection!r}, key))", count())
    return function("cited_refs", "body", ["refs = set()", *lines, "return refs"], {})


@cache
def finds_all(schema: type[Schema]) -> Callable[..., bool]:
    """Return the function that says whether `find(collection, key)` returns each record that a body cites."""
    lines = _walk(citing(schema), "body", "if find({collection!r}, key) is None: return False", count())
    return function("finds_all", "body, find", [*lines, "return True"], {})


def _walk(declared: Citing, value: str, step: str, numbers: Iterator[int]) -> list[str]:
    """Return the lines that run *step* for each record that *value* cites, in the order of `unknown`."""
    lines: list[str] = []
    for name, collection in declared.own:
        lines += [f"key = {value}.get({name!r})", "if key is not None:"]
        lines += indented([step.format(collection=collection)])
    for name, many, inner in declared.inside:
        item = f"item_{next(numbers)}"
        inside = indented(_walk(inner, item, step, numbers))
        if many:
            lines += [f"for {item} in {value}.get({name!r}) or ():", *inside]
        else:
            lines += [f"{item} = {value}.get({name!r})", f"if {item} is not None:", *inside]
    return lines
