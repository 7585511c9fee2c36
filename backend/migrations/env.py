"""Entry point of Alembic. The connection comes from `backend.migrations.upgrade`, never from an ini file."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import BigInteger, String

from backend.database.core import JsonText, Model, UtcDateTime
from backend.migrations.tables import import_tables


def render_item(kind: str, item: Any, autogen: Any) -> str | Literal[False]:
    """Write our column types as plain types: a migration must still work when our code has changed."""
    if kind != "type":
        return False
    if isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if isinstance(item, JsonText):
        return "sa.Text()"
    if isinstance(item, String) and item.length == 128:
        return "KEY"
    if isinstance(item, BigInteger):
        return "SERIAL"
    return False


import_tables()
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Model.metadata,
    compare_type=True,
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
