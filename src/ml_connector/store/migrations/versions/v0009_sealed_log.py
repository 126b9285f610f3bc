"""An audit chain for each connection, its sealed head, approvals in it; how the last run ended; how old writes are"""

from __future__ import annotations

import hashlib

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_NAMES = ("connection", "at", "actor", "action", "object", "detail", "previous", "hash", "number")
audit = sa.table("audit", sa.column("id"), *map(sa.column, _NAMES))
approval = sa.table(
    "approval", *map(sa.column, ("connection", "key", "body_hash", "plan", "approved_by", "approved_at"))
)
head = sa.table("audit_head", sa.column("connection"), sa.column("sealed", sa.LargeBinary()))


def upgrade() -> None:
    """Events get their numbers; approvals from before get an event that says so (decision 0011)."""
    words = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    op.create_table(
        "audit_head",
        sa.Column("connection", words, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("connection"),
    )
    op.create_table(
        "last_run",
        sa.Column("connection", words, nullable=False),
        *(sa.Column(name, sa.BigInteger(), server_default="0", nullable=False) for name in ("began_at", "ended_at")),
        *(sa.Column(name, words, server_default="", nullable=False) for name in ("error", "sentence", "remedy")),
        sa.PrimaryKeyConstraint("connection"),
    )
    for name in ("first_at", "alerted_at"):
        op.add_column("write", sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))
    op.execute("UPDATE write SET first_at = noted_at")
    op.add_column("audit", sa.Column("number", sa.BigInteger(), server_default="0", nullable=False))
    op.drop_index("audit_chain", "audit")
    _add_approvals(_number())
    op.create_index("audit_number", "audit", ["connection", "number"], unique=True)


def _number() -> dict[str, tuple[int, str]]:
    """Number the events of each connection; the last number and hash of each."""
    last: dict[str, tuple[int, str]] = {}
    rows = op.get_bind().execute(sa.select(audit.c.id, audit.c.connection, audit.c.hash).order_by(audit.c.id)).all()
    for row in rows:
        number = last.get(row.connection, (0, ""))[0] + 1
        last[row.connection] = (number, row.hash)
        op.get_bind().execute(sa.update(audit).where(audit.c.id == row.id).values(number=number))
    return last


def _add_approvals(last: dict[str, tuple[int, str]]) -> None:
    """An event for every approval that was given before they stood in the log. Then each log waits for its seal."""
    bind = op.get_bind()
    for row in bind.execute(sa.select(approval).order_by(approval.c.approved_at, approval.c.key)).all():
        number, previous = last.get(row.connection, (0, ""))
        detail = {"key": row.key, "hash": row.body_hash, "plan": row.plan, "given": "before the log held approvals"}
        event = {"connection": row.connection, "at": row.approved_at, "actor": row.approved_by, "action": "approve"}
        event |= {"object": row.key, "detail": _text(detail), "previous": previous}
        last[row.connection] = (number + 1, hashlib.sha256(_text(event).encode()).hexdigest())
        bind.execute(audit.insert().values(**event, number=number + 1, hash=last[row.connection][1]))
    for connection in last:
        bind.execute(head.insert().values(connection=connection, sealed=b""))


def _text(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()
