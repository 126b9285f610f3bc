"""Comparisons of ids: what was missed and not knocked on yet, and what is withheld because it is too much"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """What was missed until now was knocked on at once."""
    for name in ("known", "withheld"):
        op.add_column("comparison", sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("vanished", sa.Column("told", sa.BigInteger(), server_default="1", nullable=False))
