"""A resource for one kind of set-up: what the API may make of it, and how it is told."""

from __future__ import annotations

import zlib
from typing import Any, Protocol

from ml_emulators.salesforce import ids, times
from ml_emulators.salesforce.schema import SObject
from ml_emulators.salesforce.state import Record
from ml_emulators.salesforce.world import Actor, World


class SetupResource(Protocol):
    """Works on the org and leaves the rows to `sync`. Everything may raise `ApiError`."""

    kind: str

    def sync(self) -> None:
        """Make the rows what the org has by now."""

    def create(self, body: dict[str, Any], actor: Actor) -> str:
        """Make one by `FullName` and `Metadata`; its id."""

    def update(self, row: Record, body: dict[str, Any]) -> None:
        """Change the one that the row shows, by `Metadata`."""

    def delete(self, row: Record) -> None:
        """Remove the one that the row shows."""


def made_id(kind: SObject, name: str) -> str:
    """Set-up has no counter of its own: the id follows from the full name."""
    return ids.make(kind.prefix, zlib.crc32(name.encode()))


def put_row(tooling: World, kind: SObject, name: str, values: Record) -> None:
    """Store a row unless it stands there as it is; only a change moves the stamps."""
    table = tooling.state.tables[kind.name]
    row_id = made_id(kind, name)
    old = table.live.get(row_id, {})
    row = kind.defaults | {key: value for key, value in values.items() if value is not None} | {"FullName": name}
    if all(old.get(key) == value for key, value in row.items()):
        return
    now, who = times.stamp(tooling.clock.now()), tooling.sales.user_id
    first = {"CreatedDate": old.get("CreatedDate", now), "CreatedById": old.get("CreatedById", who)}
    last = {"LastModifiedDate": now, "LastModifiedById": who, "SystemModstamp": now}
    table.put(row | first | last | {"Id": row_id, "ManageableState": "unmanaged"})


def drop_rows(tooling: World, kind: SObject, kept: set[str]) -> None:
    """Take away the rows of what is no more."""
    table = tooling.state.tables[kind.name]
    for row in list(table.live.values()):
        if row["FullName"] not in kept:
            table.erase(row["Id"])
