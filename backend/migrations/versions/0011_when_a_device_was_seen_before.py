"""when a device was seen before: after a loss of data, whether it has been in contact twice

Revision 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("device", sa.Column("previously_seen_at", sa.DateTime(timezone=True), nullable=True))
