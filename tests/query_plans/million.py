"""A database with a million records, which the server makes itself: narrow ones, but as many as count."""

import hashlib

from sqlalchemy import Connection, text

from tests.unit.sync.replica import NOW

RECORDS = 1_000_000
TERRITORIES, WAREHOUSES, REPS = 50, 10, 200

_SHARES = (
    # collection, channel, records, parent
    ("products", "'everyone'", RECORDS // 10, "NULL"),
    ("stock_levels", f"'warehouse:W' || n % {WAREHOUSES}", RECORDS // 5, "NULL"),
    ("customers", f"'territory:T' || n % {TERRITORIES}", RECORDS // 10, "NULL"),
    ("orders", f"'territory:T' || n % {TERRITORIES}", 2 * RECORDS // 5, f"'K' || n % {RECORDS // 10}"),
    ("receivables", f"'territory:T' || n % {TERRITORIES}", RECORDS // 5, f"'K' || n % {RECORDS // 10}"),
)
_TOMBSTONE_EVERY = 200


def md5_of(n: int) -> str:
    """Return the sha256 that the receipt *n* has here."""
    return hashlib.md5(str(n).encode(), usedforsecurity=False).hexdigest() * 2


def load(connection: Connection) -> None:
    """Fill the tables that grow, and gather statistics; indexes are made after the rows."""
    indexes = connection.execute(
        text("SELECT indexdef, indexname FROM pg_indexes WHERE tablename = 'feed' AND indexname <> 'feed_pkey'")
    ).all()
    connection.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
    key = text("ALTER TABLE feed DROP CONSTRAINT feed_pkey")
    connection.execute(key)
    for _, name in indexes:
        connection.execute(text(f"DROP INDEX {name}"))
    first = 0
    for collection, channel, count, parent in _SHARES:
        gone = f"n % {_TOMBSTONE_EVERY} = 0"
        connection.execute(
            text(
                "INSERT INTO feed (channel, collection, key, position, body, hash, parent)"
                f" SELECT {channel}, '{collection}', 'K' || n, {first} + n,"
                f" CASE WHEN {gone} THEN NULL ELSE json_build_object('id', 'K' || n)::text END,"
                f" CASE WHEN {gone} THEN NULL ELSE n END,"
                f" CASE WHEN {gone} THEN NULL ELSE {parent} END FROM generate_series(1, {count}) n"
            )
        )
        first += count
    connection.execute(text("ALTER TABLE feed ADD PRIMARY KEY (channel, collection, key)"))
    for definition, _ in indexes:
        connection.execute(text(definition))
    for statement in _BESIDE:
        connection.execute(text(statement), {"now": NOW} if ":now" in statement else {})
    connection.execute(text("ANALYZE"))


_BESIDE = (
    f"UPDATE feed_head SET position = {RECORDS}",
    "INSERT INTO feed_stream (channel, collection, head, floor, rows, sum)"
    " SELECT channel, collection, max(position), 0, count(body), sum(hash)::bigint"
    " FROM feed GROUP BY channel, collection",
    "INSERT INTO rep (id, name, role, active)"
    f" SELECT 'R' || n, 'R', 'sales', true FROM generate_series(1, {REPS}) n",
    "INSERT INTO device (id, rep, name, public_key, version, refresh_generation, enrolled_at, family_began_at,"
    " refreshed_at) SELECT 'D' || n, 'R' || (1 + n % 200), 'D', '{}', 1, 1, :now, :now, :now"
    " FROM generate_series(1, 20000) n",
    "INSERT INTO assignment (rep, channel, since)"
    f" SELECT 'R' || (1 + n % {REPS}), 'territory:T' || n % {TERRITORIES}, :now"
    f" FROM generate_series(1, 20000) n WHERE n <= {REPS} OR n % 3 = 0",
    "UPDATE assignment SET until = :now WHERE id > 400",
    "INSERT INTO submission (id, kind, rep, device, captured_at, zone, schema, body, envelope, sha256, needs,"
    " depends_on, received_at, updated_at, state, status, errors, order_key, fence, due_at, tries,"
    " unfinished_leases)"
    " SELECT '01KB' || lpad(n::text, 22, '0'), 'order', 'R' || (1 + n % 200), 'D' || n, '', 'UTC', 1, '{}',"
    " '{}', md5(n::text), '[]', '[]', :now, :now, 'accepted', 'received', '[]', 'customer:K' || n, 0, :now,"
    " 0, 0 FROM generate_series(1, 100000) n",
    "INSERT INTO submission_history (submission_id, at, state, actor)"
    " SELECT id, received_at, 'queued', 'device:D1' FROM submission",
    "INSERT INTO receipt (sha256, size, media_type, stored_at, state)"
    " SELECT md5(n::text) || md5(n::text), 1, 'image/jpeg', :now, 'checked' FROM generate_series(1, 50000) n",
    "INSERT INTO receipt_holder (sha256, rep, stored_at)"
    " SELECT sha256, 'R1', CAST(:now AS timestamptz) - interval '2 days' FROM receipt",
    'INSERT INTO upload (id, rep, sha256, size, "offset", media_type, name, created_at, expires_at)'
    " SELECT '01KC' || lpad(n::text, 22, '0'), 'R' || (1 + n % 200), md5(n::text) || md5(n::text), 9,"
    " CASE WHEN n % 1000 = 0 THEN 5 ELSE 9 END, 'image/jpeg', 'x', :now,"
    " CAST(:now AS timestamptz) + interval '14 days' FROM generate_series(1, 50000) n",
    "INSERT INTO enrolment_code (code_hash, rep, expires_at, used_at, device)"
    " SELECT md5(n::text) || md5(n::text), 'R' || (1 + n % 200), :now, :now, 'D' || n"
    " FROM generate_series(1, 20000) n",
    "INSERT INTO used_proof (thumbprint, id_hash, expires_at)"
    " SELECT left(md5((n / 2)::text) || md5(n::text), 43), md5(n::text) || md5(n::text),"
    " CAST(:now AS timestamptz) + interval '5 minutes' FROM generate_series(1, 40000) n",
    "INSERT INTO device_report (device, rep, reported_at, app_version, platform, unsent,"
    " unsent_total) SELECT id, rep, :now, '1', 'x', '[]', 0 FROM device",
    "INSERT INTO device_sync (device, began_at, reported_at, app_version, platform, milliseconds, sent,"
    " received, rows, complete) SELECT id, :now, :now, '1', 'x', 1, 1, 1, 1, true FROM device",
)
