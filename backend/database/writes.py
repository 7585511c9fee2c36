"""Writes that do not depend on each other, in one statement: each statement is a round trip to PostgreSQL.

There they become data-modifying CTEs (postgresql.org/docs/current/queries-with.html): all of them see the
tables as they were before, and no two may write the same row. SQLite has neither such CTEs nor round trips, so
there they run one after the other.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from sqlalchemy import literal_column, select
from sqlalchemy.orm import Session

from backend.database.bulk import POSTGRESQL, dialect_of


class Writes:
    """Statements, each under a name: INSERT or UPDATE, with a named parameter for every value.

    One may return one column of the one row that it writes. A parameter has the same value in all of them, and
    no parameter is named as a column. Keep the object: building a statement takes longer than running it.
    """

    def __init__(self, **statements: Any) -> None:
        self._statements = statements
        self._returning = [name for name, statement in statements.items() if statement.exported_columns]

    def run(self, session: Session, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Run the statements with *parameters*, values by their keys: the names of bind parameters.

        Return what each statement returns, by the statement's name; None if it has written no row.
        """
        connection = session.connection()
        if dialect_of(session) == POSTGRESQL:
            row = connection.execute(self._together, parameters).one()
            return dict(zip(self._returning, row, strict=False))
        returned = {}
        for name, statement in self._statements.items():
            own = {key: parameters[key] for key in self._parameters[name]}
            result = connection.execute(statement, own)
            if name in self._returning:
                returned[name] = result.scalar()
        return returned

    @cached_property
    def _parameters(self) -> dict[str, list[str]]:
        return {
            name: [bound.key for bound in statement.compile().binds.values() if bound.required]
            for name, statement in self._statements.items()
        }

    @cached_property
    def _together(self) -> Any:
        ctes = {name: statement.cte(name) for name, statement in self._statements.items()}
        values = [select(*ctes[name].c).scalar_subquery().label(name) for name in self._returning]
        written = select(*values) if values else select(literal_column("1"))
        return written.add_cte(*(cte for name, cte in ctes.items() if name not in self._returning))
