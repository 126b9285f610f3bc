"""People who prove who they are: their roles, the hash of their password, the digest of their token"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Nobody is known yet: whoever holds the home adds the first person."""
    words = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    op.create_table(
        "person",
        *(sa.Column(name, words, nullable=False) for name in ("connection", "name")),
        *(
            sa.Column(name, words, server_default="", nullable=False)
            for name in ("roles", "password", "token", "invited_by")
        ),
        *(sa.Column(name, sa.BigInteger(), server_default="0", nullable=False) for name in ("since", "ended_at")),
        sa.Column("mark", sa.LargeBinary(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("connection", "name"),
    )
