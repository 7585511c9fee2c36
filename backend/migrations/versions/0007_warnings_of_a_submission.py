"""warnings: what the rep was told at the push although the document was received

Revision 0007, after 0006. Documents that are stored already have none.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("submission", sa.Column("warnings", sa.Text(), nullable=False, server_default="[]"))
