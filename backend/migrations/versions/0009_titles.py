"""submissions keep the title that they got on arrival, with names instead of keys

Revision 0009, after 0008. Rows from before keep a null: their titles are made from their keys, as before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("submission", sa.Column("title", sa.Text, nullable=True))
