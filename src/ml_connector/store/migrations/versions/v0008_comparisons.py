"""Comparisons of all ids, and what they have missed at the vendor"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """No kind was ever compared, so all are due."""
    words = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    counts = ("begun_at", "ended_at", "reads", "listed", "vanished", "unknown")
    op.create_table(
        "comparison",
        *(sa.Column(name, words, nullable=False) for name in ("connection", "system", "kind")),
        *(sa.Column(name, words, server_default="", nullable=False) for name in ("why", "position", "after")),
        *(sa.Column(name, sa.BigInteger(), server_default="0", nullable=False) for name in counts),
        sa.PrimaryKeyConstraint("connection", "system", "kind"),
    )
    op.create_table(
        "vanished",
        sa.Column("connection", words, nullable=False),
        sa.Column("ref", words, nullable=False),
        sa.Column("at", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("connection", "ref"),
    )
