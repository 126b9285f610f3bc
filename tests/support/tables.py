"""All rows of a state, on any database: to compare two states, or to go back to an earlier one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select, text

from ml_connector.store import Store
from ml_connector.store.marks import MARKED
from ml_connector.store.schema import metadata

Rows = dict[str, list[dict[str, Any]]]


def rows_of(store: Store) -> Rows:
    """Every table with its rows in the order of their keys."""
    with store.begin() as tx:
        return {
            name: [dict(row) for row in tx.execute(select(table).order_by(*table.primary_key)).mappings()]
            for name, table in metadata.tables.items()
        }


def put_back(store: Store, rows: Rows) -> None:
    """Make the state what `rows_of` saw."""
    with store.begin() as tx:
        for name, table in metadata.tables.items():
            tx.execute(table.delete())
            if rows[name]:
                tx.execute(table.insert(), rows[name])
        if tx.dialect.name == "postgresql":
            audit = metadata.tables["audit"]
            last = tx.execute(select(func.max(audit.c.id))).scalar() or 0
            sequence = text("SELECT setval(pg_get_serial_sequence('audit', 'id'), :next, false)")
            tx.execute(sequence, {"next": last + 1})


def as_if_ours(store: Store, connection: str) -> None:
    """Mark every row as it stands, as if the connector had put it there: for states that a test makes by hand."""
    with store.begin() as tx:
        for table in MARKED:
            tx.execute(table.update().values(mark=b""))
    store.mark_unmarked(connection, datetime(2026, 11, 20, tzinfo=UTC))
