"""receipts are decoded before they are forwarded

Revision 0012, after 0011. Receipts from before are unchecked; a worker checks them after the upgrade.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_UNCHECKED = "state = 'unchecked'"


def upgrade() -> None:
    op.add_column("receipt", sa.Column("state", sa.String(10), nullable=False, server_default="unchecked"))
    op.add_column("receipt", sa.Column("refusal", sa.String(20), nullable=True))
    op.add_column("receipt", sa.Column("check_due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("receipt", sa.Column("check_tries", sa.Integer, nullable=False, server_default="0"))
    op.add_column("receipt", sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("receipt", sa.Column("copy_sha256", sa.String(64), nullable=True))
    size = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.add_column("receipt", sa.Column("copy_size", size, nullable=True))
    op.add_column("receipt", sa.Column("copy_media_type", sa.Text, nullable=True))
    op.add_column("receipt", sa.Column("original_deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "receipt_unchecked",
        "receipt",
        ["stored_at"],
        postgresql_where=sa.text(_UNCHECKED),
        sqlite_where=sa.text(_UNCHECKED),
    )
