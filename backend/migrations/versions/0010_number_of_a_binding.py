"""binding_number: an index that finds the documents to which the ERP has given one number

Revision 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

HAS_NUMBER = sa.text("number IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "binding_number",
        "binding",
        ["connector", "entity", "number"],
        postgresql_where=HAS_NUMBER,
        sqlite_where=HAS_NUMBER,
    )
