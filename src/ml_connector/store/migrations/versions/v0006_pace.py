"""Processes that call the same company or org share its limits"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """One row for each company or org (decision 0009)."""
    words = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    op.create_table(
        "pace",
        sa.Column("name", words, nullable=False),
        sa.Column("starts", words, server_default="{}", nullable=False),
        sa.Column("under_way", words, server_default="[]", nullable=False),
        sa.Column("blocked_until", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
