"""`byte_length(column)`: the bytes of a text in UTF-8, in SQL.

Separate from the quotas, which need it: `octet_length` came to SQLite with 3.43 only.
"""

from typing import Any

from sqlalchemy import Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class byte_length(FunctionElement[int]):
    """The number of bytes of its argument."""

    type = Integer()
    name = "byte_length"
    inherit_cache = True


@compiles(byte_length)
def _octets(element: Any, compiler: Any, **options: Any) -> str:
    return f"octet_length({compiler.process(element.clauses, **options)})"


@compiles(byte_length, "sqlite")
def _octets_in_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"length(CAST({compiler.process(element.clauses, **options)} AS BLOB))"
