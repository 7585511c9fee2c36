"""the private word "unclear" in stored values becomes a standard one

Revision 0005, after 0004. An alert that may have been received is `unknown`, as a submission is. A document
that a reconciliation could not ask the ERP about is counted as `unchecked`.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.text("UPDATE alert SET state = 'unknown' WHERE state = 'unclear'"))
    connection = op.get_bind()
    # One row a day: few enough to rewrite one by one, and the JSON functions of the two databases differ.
    for id, text in connection.execute(sa.text("SELECT id, counts FROM reconciliation")).all():
        counts = {("unchecked" if name == "unclear" else name): n for name, n in json.loads(text).items()}
        connection.execute(
            sa.text("UPDATE reconciliation SET counts = :counts WHERE id = :id"),
            {"counts": json.dumps(counts, separators=(",", ":")), "id": id},
        )
