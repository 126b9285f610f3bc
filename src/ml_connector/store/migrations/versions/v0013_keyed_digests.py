"""No digest that can be guessed back: of lost values, and of the bodies of settled writes"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_conflict = sa.table("conflict", sa.column("digest"))
_write = sa.table("write", sa.column("body", sa.LargeBinary), sa.column("mark", sa.LargeBinary), sa.column("state"))


def upgrade() -> None:
    """Older digests of lost values go; `keys rotate` gives those that are kept new ones, with the key of the home.

    A settled write that is marked keeps the digest of its body, which the mark covers.
    """
    op.execute(_conflict.update().values(digest=""))
    digest = sa.func.substr(_write.c.body, 1, 7) == sa.literal(b"sha256:", sa.LargeBinary)
    old = (_write.c.state != "open") & (sa.func.length(_write.c.mark) == 0) & digest
    op.execute(_write.update().where(old).values(body=b""))
