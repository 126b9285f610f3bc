"""Where the state belongs, and every version of the rules of a connection"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """The next program that opens the state says where it lives; the next that reads other rules keeps them."""
    words = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()

    def text(name: str) -> sa.Column[str]:
        return sa.Column(name, words, server_default="", nullable=False)

    op.create_table("installation", sa.Column("id", sa.Integer(), primary_key=True), text("place"))
    op.create_table(
        "rules_version",
        sa.Column("connection", words, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), server_default="0", nullable=False),
        *map(text, ("actor", "digest", "content")),
        sa.PrimaryKeyConstraint("connection", "number"),
    )
