"""Deliveries that were acknowledged before a worker makes tasks of them, and how many there were"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Nothing was ever delivered."""
    words = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "arrival",
        sa.Column("id", number, primary_key=True, autoincrement=True),
        *(sa.Column(name, words, nullable=False) for name in ("connection", "source")),
        sa.Column("at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("refs", words, server_default="[]", nullable=False),
    )
    op.create_index("arrival_connection", "arrival", ["connection", "id"])
    op.create_table(
        "hook_count",
        sa.Column("name", words, nullable=False),
        *(sa.Column(name, sa.BigInteger(), server_default="0", nullable=False) for name in ("number", "last_at")),
        sa.PrimaryKeyConstraint("name"),
    )
