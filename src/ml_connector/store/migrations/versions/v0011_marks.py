"""Marks of the rows that lead to a write; the rows that are there get theirs from whoever opens the state with its key"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """An empty mark for each row that is there: a home that never marked a row gives them theirs."""
    for table in ("connection", "link", "write", "approval", "plan", "audit"):
        op.add_column(table, sa.Column("mark", sa.LargeBinary(), server_default=sa.text("''"), nullable=False))
