"""How far each backfill has come"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """None is under way."""
    words = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    op.create_table(
        "backfill",
        *(sa.Column(name, words, nullable=False) for name in ("connection", "system", "kind")),
        sa.Column("last", words, server_default="", nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)
            for name in ("listed", "begun_at", "ended_at")
        ),
        sa.PrimaryKeyConstraint("connection", "system", "kind"),
    )
