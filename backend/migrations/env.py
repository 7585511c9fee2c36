"""Alembic's entry: the connection comes from `backend.migrations.upgrade`, never from an ini file."""

from alembic import context

from backend.db import Model
from backend.migrations.tables import import_tables

import_tables()
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Model.metadata,
    compare_type=True,
    render_as_batch=context.config.attributes["connection"].dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
