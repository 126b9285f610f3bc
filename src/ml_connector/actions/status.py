"""Where the connection stands, from our own records; no vendor is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from ml_connector.actions.holds import hours_since, is_late
from ml_connector.app import App
from ml_connector.model.errors import WrongUse
from ml_connector.store.rows import Comparison, HeldRow


class Overdue(msgspec.Struct, frozen=True, kw_only=True):
    """Holds of one code that should have ended by themselves: how many, and how long the oldest has lasted."""

    code: str
    count: int
    since: datetime
    hours: int


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Where the connection stands, from our own records; no vendor is asked.

    `conflicts` are those whose lost value can still be read. `compared` says of each kind when all its ids were
    compared with ours, what that found, and whether it is under way.
    """

    company: str
    realm_id: str
    org_id: str
    environment: str
    dry_run: bool
    paused: str
    waiting: Mapping[str, int]
    open_writes: int
    holds: Mapping[str, int]
    swept: Mapping[str, str]
    plans_open: int
    overdue: Sequence[Overdue] = ()
    conflicts: int = 0
    compared: Sequence[Comparison] = ()

    @property
    def attention(self) -> bool:
        """Whether somebody must look after something that was to end by itself."""
        return bool(self.overdue)


def current_status(app: App) -> Status:
    """Raises `WrongUse` before both sides are connected."""
    connected = app.store.connection(app.connection.id)
    if connected is None:
        raise WrongUse("The two sides are not connected yet.", "Run  ml-connector connect quickbooks  and  salesforce")
    held = app.store.holds(app.connection.id)
    by_code: dict[str, int] = {}
    for row in held:
        by_code[row.code] = by_code.get(row.code, 0) + 1
    quickbooks = app.settings.quickbooks
    return Status(
        company=connected.company,
        realm_id=connected.realm_id,
        org_id=connected.org_id,
        environment=quickbooks.environment if quickbooks else "",
        dry_run=connected.live_since is None,
        paused=connected.paused,
        waiting=app.store.unserved(app.connection.id),
        open_writes=len(app.store.open_writes(app.connection.id)),
        holds=by_code,
        swept={name: at.isoformat() for name, at in app.store.swept(app.connection.id).items()},
        plans_open=sum(row.state == "open" for row in app.store.plans(app.connection.id)),
        overdue=_overdue(held, app.world.clock.now()),
        conflicts=app.store.count_conflicts(app.connection.id),
        compared=app.store.comparisons(app.connection.id),
    )


def _overdue(held: Sequence[HeldRow], now: datetime) -> list[Overdue]:
    """By code, the one that has waited longest first."""
    late: dict[str, list[datetime]] = {}
    for row in held:
        if is_late(row, now):
            late.setdefault(row.code, []).append(row.since)
    overdue = [
        Overdue(code=code, count=len(times), since=min(times), hours=hours_since(min(times), now))
        for code, times in late.items()
    ]
    return sorted(overdue, key=lambda holds: (holds.since, holds.code))
