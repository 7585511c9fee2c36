"""refresh families, used proofs, codes for a device that enrols again, alerts about reused refresh tokens

Revision 0013, after 0012. Refresh tokens from before have another form, so every phone enrols again.
"""

import sqlalchemy as sa
from alembic import op

KEY = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("device", sa.Column("refresh_family", sa.Integer(), server_default="1", nullable=False))
    op.add_column("device", sa.Column("family_began_at", TIME, nullable=True))
    op.add_column("device", sa.Column("refreshed_at", TIME, nullable=True))
    op.add_column("device", sa.Column("reuse_noticed_at", TIME, nullable=True))
    op.execute("UPDATE device SET family_began_at = enrolled_at, refreshed_at = enrolled_at")
    with op.batch_alter_table("device") as device:
        device.alter_column("family_began_at", existing_type=TIME, nullable=False)
        device.alter_column("refreshed_at", existing_type=TIME, nullable=False)
    op.add_column("enrolment_code", sa.Column("renews", KEY, nullable=True))
    op.create_table(
        "used_proof",
        sa.Column("thumbprint", sa.String(43), nullable=False),
        sa.Column("id_hash", sa.String(64), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("thumbprint", "id_hash"),
    )
    op.create_index("used_proof_expires", "used_proof", ["expires_at"])
    op.create_table(
        "reuse_alert",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("device", KEY, nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("notifier", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("device", "since", "notifier"),
    )
