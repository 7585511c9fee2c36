"""the main job

Revision 0001, after None.
"""

import sqlalchemy as sa
from alembic import op

KEY = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "binding",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("connector", KEY, nullable=False),
        sa.Column("entity", KEY, nullable=False),
        sa.Column("local_id", KEY, nullable=False),
        sa.Column("external_id", KEY, nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("aggregated", sa.Boolean(), nullable=False),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("connector", "entity", "local_id", "external_id"),
    )
    op.create_index(
        "binding_external",
        "binding",
        ["connector", "entity", "external_id"],
        unique=True,
        postgresql_where=sa.text("NOT aggregated"),
        sqlite_where=sa.text("NOT aggregated"),
    )
    op.create_index(
        "binding_local",
        "binding",
        ["connector", "entity", "local_id"],
        unique=True,
        postgresql_where=sa.text("NOT aggregated"),
        sqlite_where=sa.text("NOT aggregated"),
    )
    op.create_table(
        "breaker",
        sa.Column("connector", KEY, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("raw", sa.Text(), nullable=True),
        sa.Column("probe_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("probes", sa.Integer(), nullable=False),
        sa.Column("incidents", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("connector"),
    )
    op.create_table(
        "feed",
        sa.Column("channel", KEY, nullable=False),
        sa.Column("collection", KEY, nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("position", SERIAL, nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("parent", KEY, nullable=True),
        sa.PrimaryKeyConstraint("channel", "collection", "key"),
    )
    op.create_index("feed_by_position", "feed", ["channel", "collection", "position"], unique=False)
    op.create_index(
        "feed_followers",
        "feed",
        ["collection", "parent"],
        unique=False,
        postgresql_where=sa.text("body IS NOT NULL"),
        sqlite_where=sa.text("body IS NOT NULL"),
    )
    op.create_index(
        "feed_live",
        "feed",
        ["collection", "key"],
        unique=True,
        postgresql_where=sa.text("body IS NOT NULL"),
        sqlite_where=sa.text("body IS NOT NULL"),
    )
    op.create_table(
        "feed_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("lineage", sa.Text(), nullable=False),
        sa.Column("position", SERIAL, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "feed_stream",
        sa.Column("channel", KEY, nullable=False),
        sa.Column("collection", KEY, nullable=False),
        sa.Column("head", SERIAL, nullable=False),
        sa.Column("floor", SERIAL, nullable=False),
        sa.PrimaryKeyConstraint("channel", "collection"),
    )
    op.create_table(
        "quarantined",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("submission_id", KEY, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("rep", KEY, nullable=False),
        sa.Column("device", KEY, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("submission_id", "sha256", "rep"),
    )
    op.create_table(
        "receipt",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", SERIAL, nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_table(
        "receipt_holder",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("rep", KEY, nullable=False),
        sa.PrimaryKeyConstraint("sha256", "rep"),
    )
    op.create_table(
        "rejected_row",
        sa.Column("connector", KEY, nullable=False),
        sa.Column("collection", KEY, nullable=False),
        sa.Column("external_id", KEY, nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("connector", "collection", "external_id"),
    )
    op.create_table(
        "rep",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", KEY, nullable=False),
        sa.Column("employee_number", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "role_collection",
        sa.Column("role", KEY, nullable=False),
        sa.Column("collection", KEY, nullable=False),
        sa.PrimaryKeyConstraint("role", "collection"),
    )
    op.create_table(
        "submission",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rep", KEY, nullable=False),
        sa.Column("device", KEY, nullable=False),
        sa.Column("captured_at", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("schema", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("envelope", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("needs", sa.Text(), nullable=False),
        sa.Column("depends_on", sa.Text(), nullable=False),
        sa.Column("supersedes", KEY, nullable=True),
        sa.Column("superseded_by", KEY, nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("errors", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("raw_reason", sa.Text(), nullable=True),
        sa.Column("error_class", sa.String(length=20), nullable=True),
        sa.Column("owner", sa.String(length=10), nullable=True),
        sa.Column("order_key", KEY, nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("claims", sa.Integer(), nullable=False),
        sa.Column("last_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("erp_id", sa.Text(), nullable=True),
        sa.Column("erp_number", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("submission_by_key", "submission", ["kind", "order_key"], unique=False)
    op.create_index("submission_by_rep", "submission", ["rep", "seq"], unique=False)
    op.create_index("submission_by_state", "submission", ["state"], unique=False)
    op.create_index(
        "submission_due",
        "submission",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued','sending','unknown')"),
        sqlite_where=sa.text("state IN ('queued','sending','unknown')"),
    )
    op.create_index(
        "submission_queue",
        "submission",
        ["order_key", "seq"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued','sending','unknown')"),
        sqlite_where=sa.text("state IN ('queued','sending','unknown')"),
    )
    op.create_index("submission_superseding", "submission", ["supersedes"], unique=False)
    op.create_table(
        "upload",
        sa.Column("id", KEY, nullable=False),
        sa.Column("rep", KEY, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("offset", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "watermark",
        sa.Column("connector", KEY, nullable=False),
        sa.Column("collection", KEY, nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("swept_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("sweep_failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("connector", "collection"),
    )
    op.create_table(
        "assignment",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("rep", KEY, nullable=False),
        sa.Column("channel", KEY, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["rep"],
            ["rep.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("assignment_by_rep", "assignment", ["rep", "channel"], unique=False)
    op.create_table(
        "attempt",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("submission_id", KEY, nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submission.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_attempt_submission_id"), "attempt", ["submission_id"], unique=False)
    op.create_table(
        "device",
        sa.Column("id", KEY, nullable=False),
        sa.Column("rep", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("refresh_generation", sa.Integer(), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("app_version", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["rep"],
            ["rep.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("device_by_rep", "device", ["rep"], unique=False)
    op.create_table(
        "enrolment_code",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("rep", KEY, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("device", KEY, nullable=True),
        sa.ForeignKeyConstraint(
            ["rep"],
            ["rep.id"],
        ),
        sa.PrimaryKeyConstraint("code_hash"),
    )
    op.create_table(
        "submission_history",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("submission_id", KEY, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submission.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        op.f("ix_submission_history_submission_id"), "submission_history", ["submission_id"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_submission_history_submission_id"), table_name="submission_history")
    op.drop_table("submission_history")
    op.drop_table("enrolment_code")
    op.drop_index("device_by_rep", table_name="device")
    op.drop_table("device")
    op.drop_index(op.f("ix_attempt_submission_id"), table_name="attempt")
    op.drop_table("attempt")
    op.drop_index("assignment_by_rep", table_name="assignment")
    op.drop_table("assignment")
    op.drop_table("watermark")
    op.drop_table("upload")
    op.drop_index("submission_superseding", table_name="submission")
    op.drop_index(
        "submission_queue",
        table_name="submission",
        postgresql_where=sa.text("state IN ('queued','sending','unknown')"),
        sqlite_where=sa.text("state IN ('queued','sending','unknown')"),
    )
    op.drop_index(
        "submission_due",
        table_name="submission",
        postgresql_where=sa.text("state IN ('queued','sending','unknown')"),
        sqlite_where=sa.text("state IN ('queued','sending','unknown')"),
    )
    op.drop_index("submission_by_state", table_name="submission")
    op.drop_index("submission_by_rep", table_name="submission")
    op.drop_index("submission_by_key", table_name="submission")
    op.drop_table("submission")
    op.drop_table("role_collection")
    op.drop_table("rep")
    op.drop_table("rejected_row")
    op.drop_table("receipt_holder")
    op.drop_table("receipt")
    op.drop_table("quarantined")
    op.drop_table("feed_stream")
    op.drop_table("feed_head")
    op.drop_index(
        "feed_live",
        table_name="feed",
        postgresql_where=sa.text("body IS NOT NULL"),
        sqlite_where=sa.text("body IS NOT NULL"),
    )
    op.drop_index(
        "feed_followers",
        table_name="feed",
        postgresql_where=sa.text("body IS NOT NULL"),
        sqlite_where=sa.text("body IS NOT NULL"),
    )
    op.drop_index("feed_by_position", table_name="feed")
    op.drop_table("feed")
    op.drop_table("breaker")
    op.drop_index(
        "binding_local",
        table_name="binding",
        postgresql_where=sa.text("NOT aggregated"),
        sqlite_where=sa.text("NOT aggregated"),
    )
    op.drop_index(
        "binding_external",
        table_name="binding",
        postgresql_where=sa.text("NOT aggregated"),
        sqlite_where=sa.text("NOT aggregated"),
    )
    op.drop_table("binding")
    op.drop_table("audit")
