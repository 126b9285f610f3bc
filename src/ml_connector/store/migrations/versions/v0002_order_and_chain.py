"""Text by bytes on PostgreSQL, and an audit chain that cannot fork"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Two events after the same one are refused; on PostgreSQL texts have the order that SQLite has."""
    op.create_index("audit_chain", "audit", ["previous"], unique=True)
    if op.get_bind().dialect.name == "postgresql":
        _compare_by_bytes()


def _compare_by_bytes() -> None:
    inspector = sa.inspect(op.get_bind())
    for table in inspector.get_table_names():
        for column in inspector.get_columns(table):
            if isinstance(column["type"], sa.Text):
                op.alter_column(table, column["name"], type_=sa.Text(collation="C"))
