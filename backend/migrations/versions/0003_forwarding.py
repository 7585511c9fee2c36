"""forwarding: what the office decides on parked documents; the quarantine, comparisons with the ERP

Revision 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("submission", sa.Column("fix", sa.Text(), nullable=True))
    op.add_column("submission", sa.Column("decision", sa.String(20), nullable=True))
    op.add_column("submission", sa.Column("taken_by", sa.Text(), nullable=True))
    op.add_column("submission", sa.Column("taken_until", sa.DateTime(timezone=True), nullable=True))
    _ingest()


def _ingest() -> None:
    op.add_column("watermark", sa.Column("compared_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("watermark", sa.Column("compare_value", sa.Text(), nullable=True))
    op.add_column("watermark", sa.Column("compare_missed", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("rejected_row", sa.Column("attempts", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("rejected_row", sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True))
