"""what a rep sent today: indexes for the quotas, and when a rep had uploaded a receipt

Revision 0014, after 0013. Receipts from before count for no day.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("receipt_holder", sa.Column("stored_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("receipt_holder_by_day", "receipt_holder", ["rep", "stored_at"])
    op.create_index("submission_by_day", "submission", ["rep", "received_at"])
    op.create_index("quarantined_by_day", "quarantined", ["rep", "received_at"])
