"""Alarms, the rhythm of each source, and what was called in a month"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Nothing is raised, learned or counted yet."""
    words = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    op.add_column("pace", sa.Column("booked", words, server_default="{}", nullable=False))
    op.create_table(
        "rhythm",
        *(sa.Column(name, words, nullable=False) for name in ("connection", "source")),
        *(
            sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)
            for name in ("since", "last_at", "hour", "changes")
        ),
        sa.Column("usual", words, server_default="[]", nullable=False),
        sa.PrimaryKeyConstraint("connection", "source"),
    )
    op.create_table(
        "alert",
        *(sa.Column(name, words, nullable=False) for name in ("connection", "key")),
        *(sa.Column(name, words, server_default="", nullable=False) for name in ("sentence", "command")),
        *(sa.Column(name, sa.BigInteger(), server_default="0", nullable=False) for name in ("since", "over_at")),
        *(sa.Column(name, sa.Integer(), server_default="0", nullable=False) for name in ("told", "told_over")),
        sa.PrimaryKeyConstraint("connection", "key"),
    )
