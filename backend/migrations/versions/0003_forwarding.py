"""forwarding: what the office decides on parked documents; quarantine, comparisons, reconciliations

Revision 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

KEY = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("submission", sa.Column("fix", sa.Text(), nullable=True))
    op.add_column("submission", sa.Column("decision", sa.String(20), nullable=True))
    op.add_column("submission", sa.Column("taken_by", sa.Text(), nullable=True))
    op.add_column("submission", sa.Column("taken_until", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "office_account",
        sa.Column("name", KEY, nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name"),
        sa.UniqueConstraint("token_hash"),
    )
    _alerts()
    _ingest()
    _reconciliations()


def _alerts() -> None:
    op.create_table(
        "alert",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("submission_id", KEY, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("after_seconds", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("submission_id", "since", "after_seconds", "channel"),
    )
    op.create_index("alert_due", "alert", ["channel", "state", "due_at"])


def _ingest() -> None:
    op.add_column("watermark", sa.Column("compared_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("watermark", sa.Column("compare_value", sa.Text(), nullable=True))
    op.add_column("watermark", sa.Column("compare_missed", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("rejected_row", sa.Column("attempts", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("rejected_row", sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True))


def _reconciliations() -> None:
    op.create_table(
        "erp_hold",
        sa.Column("connector", KEY, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("vanished", sa.Integer(), nullable=False),
        sa.Column("sent_from", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("connector"),
    )
    op.create_table(
        "reconciliation",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("connector", KEY, nullable=False),
        sa.Column("cause", sa.String(20), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("before_seq", SERIAL, nullable=True),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("vanished", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("reconciliation_by_end", "reconciliation", ["ended_at"])
