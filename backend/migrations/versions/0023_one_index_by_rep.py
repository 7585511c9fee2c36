"""one index by rep instead of two: that by day also finds all documents of a rep

Revision 0023, after 0021. A document is in one index less, and each change
of its state writes one entry less.
"""

from alembic import op

revision = "0023"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("submission_by_rep", "submission")
