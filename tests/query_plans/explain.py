"""Overhears every statement that really runs, and asks PostgreSQL how it would run it on a large database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event

MANY = 10_000
"""Rows. A table of more is large, and so is a set of more that is sorted."""


@dataclass
class Overheard:
    """Each statement once, with the parameters of its first run."""

    statements: dict[str, Any] = field(default_factory=dict)

    def hear(self, _: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")):
            self.statements.setdefault(statement, parameters[0] if isinstance(parameters, list) else parameters)

    def faults(self, engine: Engine) -> list[str]:
        """Return in words what is wrong with the plan of each statement, as the tables are now."""
        with engine.connect() as connection:
            large = dict(
                connection.exec_driver_sql(
                    f"SELECT relname, reltuples FROM pg_class WHERE relkind = 'r' AND reltuples > {MANY}"
                ).all()
            )
            messages = []
            for statement, parameters in self.statements.items():
                (plan,) = connection.exec_driver_sql(
                    f"EXPLAIN (FORMAT JSON) {statement}", parameters
                ).scalar_one()
                messages += [
                    f"{fault}\n    {' '.join(statement.split())}" for fault in _wrong(plan["Plan"], large)
                ]
        return messages


def _wrong(node: dict[str, Any], large: dict[str, float]) -> Iterator[str]:
    kind, table, rows = node["Node Type"], node.get("Relation Name"), node["Plan Rows"]
    if table in large and kind == "Seq Scan":
        yield f"reads all of {table}"
    if table in large and kind.startswith("Index") and "Index Cond" not in node and rows > MANY:
        yield f"walks along all of an index of {table}"
    if kind == "Sort" and rows > MANY:
        yield f"sorts {rows} rows"
    for inner in node.get("Plans", ()):
        yield from _wrong(inner, large)


@contextmanager
def overhearing(engine: Engine) -> Iterator[Overheard]:
    """Yield what is said on *engine* inside the block."""
    overheard = Overheard()
    event.listen(engine, "before_cursor_execute", overheard.hear)
    try:
        yield overheard
    finally:
        event.remove(engine, "before_cursor_execute", overheard.hear)
