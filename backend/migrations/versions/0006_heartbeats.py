"""heartbeats: the last sign of life of each worker and duty, and the alerts about late ones

Revision 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

KEY = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "heartbeat",
        sa.Column("worker", KEY, nullable=False),
        sa.Column("duty", KEY, nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("worker", "duty"),
    )
    op.create_table(
        "worker_alert",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("worker", KEY, nullable=False),
        sa.Column("duty", KEY, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("notifier", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("worker", "duty", "since", "notifier"),
    )
