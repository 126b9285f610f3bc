"""What needs an approval goes out only with one (docs/decisions/0005, 0006)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from ml_connector.model import rules
from ml_connector.model.plans import Write
from ml_connector.model.triggers import CLEAN_POSTINGS, Trigger
from ml_connector.store import Store
from ml_connector.store.rows import SmallWrite

T = TypeVar("T")


class Gate(msgspec.Struct, frozen=True):
    """May a write that needs approval go out? Answers `go`, `wait`, or the hold that stops it."""

    approved: Mapping[str, str]

    def check(self, write: Write, approval: str) -> str:
        if not write.needs_approval:
            return "go"
        known = self.approved.get(write.key)
        if known is None:
            return "wait"
        return "go" if known == approval else "stale"


def approval_of(write: Write, body: bytes) -> str:
    """What an approval binds: SHA-256 of the exact body, and of those that are approved with it and follow."""
    after = write.together.followers if write.together else ""
    return hashlib.sha256(body + after.encode()).hexdigest()


def waits_for(write: Write) -> tuple[Trigger, ...]:
    """The triggers upon which a write that waits for a person may go out without one."""
    if write.unattended is None:
        return ()
    return (*write.unattended.waits_for, CLEAN_POSTINGS) if is_small(write) else write.unattended.waits_for


def is_small(write: Write) -> bool:
    """Whether it may go out without a person's approval, once enough others went well."""
    return write.unattended is not None and write.unattended.within


def enough_clean(store: Store, connection: str) -> bool:
    """Whether people approved enough entries that went well (accounting-rules 0.4)."""
    return store.clean_postings(connection, rules.CLEAN_POSTINGS) >= rules.CLEAN_POSTINGS


def approve_small(
    store: Store, connection: str, token: int, small: Sequence[tuple[T, Write, str]], now: datetime
) -> bool:
    """Approve these writes by the limit, on record with the reason; False if that is not allowed yet."""
    if not small or not enough_clean(store, connection):
        return False
    rows = [
        SmallWrite(key=write.key, approval=approval, label=write.label, detail=write.unattended.detail)
        for _, write, approval in small
        if write.unattended is not None
    ]
    store.approve_small(connection, token, rows, now)
    return True
