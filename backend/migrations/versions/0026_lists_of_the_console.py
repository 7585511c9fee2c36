"""indexes for the lists of the console: kinds and states that few documents have

Revision 0026, after 0025. Orders and accepted documents, which are most of
them, are in neither index.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_RARE_KINDS = sa.text("kind <> 'order'")
_ENDED = sa.text("state IN ('withdrawn','superseded','cancelled')")


def upgrade() -> None:
    op.create_index(
        "submission_by_kind_listed",
        "submission",
        ["kind", "seq"],
        postgresql_where=_RARE_KINDS,
        sqlite_where=_RARE_KINDS,
    )
    op.create_index(
        "submission_ended",
        "submission",
        ["state", "seq"],
        postgresql_where=_ENDED,
        sqlite_where=_ENDED,
    )
