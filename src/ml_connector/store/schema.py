"""The tables. One schema for SQLite and PostgreSQL: instants are epoch milliseconds, JSON and amounts are text.

The database keeps the promises that must not rest on code: one task per flow and record, one open write per key,
one created record per key, one target per exclusive link, one plan per number, one next event in the audit chain.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table

from .columns import Words, instant_, mark_, metadata, text_
from .schema_sources import alert, backfill, comparison, coverage, cursor, hole, rhythm, vanished

__all__ = ["Words", "alert", "backfill", "comparison", "coverage", "cursor", "hole", "metadata", "rhythm", "vanished"]

# The lease of a connection: `run_token` is its fencing token, `run_holder` who holds it, `run_until` its end. The words
# in code and pages are lease and fencing token; columns keep the names they were made with, because renaming a column
# of a live state gains nothing.
connection = Table(
    "connection",
    metadata,
    Column("id", Words, primary_key=True),
    text_("realm_id"),
    text_("org_id"),
    text_("company"),
    instant_("created_at"),
    Column("live_since", BigInteger),
    text_("paused"),
    Column("run_token", BigInteger, nullable=False, server_default="0"),
    text_("run_holder"),
    instant_("run_until"),
    mark_(),
)

task = Table(
    "task",
    metadata,
    Column("connection", Words, nullable=False),
    Column("flow", Words, nullable=False),
    Column("ref", Words, nullable=False),
    Column("noticed", BigInteger, nullable=False, server_default="1"),
    Column("served", BigInteger, nullable=False, server_default="0"),
    instant_("first_at"),
    instant_("noticed_at"),
    instant_("next_at"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    text_("source"),
    text_("verdict"),
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
    text_("agreed", "{}"),
    Column("exclusive", Integer, nullable=False, server_default="0"),
    text_("source_version"),
    text_("target_version"),
    instant_("settled_at"),
    mark_(),
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
    text_("outcome"),
    text_("result_id"),
    instant_("noted_at"),
    instant_("settled_at"),
    Column("run_token", BigInteger, nullable=False),
    instant_("first_at"),
    instant_("alerted_at"),
    mark_(),
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
    text_("facts", "{}"),
    text_("amount"),
    text_("currency"),
    instant_("since"),
    instant_("alerted_at"),
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
    instant_("since"),
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
    instant_("at"),
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
    instant_("made_at"),
    text_("made_by"),
    Column("hash", Words, nullable=False),
    Column("content", Words, nullable=False),
    Column("state", Words, nullable=False, server_default="open"),
    text_("applied_by"),
    instant_("applied_at"),
    mark_(),
    PrimaryKeyConstraint("connection", "id"),
)

approval = Table(
    "approval",
    metadata,
    Column("connection", Words, nullable=False),
    Column("key", Words, nullable=False),
    Column("body_hash", Words, nullable=False),
    text_("plan"),
    text_("approved_by"),
    instant_("approved_at"),
    mark_(),
    PrimaryKeyConstraint("connection", "key"),
)

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
    instant_("changed_at"),
    PrimaryKeyConstraint("connection", "name"),
)

turn = Table(
    "turn",
    metadata,
    Column("name", Words, primary_key=True),
    Column("holder", Words, nullable=False),
    instant_("until"),
)
"""Who may renew a sign-in now: one process at a time."""

pace = Table(
    "pace",
    metadata,
    Column("name", Words, primary_key=True),
    text_("starts", "{}"),
    text_("under_way", "[]"),
    instant_("blocked_until"),
    text_("booked", "{}"),
)
"""What all processes together have called lately, one row for each company or org (`systems/limits.py`)."""

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("connection", Words, nullable=False),
    instant_("at"),
    text_("actor"),
    Column("action", Words, nullable=False),
    text_("object"),
    text_("detail", "{}"),
    Column("previous", Words, nullable=False),
    Column("hash", Words, nullable=False),
    Column("number", BigInteger, nullable=False, server_default="0"),
    mark_(),
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
    *map(text_, ("roles", "password", "token", "invited_by")),
    *map(instant_, ("since", "ended_at")),
    mark_(),
    PrimaryKeyConstraint("connection", "name"),
)
"""Who may act: `password` is an Argon2id hash, `token` a digest; blank where there is none. No row is deleted."""

last_run = Table(
    "last_run",
    metadata,
    Column("connection", Words, primary_key=True),
    instant_("began_at"),
    instant_("ended_at"),
    text_("error"),
    text_("sentence"),
    text_("remedy"),
)
"""How the last run ended: the kind of error with its words, or blank."""

side = Table(
    "side",
    metadata,
    *(Column(name, Words, nullable=False) for name in ("connection", "system")),
    text_("state", "live"),
    *map(text_, ("error", "sentence", "remedy")),
    text_("refused", "{}"),
    *map(instant_, ("since", "next_at", "asked_at", "sweep_at")),
    Column("failures", BigInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("connection", "system"),
)
"""How each side of a connection is: it leads to no write, only to when a vendor is asked."""

installation = Table("installation", metadata, Column("id", Integer, primary_key=True), text_("place"))
"""The one row says where this state lives: in a copy that is elsewhere, or is put back, it does not fit."""

rules_version = Table(
    "rules_version",
    metadata,
    Column("connection", Words, nullable=False),
    Column("number", Integer, nullable=False),
    instant_("at"),
    *map(text_, ("actor", "digest", "content")),
    PrimaryKeyConstraint("connection", "number"),
)
"""The rules as they were once in force: nothing is decided by it, the settings are read from their file."""
