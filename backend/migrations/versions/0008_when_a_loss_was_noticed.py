"""when a loss was noticed: from then on documents are checked with the ERP before rules decide about them

Revision 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("feed_epoch", sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=True))
    # An epoch that is reconciled already is over: what it left open was looked up then.
    op.execute("UPDATE feed_epoch SET noticed_at = reconciled_at")
