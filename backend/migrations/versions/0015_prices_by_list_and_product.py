"""feed: prices are found by list and product; feed_former keeps what a phone may still have

Every role that reads prices reads price limits too.

Revision 0015, after 0014.
"""

import json
from hashlib import sha256

import sqlalchemy as sa
from alembic import op

KEY = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")
POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ROWS_AT_ONCE = 1_000

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feed_former",
        sa.Column("collection", KEY, nullable=False),
        sa.Column("parent", KEY, nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("position", POSITION, autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("collection", "parent", "key", "position"),
    )
    op.create_index("feed_former_by_position", "feed_former", ["position"])
    connection = op.get_bind()
    _set_parents(connection)
    granted = connection.execute(
        sa.text(
            "INSERT INTO role_collection (role, collection) SELECT role, 'price_limits' FROM role_collection"
            " WHERE collection = 'prices' AND role NOT IN"
            " (SELECT role FROM role_collection WHERE collection = 'price_limits')"
        )
    )
    if granted.rowcount:
        # A grant takes a position, so that no two pages with one head name different streams.
        connection.execute(sa.text("UPDATE feed_head SET position = position + 1"))


def _set_parents(connection: sa.Connection) -> None:
    page = sa.text(
        "SELECT channel, key, body FROM feed WHERE collection = 'prices' AND body IS NOT NULL"
        " AND key > :after ORDER BY key LIMIT :limit"
    )
    change = sa.text(
        "UPDATE feed SET parent = :parent WHERE channel = :channel AND collection = 'prices' AND key = :key"
    )
    after = ""
    while rows := connection.execute(page, {"after": after, "limit": ROWS_AT_ONCE}).all():
        connection.execute(
            change, [{"parent": _parent(row.body), "channel": row.channel, "key": row.key} for row in rows]
        )
        after = rows[-1].key


def _parent(body: str) -> str:
    price = json.loads(body)
    text = f"{price['price_list_id']} {price['product_id']}"
    return text if len(text) <= 128 else sha256(text.encode()).hexdigest()
