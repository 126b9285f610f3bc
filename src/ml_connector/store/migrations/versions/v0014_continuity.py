"""Continuity by kind, and the holes in it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """What was covered before is kept without a kind: the first reading of each kind goes on from there."""
    words = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    op.rename_table("coverage", "coverage_before")
    op.create_table(
        "coverage",
        *(sa.Column(name, words, nullable=False) for name in ("connection", "source", "kind")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("from_at", "to_at")),
        sa.Column("how", words, server_default="", nullable=False),
        sa.PrimaryKeyConstraint("connection", "source", "kind", "from_at"),
    )
    op.execute(
        "INSERT INTO coverage (connection, source, kind, from_at, to_at, how) SELECT connection, "
        "replace(source, 'sweep:', ''), '', min(from_at), max(to_at), 'sweep' FROM coverage_before "
        "GROUP BY connection, source"
    )
    op.drop_table("coverage_before")
    op.create_table(
        "hole",
        sa.Column("connection", words, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        *(sa.Column(name, words, nullable=False) for name in ("source", "kind")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("from_at", "to_at")),
        sa.Column("cause", words, nullable=False),
        *(sa.Column(name, sa.BigInteger(), server_default="0", nullable=False) for name in ("opened_at", "closed_at")),
        sa.Column("proof", words, server_default="", nullable=False),
        sa.PrimaryKeyConstraint("connection", "number", "kind"),
    )
    op.create_index("hole_open", "hole", ["connection", "source", "closed_at"])
