"""the sync engine: row hashes and sums, segments, moments, mismatches

Revision 0002, after 0001.
"""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

KEY = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CHUNK = 1_000


def upgrade() -> None:
    op.add_column("feed", sa.Column("hash", SERIAL, nullable=True))
    op.create_index(
        "feed_tombstones",
        "feed",
        ["channel", "collection", "position"],
        postgresql_where=sa.text("body IS NULL"),
        sqlite_where=sa.text("body IS NULL"),
    )
    op.add_column("feed_stream", sa.Column("rows", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("feed_stream", sa.Column("sum", SERIAL, nullable=False, server_default="0"))
    op.create_table(
        "feed_segment",
        sa.Column("channel", KEY, nullable=False),
        sa.Column("collection", KEY, nullable=False),
        sa.Column("position", SERIAL, nullable=False),
        sa.Column("key_from", KEY, nullable=False),
        sa.Column("key_to", KEY, nullable=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("built_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("channel", "collection", "position", "key_from"),
    )
    op.create_index("feed_segment_by_name", "feed_segment", ["sha256"])
    op.create_table(
        "feed_moment",
        sa.Column("position", SERIAL, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("position"),
    )
    op.create_table(
        "feed_mismatch",
        sa.Column("device", KEY, nullable=False),
        sa.Column("position", SERIAL, nullable=False),
        sa.Column("channel", KEY, nullable=False),
        sa.Column("collection", KEY, nullable=False),
        sa.Column("rep", KEY, nullable=False),
        sa.Column("app_version", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stale", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("surplus", sa.Integer(), nullable=False),
        sa.Column("began_again", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("device", "position", "channel", "collection"),
    )
    op.create_index("feed_mismatch_by_time", "feed_mismatch", ["at"])
    op.create_table(
        "feed_epoch",
        sa.Column("epoch", sa.String(40), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cause", sa.String(20), nullable=False),
        sa.Column("lineage", sa.Text(), nullable=False),
        sa.Column("position", SERIAL, nullable=False),
        sa.Column("reconciled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("epoch"),
    )
    op.execute(
        "INSERT INTO feed_epoch (epoch, began_at, cause, lineage, position, reconciled_at)"
        " SELECT epoch, CURRENT_TIMESTAMP, 'first', lineage, position, CURRENT_TIMESTAMP FROM feed_head"
    )
    op.add_column("device", sa.Column("pushed_position", SERIAL, nullable=False, server_default="0"))
    _sum_up(op.get_bind())


def _sum_up(connection: sa.Connection) -> None:
    """Give every live row its hash and every stream its sum, as publishing does from now on."""
    after = ("", "", "")
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    while True:
        rows = connection.execute(
            sa.text(
                "SELECT channel, collection, key, body FROM feed WHERE body IS NOT NULL"
                " AND (channel, collection, key) > (:a, :b, :c) ORDER BY channel, collection, key LIMIT :n"
            ),
            {"a": after[0], "b": after[1], "c": after[2], "n": CHUNK},
        ).all()
        if not rows:
            break
        hashes = []
        for channel, collection, key, body in rows:
            value = _hash(collection, key, body)
            count, total = sums.get((channel, collection), (0, 0))
            sums[channel, collection] = (count + 1, total + value)
            hashes.append({"h": _signed(value), "a": channel, "b": collection, "c": key})
        connection.execute(
            sa.text("UPDATE feed SET hash = :h WHERE channel = :a AND collection = :b AND key = :c"), hashes
        )
        after = (rows[-1][0], rows[-1][1], rows[-1][2])
    for (channel, collection), (count, total) in sums.items():
        connection.execute(
            sa.text('UPDATE feed_stream SET rows = :n, "sum" = :s WHERE channel = :a AND collection = :b'),
            {"n": count, "s": _signed(total), "a": channel, "b": collection},
        )


def _hash(collection: str, key: str, body: str) -> int:
    name = json.dumps(key, ensure_ascii=False)
    return int.from_bytes(hashlib.sha256(f'["{collection}",{name},{body}]'.encode()).digest()[:8], "big")


def _signed(value: int) -> int:
    value %= 2**64
    return value - 2**64 if value >= 2**63 else value
