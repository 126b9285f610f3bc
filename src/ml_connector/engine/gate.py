"""What needs an approval goes out only with one (docs/decisions/0005, 0006)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum

import msgspec

from ml_connector.model import rules
from ml_connector.model.plans import Write
from ml_connector.model.triggers import CLEAN_POSTINGS, Trigger
from ml_connector.store import Store
from ml_connector.store.rows import Approved, SmallWrite

from .prepared import PreparedWrite


class GateAnswer(Enum):
    """May a write go out?"""

    GO = "go"
    """It needs no approval, or exactly this body was approved."""
    WAIT = "wait"
    """Nobody has approved anything under its key yet."""
    STALE = "stale"
    """Another body was approved: what it rests on has moved since, and a person must see it anew."""
    DISTRUST = "distrust"
    """The approval that stands in the state was not given here."""


class Gate(msgspec.Struct, frozen=True):
    """`approved`: what people approved, by the key of the write."""

    approved: Mapping[str, Approved]

    def check(self, prepared: PreparedWrite) -> GateAnswer:
        """Whether it may go out: the approval binds the digest of the body, not the key alone (decision 0005)."""
        if not prepared.write.needs_approval:
            return GateAnswer.GO
        approved = self.approved.get(prepared.write.key)
        if approved is None:
            return GateAnswer.WAIT
        if not approved.proved:
            return GateAnswer.DISTRUST
        return GateAnswer.GO if approved.digest == prepared.approval else GateAnswer.STALE


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
    store: Store, connection: str, fencing_token: int, small: Sequence[PreparedWrite], now: datetime
) -> bool:
    """Approve these writes by the limit, on record with the reason; False if that is not allowed yet."""
    if not small or not enough_clean(store, connection):
        return False
    rows = [
        SmallWrite(key=write.key, approval=prepared.approval, label=write.label, detail=write.unattended.detail)
        for prepared in small
        if (write := prepared.write).unattended is not None
    ]
    store.approve_small(connection, fencing_token, rows, now)
    return True
