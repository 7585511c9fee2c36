"""reasons that a phone writes in its own language, and what each sync of a device reports

Revision 0020, after 0019.
"""

import sqlalchemy as sa
from alembic import op

TIME = sa.DateTime(timezone=True)
KEY = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")

FIGURES = ("milliseconds", "sent", "received", "rows")

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("submission", sa.Column("reason_template", sa.Text(), nullable=True))
    op.create_table(
        "device_report",
        sa.Column("device", KEY, primary_key=True),
        sa.Column("rep", KEY, nullable=False),
        sa.Column("reported_at", TIME, nullable=False),
        sa.Column("app_version", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("unsent", sa.Text(), nullable=False),
        sa.Column("unsent_total", sa.Integer(), nullable=False),
    )
    op.create_table(
        "device_sync",
        sa.Column("device", KEY, primary_key=True),
        sa.Column("began_at", TIME, primary_key=True),
        sa.Column("reported_at", TIME, nullable=False),
        sa.Column("app_version", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in FIGURES),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
    )
    op.create_index("device_sync_reported", "device_sync", ["reported_at"])
    op.create_index("device_sync_of_device", "device_sync", ["device", "reported_at"])
