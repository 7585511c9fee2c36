"""Functions that are generated as source text from declarations, so that nothing is looked up when they run.

Nearly every document and record is in order. A generated function only says whether it is; if it is not, the
readable code, which walks through the declarations, finds out what is wrong. Tests compare the two.

The text is made of declarations in this repository alone, never of a value that somebody sent.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any


def function(name: str, parameters: str, lines: Iterable[str], values: Mapping[str, Any]) -> Callable[..., Any]:
    """Return the function *name* with *parameters*, whose body is *lines*; keys of *values* name globals."""
    text = "\n".join([f"def {name}({parameters}):", *(f"    {line}" for line in lines)])
    namespace = dict(values)
    exec(compile(text, f"<generated {name}>", "exec"), namespace)  # noqa: S102 - of declarations alone # nosec B102
    made: Callable[..., Any] = namespace[name]
    return made


def indented(lines: Iterable[str]) -> list[str]:
    """Return *lines* one block deeper."""
    return [f"    {line}" for line in lines]
