"""The tables about what was read of each source: positions, continuity, comparisons of ids."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, PrimaryKeyConstraint, Table

from .columns import Words, instant_, metadata, text_

cursor = Table(
    "cursor",
    metadata,
    Column("connection", Words, nullable=False),
    Column("source", Words, nullable=False),
    Column("position", Words, nullable=False),
    instant_("covered_to"),
    PrimaryKeyConstraint("connection", "source"),
)

coverage = Table(
    "coverage",
    metadata,
    Column("connection", Words, nullable=False),
    Column("source", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("from_at", BigInteger, nullable=False),
    Column("to_at", BigInteger, nullable=False),
    text_("how"),
    PrimaryKeyConstraint("connection", "source", "kind", "from_at"),
)
"""The intervals that were read without a break; `how` are the ways, with blanks between. Those that touch are one."""

hole = Table(
    "hole",
    metadata,
    Column("connection", Words, nullable=False),
    Column("number", Integer, nullable=False),
    Column("source", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("from_at", BigInteger, nullable=False),
    Column("to_at", BigInteger, nullable=False),
    Column("cause", Words, nullable=False),
    *map(instant_, ("opened_at", "closed_at")),
    text_("proof"),
    PrimaryKeyConstraint("connection", "number", "kind"),
)
"""Stretches that are not covered; `closed_at` is 0 while that is so. Closed ones stay: they are the evidence."""
Index("hole_open", hole.c.connection, hole.c.source, hole.c.closed_at)

comparison = Table(
    "comparison",
    metadata,
    Column("connection", Words, nullable=False),
    Column("system", Words, nullable=False),
    Column("kind", Words, nullable=False),
    text_("why"),
    text_("position"),
    text_("after"),
    instant_("begun_at"),
    instant_("ended_at"),
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
    instant_("at"),
    Column("told", BigInteger, nullable=False, server_default="1"),
    PrimaryKeyConstraint("connection", "ref"),
)
"""Records that a comparison has missed at the vendor, until they are listed again; knocked on once `told` is 1."""

rhythm = Table(
    "rhythm",
    metadata,
    Column("connection", Words, nullable=False),
    Column("source", Words, nullable=False),
    *map(instant_, ("since", "last_at", "hour", "changes")),
    text_("usual", "[]"),
    PrimaryKeyConstraint("connection", "source"),
)
"""How often a source is usually heard of, by the hour of the week (`model/rhythm.py`)."""

alert = Table(
    "alert",
    metadata,
    Column("connection", Words, nullable=False),
    Column("key", Words, nullable=False),
    *map(text_, ("sentence", "command")),
    *map(instant_, ("since", "over_at")),
    Column("told", Integer, nullable=False, server_default="0"),
    Column("told_over", Integer, nullable=False, server_default="0"),
    PrimaryKeyConstraint("connection", "key"),
)
"""The alarms, raised while `over_at` is 0; whether somebody was told, of the beginning and of the end."""

backfill = Table(
    "backfill",
    metadata,
    Column("connection", Words, nullable=False),
    Column("system", Words, nullable=False),
    Column("kind", Words, nullable=False),
    text_("last"),
    *map(instant_, ("listed", "begun_at", "ended_at")),
    PrimaryKeyConstraint("connection", "system", "kind"),
)
"""How far the list of everything there is of a kind has come: so many, up to the id `last`. No end: under way."""
