"""Which writes go out together. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from ml_connector.model.plans import Digest, OpenWrite, Write

from .prepared import PreparedWrite

ONE_BY_ONE = 2
"""After as many failures a batch is taken apart: one of its writes may be what the vendor cannot take."""


def chosen(writes: Iterable[PreparedWrite]) -> tuple[list[PreparedWrite], list[PreparedWrite]]:
    """Those that may go out now, and those that wait for them because they claim the same key or name."""
    taken: set[str] = set()
    now, later = [], []
    for prepared in writes:
        claims = _claims(prepared.write)
        if taken & claims:
            later.append(prepared)
        else:
            taken |= claims
            now.append(prepared)
    return now, later


def claimed(
    writes: Iterable[PreparedWrite], under_way: Iterable[Write], others: Iterable[str] = ()
) -> tuple[list[PreparedWrite], list[PreparedWrite]]:
    """Those that may go out, and those whose key, name or counterpart is claimed by a write that is under way.

    `others` are further claims, `<system>:<kind>:<key>`.
    """
    taken: set[str] = set(others).union(*map(_claims, under_way))
    free: list[PreparedWrite] = []
    busy: list[PreparedWrite] = []
    for prepared in writes:
        (busy if taken & _claims(prepared.write) else free).append(prepared)
    return free, busy


def _claims(write: Write) -> set[str]:
    exclusive = {f"{d.role}>{d.target}" for d in write.links if d.exclusive and d.target and d.target.id}
    return {f"{write.system}:{write.kind}:{write.key}", *write.claims, *exclusive}


def limit_for(write: Write, sizes: Mapping[str, int]) -> int:
    """How many such writes a request takes: `sizes` by `"<action> <kind>"`, else the action, else `""`, else one."""
    for name in (f"{write.action} {write.kind}", write.action, ""):
        if name in sizes:
            return sizes[name]
    return 1


def grouped(writes: Iterable[PreparedWrite], sizes: Mapping[str, Mapping[str, int]]) -> list[list[PreparedWrite]]:
    """Batches by system, kind, action and key field, each within the vendor's limit; order is kept within a batch."""
    groups: dict[tuple[str, str, str, str], list[PreparedWrite]] = {}
    for prepared in writes:
        write = prepared.write
        groups.setdefault((write.system, write.kind, write.action, write.key_field), []).append(prepared)
    batches = []
    for members in groups.values():
        size = limit_for(members[0].write, sizes[members[0].write.system])
        batches += [members[start : start + size] for start in range(0, len(members), size)]
    return batches


def smaller(size: int, failures: int) -> int:
    """How many go out together after so many failures: 30 become one at once, 1,000 become 33 and then one."""
    return size if failures < ONE_BY_ONE else max(1, size // 30 ** (failures - 1))


def identity(write: Write, body: bytes, digest: Digest) -> str:
    """The text behind the idempotency key: the key of a new record; for an update also what it changes from and to.

    Idempotency keys are kept: without a key nobody can guess a body back from one.
    """
    if write.action == "create":
        return write.key
    return f"{write.key}|{write.sync_token}|{digest(hashlib.sha256(body).hexdigest())}"


def request_id(text: str, generation: int = 1) -> str:
    """The idempotency key of a write: first 32 hex characters of SHA-256 (accounting-rules B.11).

    After a final refusal the next generation hashes the same text with `|2`, `|3`, ... added.
    """
    return _digest(text, generation)[:32]


def batch_id(texts: Sequence[tuple[str, int]]) -> str:
    """The idempotency key of a batch: SHA-256 over the sorted full hashes of its items, joined by `|` (B.11)."""
    if len(texts) == 1:
        return request_id(*texts[0])
    return hashlib.sha256("|".join(sorted(_digest(*text) for text in texts)).encode()).hexdigest()[:32]


def _digest(text: str, generation: int) -> str:
    return hashlib.sha256((text if generation == 1 else f"{text}|{generation}").encode()).hexdigest()


def in_batches(writes: Iterable[OpenWrite]) -> list[list[OpenWrite]]:
    """Open writes in the batches they went out in."""
    by_batch: dict[str, list[OpenWrite]] = {}
    for write in writes:
        by_batch.setdefault(write.batch_id, []).append(write)
    return [sorted(batch, key=lambda w: w.position) for batch in by_batch.values()]
