"""Plans are numbered per connection; triggers that fire while a run is at work are kept until it ends"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """A table of what has fired; plans have the connection in their key. SQLite changes no key, so it copies."""
    server = op.get_bind().dialect.name == "postgresql"
    words = sa.Text(collation="C") if server else sa.Text()
    op.create_table(
        "fired",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("connection", words, nullable=False),
        sa.Column("trigger", words, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("fired_trigger", "fired", ["connection", "trigger", "id"])
    if server:
        op.drop_constraint("plan_pkey", "plan", type_="primary")
        op.create_primary_key("plan_pkey", "plan", ["connection", "id"])
    else:
        _plans_again()


def _plans_again() -> None:
    """SQLite cannot change a primary key: the table is made anew and filled from the old one."""
    op.rename_table("plan", "plan_before")
    op.create_table(
        "plan",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("made_by", sa.Text(), server_default="", nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("applied_by", sa.Text(), server_default="", nullable=False),
        sa.Column("applied_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("connection", "id"),
    )
    names = "id, connection, made_at, made_by, hash, content, state, applied_by, applied_at"
    op.execute(f"INSERT INTO plan ({names}) SELECT {names} FROM plan_before")  # noqa: S608 - names of ours
    op.drop_table("plan_before")
