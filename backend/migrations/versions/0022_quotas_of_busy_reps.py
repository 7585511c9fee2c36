"""an index of the documents that stay, so that a quota does not read all that a rep sent today

Revision 0022, after 0021.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_KEPT = sa.text("state IN ('parked','rejected')")


def upgrade() -> None:
    op.create_index(
        "submission_kept_by_day",
        "submission",
        ["rep", "received_at"],
        postgresql_where=_KEPT,
        sqlite_where=_KEPT,
    )
