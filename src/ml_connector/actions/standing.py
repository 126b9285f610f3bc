"""Where things stand, from our own records; no vendor is asked: what is held, what is late, one record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
import structlog

from ml_connector.actions import conflicts as conflict_log
from ml_connector.app import App
from ml_connector.engine.intake import listeners
from ml_connector.model.errors import WrongUse
from ml_connector.model.holds import ALLOWED, render, who_acts
from ml_connector.model.refs import Ref
from ml_connector.model.roles import Role
from ml_connector.store.rows import HeldRow

_HOUR = timedelta(hours=1)
_log = structlog.get_logger("holds")


class HeldView(msgspec.Struct, frozen=True, kw_only=True):
    """A hold as people read it. `amount` in `currency`.

    `owner` is who acts. `overdue`: it should have ended by itself long ago; owner and remedy then say who looks after
    it, and how. `hours` is how long it has lasted.
    """

    code: str
    flow: str
    record: str
    sentence: str
    meaning: str
    remedy: str
    amount: Decimal | None
    currency: str
    since: datetime
    owner: str = ""
    overdue: bool = False
    hours: int = 0


class Overdue(msgspec.Struct, frozen=True, kw_only=True):
    """Holds of one code that should have ended by themselves: how many, and how long the oldest has lasted."""

    code: str
    count: int
    since: datetime
    hours: int


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Where the connection stands, from our own records; no vendor is asked.

    `conflicts` are those whose lost value can still be read.
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

    @property
    def attention(self) -> bool:
        """Whether somebody must look after something that was to end by itself."""
        return bool(self.overdue)


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on record about one record: verdict, links, writes, hold, flags, conflicts without their values."""

    record: str
    verdicts: Mapping[str, str]
    links: Sequence[str]
    writes: Sequence[str]
    holds: Sequence[HeldView]
    flags: Sequence[str]
    conflicts: Sequence[conflict_log.ConflictView] = ()


def holds(app: App, code: str = "") -> list[HeldView]:
    """All open holds, or those of one code, in words; first those that should have ended by themselves."""
    found = [view for view in _views(app) if not code or view.code == code]
    return sorted(found, key=lambda view: not view.overdue)


def _views(app: App) -> list[HeldView]:
    now = app.world.clock.now()
    return [_view(row, now) for row in app.store.holds(app.connection.id)]


def _view(row: HeldRow, now: datetime) -> HeldView:
    overdue = _is_late(row, now)
    words = render(row.code, row.facts, row.amount, row.currency, late=overdue)
    return HeldView(
        code=row.code,
        flow=row.flow,
        record=str(row.ref),
        sentence=words.sentence,
        meaning=words.meaning,
        remedy=words.remedy,
        amount=row.amount,
        currency=row.currency,
        since=row.since,
        owner=who_acts(row.code, row.facts, late=overdue),
        overdue=overdue,
        hours=(now - row.since) // _HOUR,
    )


def _is_late(row: HeldRow, now: datetime) -> bool:
    return row.code in ALLOWED and now - row.since >= ALLOWED[row.code]


def note_late(app: App) -> None:
    """Tell once of each hold that has lasted longer than it should: in the log, and in the audit chain."""
    now = app.world.clock.now()
    for late in app.store.tell_late(app.connection.id, ALLOWED, "ml-connector", now):
        hours = (now - late.since) // _HOUR
        _log.warning("a hold lasts too long", code=late.code, flow=late.flow, record=str(late.ref), hours=hours)


def status(app: App) -> Status:
    connected = app.store.connection(app.connection.id)
    if connected is None:
        raise WrongUse("The two sides are not connected yet.", "Run  ml-connector connect quickbooks  and  salesforce")
    held = app.store.holds(app.connection.id)
    by_code: dict[str, int] = {}
    for row in held:
        by_code[row.code] = by_code.get(row.code, 0) + 1
    side = app.settings.quickbooks
    return Status(
        company=connected.company,
        realm_id=connected.realm_id,
        org_id=connected.org_id,
        environment=side.environment if side else "",
        dry_run=connected.live_since is None,
        paused=connected.paused,
        waiting=app.store.unserved(app.connection.id),
        open_writes=len(app.store.open_writes(app.connection.id)),
        holds=by_code,
        swept={name: at.isoformat() for name, at in app.store.swept(app.connection.id).items()},
        plans_open=sum(row.state == "open" for row in app.store.plans(app.connection.id)),
        overdue=_overdue(held, app.world.clock.now()),
        conflicts=app.store.count_conflicts(app.connection.id),
    )


def _overdue(held: Sequence[HeldRow], now: datetime) -> list[Overdue]:
    """By code, the one that has waited longest first."""
    late: dict[str, list[datetime]] = {}
    for row in held:
        if _is_late(row, now):
            late.setdefault(row.code, []).append(row.since)
    found = [
        Overdue(code=code, count=len(times), since=min(times), hours=(now - min(times)) // _HOUR)
        for code, times in late.items()
    ]
    return sorted(found, key=lambda each: (each.since, each.code))


def explain(app: App, name: str) -> Explained:
    """What is on record about `system:kind:id`. Raises `WrongUse` if nothing is."""
    ref = Ref.parse(name)
    flows = [flow for flow, _ in listeners(app.outside.flows, ref)]
    verdicts = {flow: verdict for flow in flows if (verdict := app.store.verdict(app.connection.id, flow, ref))}
    links = [
        f"{link.role}: {link.source} -> {link.target}"
        for role in Role
        for link in app.store.links_of(app.connection.id, role, [ref])[ref]
    ]
    writes = [
        f"{at.isoformat()} {step} {state} {result}".rstrip()
        for flow in flows
        for state, step, result, at in app.store.written(app.connection.id, flow, ref)
    ]
    conflicts = conflict_log.entries(app, ref)
    if not verdicts and not links and not conflicts:
        raise WrongUse(f"Nothing is on record about {ref}.", "Check the id; it is seen after the next sync.")
    return Explained(
        record=str(ref),
        verdicts=verdicts,
        links=links,
        writes=writes,
        holds=[view for view in _views(app) if view.record == str(ref)],
        flags=[flag for _, flagged, flag in app.store.flags(app.connection.id) if flagged == ref],
        conflicts=conflicts,
    )
