"""uploads and reports of a rep, and codes that can still be used, are found by an index

Revision 0021, after 0020. Each was a reading of the whole table.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_UNUSED = "used_at IS NULL AND withdrawn_at IS NULL"


def upgrade() -> None:
    op.create_index("upload_by_rep", "upload", ["rep", "sha256"])
    op.create_index("device_report_by_rep", "device_report", ["rep"])
    op.create_index(
        "enrolment_code_unused",
        "enrolment_code",
        ["expires_at"],
        postgresql_where=sa.text(_UNUSED),
        sqlite_where=sa.text(_UNUSED),
    )
