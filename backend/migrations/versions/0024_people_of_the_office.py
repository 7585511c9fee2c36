"""people of the office: passwords, second factors, sessions, several roles, a territory and deputies

Revision 0024, after 0023. The role `office` becomes `order_desk` and
`planning`; who decides on expense claims needs `finance` too.
"""

import sqlalchemy as sa
from alembic import op

KEY = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")
TIME = sa.DateTime(timezone=True)

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_ACCOUNTS = sa.table("office_account", sa.column("name"), sa.column("role"))
_BECOMES = {"office": ("order_desk", "planning")}


def upgrade() -> None:
    # Before a table refers to accounts: SQLite replaces the table to drop the column.
    accounts = op.get_bind().execute(sa.select(_ACCOUNTS)).all()
    with op.batch_alter_table("office_account") as table:
        table.drop_column("role")
        table.alter_column("token_hash", existing_type=sa.String(64), nullable=True)
        table.add_column(sa.Column("territory", sa.Text(), nullable=True))
        table.add_column(sa.Column("language", sa.String(10), nullable=True))
        table.add_column(sa.Column("password_hash", sa.Text(), nullable=True))
        table.add_column(sa.Column("password_expires_at", TIME, nullable=True))
        table.add_column(sa.Column("totp_key", sa.Text(), nullable=True))
        table.add_column(sa.Column("totp_step", sa.BigInteger(), nullable=True))
    role = sa.Column("role", sa.String(20), primary_key=True)
    roles = op.create_table("office_role", _account("account"), role)
    op.bulk_insert(
        roles,
        [{"account": name, "role": new} for name, role in accounts for new in _BECOMES.get(role, (role,))],
    )
    op.create_table(
        "office_deputy",
        _account("account"),
        _account("deputy"),
        sa.Column("since", TIME, nullable=False),
        sa.Column("until", TIME, nullable=False),
    )
    op.create_index("office_deputy_by_deputy", "office_deputy", ["deputy"])
    op.create_table(
        "office_recovery_code",
        sa.Column("code_hash", sa.String(64), primary_key=True),
        _account("account", primary_key=False),
    )
    op.create_index("ix_office_recovery_code_account", "office_recovery_code", ["account"])
    op.create_table(
        "office_session",
        sa.Column("id_hash", sa.String(64), primary_key=True),
        _account("account", primary_key=False),
        sa.Column("began_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("browser", sa.Text(), nullable=False),
    )
    op.create_index("office_session_by_account", "office_session", ["account", "began_at"])


def _account(name: str, *, primary_key: bool = True) -> sa.Column[str]:
    return sa.Column(name, KEY, sa.ForeignKey("office_account.name"), primary_key=primary_key, nullable=False)
