"""the audit trail is a chain of hashes, and the database refuses to change or delete its entries

Revision 0016, after 0015. Entries from before are chained in their order; earlier changes of them are not seen.
"""

import datetime as dt
import hashlib
import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BATCH = 1_000

SQLITE = (
    """
    CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit table is append-only: UPDATE is refused'); END
    """,
    # Only what a later entry has sealed may leave; an export has it.
    """
    CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
    WHEN NOT EXISTS (
        SELECT 1 FROM audit AS seal
        WHERE seal.action = 'audit.sealed' AND seal.number > OLD.number
        AND CAST(seal.subject AS INTEGER) >= OLD.number
    )
    BEGIN SELECT RAISE(ABORT, 'the audit table is append-only: DELETE is refused'); END
    """,
    # INSERT OR REPLACE deletes a row without the trigger above.
    """
    CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit
    WHEN EXISTS (SELECT 1 FROM audit AS old WHERE old.number = NEW.number OR old.id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'the audit table is append-only: REPLACE is refused'); END
    """,
)

POSTGRESQL = (
    """
    CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND TG_LEVEL = 'ROW' THEN
            IF EXISTS (
                SELECT 1 FROM audit AS seal
                WHERE seal.action = 'audit.sealed' AND seal.number > OLD.number
                AND CASE WHEN seal.subject ~ '^[0-9]{1,18}$' THEN seal.subject::bigint END >= OLD.number
            ) THEN
                RETURN OLD;
            END IF;
        END IF;
        RAISE EXCEPTION 'the audit table is append-only: % is refused', TG_OP;
    END
    $$
    """,
    """
    CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_refuse()
    """,
    """
    CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()
    """,
)


def upgrade() -> None:
    op.add_column("audit", sa.Column("number", sa.BigInteger(), nullable=True))
    op.add_column("audit", sa.Column("hash", sa.String(64), nullable=True))
    _chain(op.get_bind())
    with op.batch_alter_table("audit") as table:
        table.alter_column("number", existing_type=sa.BigInteger(), nullable=False)
        table.alter_column("hash", existing_type=sa.String(64), nullable=False)
    op.create_index("audit_by_number", "audit", ["number"], unique=True)
    op.create_index("audit_by_action", "audit", ["action", "number"])
    op.create_index("audit_by_subject", "audit", ["subject", "number"])
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(sa.text(statement.replace(":", "\\:")))


def _chain(connection: Any) -> None:
    audit = sa.table(
        "audit", sa.column("id"), sa.column("at", sa.DateTime(timezone=True)), sa.column("actor"),
        sa.column("action"), sa.column("subject"), sa.column("detail"), sa.column("number"), sa.column("hash"),
    )  # fmt: skip
    columns = [audit.c[name] for name in ("id", "at", "actor", "action", "subject", "detail")]
    id, number, previous = None, 0, "0" * 64
    while True:
        batch = sa.select(*columns).order_by(audit.c.id).limit(BATCH)
        rows = connection.execute(batch if id is None else batch.where(audit.c.id > id)).all()
        changes = []
        for row in rows:
            id, number = row.id, number + 1
            at = row.at.replace(tzinfo=dt.UTC) if row.at.tzinfo is None else row.at.astimezone(dt.UTC)
            moment = at.isoformat(timespec="microseconds")
            content = [previous, number, moment, row.actor, row.action, row.subject, json.loads(row.detail)]
            text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
            previous = hashlib.sha256(text.encode()).hexdigest()
            changes.append({"of": id, "number": number, "hash": previous})
        if not changes:
            return
        connection.execute(
            sa.update(audit)
            .where(audit.c.id == sa.bindparam("of"))
            .values(number=sa.bindparam("number"), hash=sa.bindparam("hash")),
            changes,
        )
