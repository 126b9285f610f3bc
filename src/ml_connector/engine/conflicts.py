"""What a write puts another value over is sealed before the write is noted, so that it never lies open on a disk."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from ml_connector.model.plans import OpenWrite, Overruled
from ml_connector.store.rows import LostValue

from .ports import Seal


def set_aside(writes: Sequence[OpenWrite], connection: str, seal: Seal) -> tuple[list[OpenWrite], list[LostValue]]:
    """The writes without the values that they overwrite, and those values sealed."""
    lost = [_sealed(write, conflict, connection, seal) for write in writes for conflict in write.write.conflicts]
    return [_without(write) if write.write.conflicts else write for write in writes], lost


def _without(write: OpenWrite) -> OpenWrite:
    conflicts = tuple(msgspec.structs.replace(conflict, lost="") for conflict in write.write.conflicts)
    return msgspec.structs.replace(write, write=msgspec.structs.replace(write.write, conflicts=conflicts))


def _sealed(write: OpenWrite, conflict: Overruled, connection: str, seal: Seal) -> LostValue:
    name = f"{write.id}:{conflict.field}"
    return LostValue(
        id=name,
        write=write.id,
        flow=write.flow,
        task=write.source,
        record=conflict.record,
        other=conflict.other,
        field=conflict.field,
        digest=_digest(connection, conflict),
        sealed=seal(conflict.lost.encode(), connection, seal_name(name)),
    )


def _digest(connection: str, conflict: Overruled) -> str:
    """Not of the value alone: the same telephone number elsewhere has another one."""
    parts = (connection, str(conflict.record), conflict.field, conflict.lost)
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def seal_name(entry: str) -> str:
    """The name under which the lost value of an entry of the log is sealed."""
    return f"conflict:{entry}"
