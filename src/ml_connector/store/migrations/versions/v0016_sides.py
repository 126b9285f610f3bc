"""The health of the two sides of a connection"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Nothing is known yet: both are taken for live."""
    words = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()

    def text(name: str, default: str = "") -> sa.Column[str]:
        return sa.Column(name, words, server_default=default, nullable=False)

    op.create_table(
        "side",
        *(sa.Column(name, words, nullable=False) for name in ("connection", "system")),
        text("state", "live"),
        *map(text, ("error", "sentence", "remedy")),
        text("refused", "{}"),
        *(
            sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)
            for name in ("since", "next_at", "failures", "asked_at", "sweep_at")
        ),
        sa.PrimaryKeyConstraint("connection", "system"),
    )
