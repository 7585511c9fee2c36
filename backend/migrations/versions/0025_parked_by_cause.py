"""parked documents by their cause, and batches that repair all of one cause

Revision 0025, after 0024. The cause of a document that is parked already is
computed here; `backend/inbox/cause.py` may change later, and this may not.
"""

import hashlib
import json
import re

import sqlalchemy as sa
from alembic import op

KEY = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")
TIME = sa.DateTime(timezone=True)
PARKED = sa.text("state = 'parked'")
ROWS_AT_ONCE = 500
WORD = re.compile(r"[0-9A-Za-z.,:+-]+")
ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("submission", sa.Column("cause", KEY, nullable=True))
    _compute()
    op.create_index(
        "submission_by_cause",
        "submission",
        ["cause", "updated_at", "seq"],
        postgresql_where=PARKED,
        sqlite_where=PARKED,
    )
    op.create_table(
        "office_batch",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("cause", KEY, nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("force", sa.Boolean(), nullable=False),
        sa.Column("begun_by", sa.Text(), nullable=False),
        sa.Column("begun_at", TIME, nullable=False),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.Column("undone_at", TIME, nullable=True),
    )
    op.create_table(
        "office_batch_document",
        sa.Column("batch", KEY, sa.ForeignKey("office_batch.id"), primary_key=True),
        sa.Column("place", sa.Integer(), primary_key=True),
        sa.Column("submission_id", KEY, nullable=False),
        sa.Column("result", sa.String(10), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("answer_id", KEY, nullable=True),
    )


def _compute() -> None:
    connection = op.get_bind()
    table = sa.table(
        "submission",
        *(sa.column(name) for name in ("seq", "state", "error_class", "raw_reason", "errors", "cause")),
    )
    page = (
        sa.select(table.c.seq, table.c.error_class, table.c.raw_reason, table.c.errors)
        .where(table.c.state == "parked", table.c.error_class.is_not(None), table.c.seq > sa.bindparam("after"))
        .order_by(table.c.seq)
        .limit(ROWS_AT_ONCE)
    )
    after = 0
    while rows := connection.execute(page, {"after": after}).all():
        for row in rows:
            cause = _cause(row.error_class, row.raw_reason, row.errors)
            connection.execute(sa.update(table).where(table.c.seq == row.seq).values(cause=cause))
        after = rows[-1].seq


def _cause(error_class: str, words: str | None, errors: str | None) -> str:
    faults = json.loads(errors or "[]")
    texts = [words or "", *sorted({f"{fault['code']} {fault['field']}" for fault in faults})]
    if not any(texts):
        return error_class
    common = "\n".join(map(_common, texts))
    return f"{error_class}-{hashlib.sha256(common.encode()).hexdigest()[:10]}"


def _common(text: str) -> str:
    head, *parts = text.split("[")
    for part in parts:
        place, bracket, rest = part.partition("]")
        head += f"[]{rest}" if bracket and place.isdigit() else f"[{part}"
    return WORD.sub(lambda match: _common_word(match[0]), head).strip()


def _common_word(word: str) -> str:
    bare = word.rstrip(".,:")
    return "…" + word[len(bare) :] if _differs(bare) else word


def _differs(word: str) -> bool:
    if ULID.fullmatch(word) or UUID.fullmatch(word) or DATE.match(word):
        return True
    digits = word.replace(".", "").replace(",", "")
    return digits != word and digits.isdigit()
