"""standard vocabulary: columns and tables get the names that code and documentation use

Revision 0004, after 0003. No row changes.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = {"feed_moment": "feed_position_time", "erp_hold": "erp_data_loss"}
COLUMNS = {
    "submission": {
        "claims": "unfinished_leases",
        "taken_by": "reserved_by",
        "taken_until": "reserved_until",
        "fix": "advice",
    },
    "erp_data_loss": {"vanished": "missing"},
    "reconciliation": {"vanished": "missing_documents"},
    "alert": {"channel": "notifier"},
    "feed_mismatch": {"began_again": "resynced"},
}


def upgrade() -> None:
    for old, new in TABLES.items():
        op.rename_table(old, new)
    for table, columns in COLUMNS.items():
        for old, new in columns.items():
            op.alter_column(table, old, new_column_name=new)
