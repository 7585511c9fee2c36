"""submissions keep their first state, so that their arrival needs no entry in the history

Revision 0019, after 0018. Rows from before keep a null: their arrival is in the history, as it was written.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("submission", sa.Column("first_state", sa.String(20), nullable=True))
    op.add_column("submission", sa.Column("first_reason", sa.Text, nullable=True))
