"""What a write puts another value over is sealed before the write is noted, so that it never lies open on a disk."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ml_connector.model.plans import Digest, OpenWrite, Overruled
from ml_connector.model.refs import Ref
from ml_connector.store.rows import LostValue

from .ports import Seal


def set_aside(
    writes: Sequence[OpenWrite], connection: str, seal: Seal, digest: Digest
) -> tuple[list[OpenWrite], list[LostValue]]:
    """The writes without the values that they overwrite, and those values sealed."""
    lost = [
        _sealed(write, conflict, connection, seal, digest) for write in writes for conflict in write.write.conflicts
    ]
    return [_without(write) if write.write.conflicts else write for write in writes], lost


def _without(write: OpenWrite) -> OpenWrite:
    conflicts = tuple(msgspec.structs.replace(conflict, lost="") for conflict in write.write.conflicts)
    return msgspec.structs.replace(write, write=msgspec.structs.replace(write.write, conflicts=conflicts))


def _sealed(write: OpenWrite, conflict: Overruled, connection: str, seal: Seal, digest: Digest) -> LostValue:
    name = f"{write.id}:{conflict.field}"
    return LostValue(
        id=name,
        write=write.id,
        flow=write.flow,
        task=write.source,
        record=conflict.record,
        other=conflict.other,
        field=conflict.field,
        digest=digest(content_of(connection, conflict.record, conflict.field, conflict.lost)),
        sealed=seal(conflict.lost.encode(), connection, seal_name(name)),
    )


def content_of(connection: str, record: Ref, field: str, lost: str) -> str:
    """What the digest of a lost value covers: the same telephone number elsewhere has another one."""
    return msgspec.json.encode((connection, str(record), field, lost)).decode()


def seal_name(entry: str) -> str:
    """The name under which the lost value of an entry of the log is sealed."""
    return f"conflict:{entry}"
