"""The conflict log, and holds that were told of because they last too long"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """The log is empty, and no hold was told of."""
    words = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    names = ("connection", "write", "flow", "task", "record", "other", "field", "winner", "digest", "state")
    op.create_table(
        "conflict",
        sa.Column("id", words, nullable=False),
        *(sa.Column(name, words, nullable=False) for name in names),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("conflict_write", "conflict", ["write"])
    op.create_index("conflict_at", "conflict", ["connection", "state", "at"])
    op.add_column("hold", sa.Column("alerted_at", sa.BigInteger(), server_default="0", nullable=False))
