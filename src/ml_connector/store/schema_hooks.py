"""The tables of what vendors deliver to us; with `schema`, which they stand beside, they are the whole schema."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table

from .schema import Words, metadata

arrival = Table(
    "arrival",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("connection", Words, nullable=False),
    Column("source", Words, nullable=False),
    Column("at", BigInteger, nullable=False, server_default="0"),
    Column("refs", Words, nullable=False, server_default="[]"),
)
"""A delivery that was acknowledged and is not a task yet (`arrivals.py`)."""
Index("arrival_connection", arrival.c.connection, arrival.c.id)

hook_count = Table(
    "hook_count",
    metadata,
    Column("name", Words, primary_key=True),
    Column("number", BigInteger, nullable=False, server_default="0"),
    Column("last_at", BigInteger, nullable=False, server_default="0"),
)
"""Deliveries and what was in them, counted over all processes and all time."""
