"""codes that can be listed and withdrawn, wipes that a device confirms

Revision 0017, after 0016.
"""

import sqlalchemy as sa
from alembic import op

TIME = sa.DateTime(timezone=True)

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("enrolment_code", sa.Column("created_at", TIME, nullable=True))
    op.add_column("enrolment_code", sa.Column("created_by", sa.Text(), nullable=True))
    op.add_column("enrolment_code", sa.Column("withdrawn_at", TIME, nullable=True))
    op.add_column("device", sa.Column("wipe_confirmed_at", TIME, nullable=True))
    op.add_column("device", sa.Column("wipe_exported", sa.Integer(), nullable=True))
