"""The tables. One schema for SQLite and PostgreSQL: instants are epoch milliseconds, JSON and amounts are text.

The database keeps the promises that must not rest on code: one task per flow and record, one open write per key,
one created record per key, one target per exclusive link, one plan per number, one next event in the audit chain.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

metadata = MetaData()

# PostgreSQL sorts and compares by bytes, as SQLite does: a unique index must not depend on the system's language.
Words = Text().with_variant(Text(collation="C"), "postgresql")


def _text(name: str, default: str = "") -> Column[str]:
    return Column(name, Words, nullable=False, server_default=default)


def _mark() -> Column[bytes]:
    """Proves that the row was written with the key (`marks.py`); empty in one that was not."""
    return Column("mark", LargeBinary, nullable=False, server_default=text("''"))


def _instant(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default="0")


# The lease of a connection: `run_token` is its fencing token, `run_holder` who holds it, `run_until` its end. The words
# in code and pages are lease and fencing token; columns keep the names they were made with, because renaming a column
# of a live state gains nothing.
connection = Table(
    "connection",
    metadata,
    Column("id", Words, primary_key=True),
    _text("realm_id"),
    _text("org_id"),
    _text("company"),
    _instant("created_at"),
    Column("live_since", BigInteger),
    _text("paused"),
    Column("run_token", BigInteger, nullable=False, server_default="0"),
    _text("run_holder"),
    _instant("run_until"),
    _mark(),
)

task = Table(
    "task",
    metadata,
    Column("connection", Words, nullable=False),
    Column("flow", Words, nullable=False),
    Column("ref", Words, nullable=False),
    Column("noticed", BigInteger, nullable=False, server_default="1"),
    Column("served", BigInteger, nullable=False, server_default="0"),
    _instant("first_at"),
    _instant("noticed_at"),
    _instant("next_at"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    _text("source"),
    _text("verdict"),
    PrimaryKeyConstraint("connection", "flow", "ref"),
)
Index(
    "task_due",
    task.c.connection,
    task.c.flow,
    task.c.next_at,
    task.c.first_at,
    task.c.ref,
    sqlite_where=task.c.noticed > task.c.served,
    postgresql_where=task.c.noticed > task.c.served,
)

link = Table(
    "link",
    metadata,
    Column("connection", Words, nullable=False),
    Column("role", Words, nullable=False),
    Column("source", Words, nullable=False),
    Column("target", Words, nullable=False),
    _text("agreed", "{}"),
    Column("exclusive", Integer, nullable=False, server_default="0"),
    _text("source_version"),
    _text("target_version"),
    _instant("settled_at"),
    _mark(),
    PrimaryKeyConstraint("connection", "role", "source"),
)
Index("link_target", link.c.connection, link.c.role, link.c.target)
Index(
    "link_exclusive",
    link.c.connection,
    link.c.role,
    link.c.target,
    unique=True,
    sqlite_where=link.c.exclusive == 1,
    postgresql_where=link.c.exclusive == 1,
)

write = Table(
    "write",
    metadata,
    Column("id", Words, primary_key=True),
    Column("connection", Words, nullable=False),
    Column("flow", Words, nullable=False),
    Column("source", Words, nullable=False),
    Column("system", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("action", Words, nullable=False),
    Column("key", Words, nullable=False),
    Column("content", Words, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("request_id", Words, nullable=False),
    Column("batch_id", Words, nullable=False),
    Column("position", Integer, nullable=False),
    Column("generation", Integer, nullable=False, server_default="1"),
    Column("state", Words, nullable=False),
    _text("outcome"),
    _text("result_id"),
    _instant("noted_at"),
    _instant("settled_at"),
    Column("run_token", BigInteger, nullable=False),
    _instant("first_at"),
    _instant("alerted_at"),
    _mark(),
)
"""`noted_at` is renewed when it goes out again, `first_at` never is."""
_OPEN = write.c.state == "open"
_MADE = (write.c.action == "create") & write.c.state.in_(["open", "done"])
Index(
    "write_open",
    write.c.connection,
    write.c.system,
    write.c.kind,
    write.c.key,
    unique=True,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
Index(
    "write_made",
    write.c.connection,
    write.c.system,
    write.c.kind,
    write.c.key,
    unique=True,
    sqlite_where=_MADE,
    postgresql_where=_MADE,
)
Index("write_source", write.c.connection, write.c.flow, write.c.source)

hold = Table(
    "hold",
    metadata,
    Column("connection", Words, nullable=False),
    Column("flow", Words, nullable=False),
    Column("ref", Words, nullable=False),
    Column("code", Words, nullable=False),
    _text("facts", "{}"),
    _text("amount"),
    _text("currency"),
    _instant("since"),
    _instant("alerted_at"),
    PrimaryKeyConstraint("connection", "flow", "ref"),
)

wait = Table(
    "wait",
    metadata,
    Column("connection", Words, nullable=False),
    Column("trigger", Words, nullable=False),
    Column("flow", Words, nullable=False),
    Column("ref", Words, nullable=False),
    PrimaryKeyConstraint("connection", "trigger", "flow", "ref"),
)
Index("wait_ref", wait.c.connection, wait.c.flow, wait.c.ref)

flag = Table(
    "flag",
    metadata,
    Column("connection", Words, nullable=False),
    Column("flow", Words, nullable=False),
    Column("ref", Words, nullable=False),
    Column("flag", Words, nullable=False),
    _instant("since"),
    PrimaryKeyConstraint("connection", "flow", "ref", "flag"),
)

conflict = Table(
    "conflict",
    metadata,
    Column("id", Words, primary_key=True),
    Column("connection", Words, nullable=False),
    Column("write", Words, nullable=False),
    Column("flow", Words, nullable=False),
    Column("task", Words, nullable=False),
    Column("record", Words, nullable=False),
    Column("other", Words, nullable=False),
    Column("field", Words, nullable=False),
    Column("winner", Words, nullable=False),
    Column("digest", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    _instant("at"),
)
"""`record` is the one whose value was lost, `other` the one whose value stays."""
Index("conflict_write", conflict.c.write)
Index("conflict_at", conflict.c.connection, conflict.c.state, conflict.c.at)

fired = Table(
    "fired",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("connection", Words, nullable=False),
    Column("trigger", Words, nullable=False),
)
Index("fired_trigger", fired.c.connection, fired.c.trigger, fired.c.id)

plan = Table(
    "plan",
    metadata,
    Column("id", Words, nullable=False),
    Column("connection", Words, nullable=False),
    _instant("made_at"),
    _text("made_by"),
    Column("hash", Words, nullable=False),
    Column("content", Words, nullable=False),
    Column("state", Words, nullable=False, server_default="open"),
    _text("applied_by"),
    _instant("applied_at"),
    _mark(),
    PrimaryKeyConstraint("connection", "id"),
)

approval = Table(
    "approval",
    metadata,
    Column("connection", Words, nullable=False),
    Column("key", Words, nullable=False),
    Column("body_hash", Words, nullable=False),
    _text("plan"),
    _text("approved_by"),
    _instant("approved_at"),
    _mark(),
    PrimaryKeyConstraint("connection", "key"),
)

cursor = Table(
    "cursor",
    metadata,
    Column("connection", Words, nullable=False),
    Column("source", Words, nullable=False),
    Column("position", Words, nullable=False),
    _instant("covered_to"),
    PrimaryKeyConstraint("connection", "source"),
)

coverage = Table(
    "coverage",
    metadata,
    Column("connection", Words, nullable=False),
    Column("source", Words, nullable=False),
    Column("from_at", BigInteger, nullable=False),
    Column("to_at", BigInteger, nullable=False),
    Column("how", Words, nullable=False),
    PrimaryKeyConstraint("connection", "source", "from_at"),
)

comparison = Table(
    "comparison",
    metadata,
    Column("connection", Words, nullable=False),
    Column("system", Words, nullable=False),
    Column("kind", Words, nullable=False),
    _text("why"),
    _text("position"),
    _text("after"),
    _instant("begun_at"),
    _instant("ended_at"),
    Column("reads", BigInteger, nullable=False, server_default="0"),
    Column("listed", BigInteger, nullable=False, server_default="0"),
    Column("vanished", BigInteger, nullable=False, server_default="0"),
    Column("unknown", BigInteger, nullable=False, server_default="0"),
    Column("known", BigInteger, nullable=False, server_default="0"),
    Column("withheld", BigInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("connection", "system", "kind"),
)
"""The comparison of all ids of a kind with ours: under way while `why` says so, else the last one."""

vanished = Table(
    "vanished",
    metadata,
    Column("connection", Words, nullable=False),
    Column("ref", Words, nullable=False),
    _instant("at"),
    Column("told", BigInteger, nullable=False, server_default="1"),
    PrimaryKeyConstraint("connection", "ref"),
)
"""Records that a comparison has missed at the vendor, until they are listed again; knocked on once `told` is 1."""

reference_version = Table(
    "reference_version",
    metadata,
    Column("connection", Words, nullable=False),
    Column("system", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("version", Words, nullable=False),
    PrimaryKeyConstraint("connection", "system", "name"),
)

secret = Table(
    "secret",
    metadata,
    Column("connection", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    _instant("changed_at"),
    PrimaryKeyConstraint("connection", "name"),
)

turn = Table(
    "turn",
    metadata,
    Column("name", Words, primary_key=True),
    Column("holder", Words, nullable=False),
    _instant("until"),
)
"""Who may renew a sign-in now: one process at a time."""

pace = Table(
    "pace",
    metadata,
    Column("name", Words, primary_key=True),
    _text("starts", "{}"),
    _text("under_way", "[]"),
    _instant("blocked_until"),
)
"""What all processes together have called lately, one row for each company or org (`systems/limits.py`)."""

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("connection", Words, nullable=False),
    _instant("at"),
    _text("actor"),
    Column("action", Words, nullable=False),
    _text("object"),
    _text("detail", "{}"),
    Column("previous", Words, nullable=False),
    Column("hash", Words, nullable=False),
    Column("number", BigInteger, nullable=False, server_default="0"),
    _mark(),
)
Index("audit_number", audit.c.connection, audit.c.number, unique=True)

audit_head = Table(
    "audit_head",
    metadata,
    Column("connection", Words, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)
"""The sealed end of the audit log; empty while it was never sealed."""

person = Table(
    "person",
    metadata,
    Column("connection", Words, nullable=False),
    Column("name", Words, nullable=False),
    *map(_text, ("roles", "password", "token", "invited_by")),
    *map(_instant, ("since", "ended_at")),
    _mark(),
    PrimaryKeyConstraint("connection", "name"),
)
"""Who may act: `password` is an Argon2id hash, `token` a digest; blank where there is none. No row is deleted."""

last_run = Table(
    "last_run",
    metadata,
    Column("connection", Words, primary_key=True),
    _instant("began_at"),
    _instant("ended_at"),
    _text("error"),
    _text("sentence"),
    _text("remedy"),
)
"""How the last run ended: the kind of error with its words, or blank."""
