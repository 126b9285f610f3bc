"""Marker of rows: proof that a row which leads to a write was put into the state by somebody who has the key.

Whoever can write the database but not read the key can change, add or exchange rows; the mark of such a row does not
fit, and the row is not believed. A mark stands for its table, so a row of one table proves nothing in another, and for
the connection and the key of the row, so one row's mark proves nothing for its neighbour. An older row with the mark it
had then does fit (docs/security.md says what that can do).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec
from sqlalchemy import Row, Table

from ml_connector.model.errors import StateTampered

from . import schema

MARK = "mark"
"""The column that holds it."""
MARKED: Mapping[Table, tuple[str, ...]] = {
    schema.connection: ("id", "realm_id", "org_id", "live_since", "paused"),
    schema.link: ("connection", "role", "source", "target", "agreed", "exclusive", "source_version", "target_version"),
    schema.write: (
        *("id", "connection", "flow", "source", "system", "kind", "action", "key", "content", "body", "request_id"),
        *("batch_id", "position", "generation", "state", "outcome", "result_id", "noted_at"),
    ),
    schema.approval: ("connection", "key", "body_hash", "plan", "approved_by", "approved_at"),
    schema.plan: ("id", "connection", "made_at", "made_by", "hash", "content", "state", "applied_by", "applied_at"),
    schema.audit: ("connection", "number", "hash"),
    schema.person: ("connection", "name", "roles", "password", "token", "invited_by", "since", "ended_at"),
}
"""The columns that a mark covers: all that decide what is written, where, and who allowed it."""
KEYS: Mapping[Table, tuple[str, ...]] = {
    schema.connection: ("id",),
    schema.link: ("role", "source"),
    schema.write: ("id",),
    schema.approval: ("key",),
    schema.plan: ("id",),
    schema.audit: ("number",),
    schema.person: ("name",),
}
"""The columns that name a row among those of its connection."""
_encode = msgspec.msgpack.Encoder().encode
_SIZE = 32


class Marker(Protocol):
    """Makes marks with the key, and compares them."""

    def marks(self, contents: Sequence[bytes]) -> list[bytes]:
        """A mark for each of these, under the key in use."""

    def fits(self, content: bytes, mark: bytes) -> bool:
        """Whether `mark` was made for exactly this content by somebody who had the key."""


class LoneMarker:
    """Marker under a key that nobody else has and that ends with the process: for a state without a home."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(_SIZE)

    def marks(self, contents: Sequence[bytes]) -> list[bytes]:
        """A mark for each of these."""
        return [self._mark(content) for content in contents]

    def fits(self, content: bytes, mark: bytes) -> bool:
        """Whether this very object made the mark."""
        return hmac.compare_digest(self._mark(content), mark)

    def _mark(self, content: bytes) -> bytes:
        return hashlib.blake2b(content, key=self._key, digest_size=_SIZE).digest()


def content_of(table: Table, row: Mapping[str, Any]) -> bytes:
    """What the mark of a row covers, without two rows that give the same bytes."""
    return _encode((str(table.name), *[row[name] for name in MARKED[table]]))


def marked(marker: Marker, table: Table, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows with their marks. Each must have every column that its mark covers."""
    made = marker.marks([content_of(table, row) for row in rows])
    return [{**row, MARK: mark} for row, mark in zip(rows, made, strict=True)]


def columns_of(row: Row[Any]) -> dict[str, Any]:
    """The columns of a row by name."""
    return dict(row._mapping)  # noqa: SLF001 - the underscore keeps columns free of it; it is public in SQLAlchemy


def is_marked(marker: Marker, table: Table, row: Row[Any]) -> bool:
    """Whether this row of a query stands as somebody with the key has put it."""
    content = _encode((str(table.name), *[getattr(row, name) for name in MARKED[table]]))
    return isinstance(row.mark, bytes) and marker.fits(content, row.mark)


def must_be_marked(marker: Marker, table: Table, rows: Iterable[Row[Any]]) -> None:
    """Raises `StateTampered` for the first row that is not."""
    for row in rows:
        if not is_marked(marker, table, row):
            raise StateTampered.of(name_of(table, row))


def name_of(table: Table, row: Row[Any]) -> str:
    """A row as it is named to people: its table, and its key without the connection."""
    return " ".join([table.name, *(str(getattr(row, name)) for name in KEYS[table])])
