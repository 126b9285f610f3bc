"""What an operator may do. Every door (command line, web, demo) calls these."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import msgspec

from ml_connector.accounting.dims import label
from ml_connector.actions import conflicts as conflict_log
from ml_connector.actions.standing import Explained, HeldView, Overdue, Status, explain, holds, note_late, status
from ml_connector.app import App
from ml_connector.engine.gate import enough_clean
from ml_connector.engine.intake import listeners, release, sweep
from ml_connector.engine.planner import Plan, Planner
from ml_connector.engine.worker import Report, Worker
from ml_connector.flows.parties import pair_links
from ml_connector.model.errors import LimitReached, Stopped, Unreachable, WrongUse
from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import CLEAN_POSTINGS, SETTINGS, fired_by
from ml_connector.store.rows import PlanRow

AWAY = timedelta(minutes=1)


class Progress(Protocol):
    """Told how far a long action is. `total` 0 means that nobody knows."""

    def __call__(self, name: str, done: int, total: int) -> None: ...


def quiet(name: str, done: int, total: int) -> None:
    del name, done, total


class PlanView(msgspec.Struct, frozen=True, kw_only=True):
    """A stored plan with its content."""

    id: str
    made_by: str
    made_at: datetime
    hash: str
    state: str
    plan: Plan


async def sweep_all(app: App, progress: Progress = quiet) -> dict[str, int]:
    """Ask both systems what changed since last time, and take it in. Tasks knocked on, by system."""
    found = {}
    for index, name in enumerate(app.outside.systems):
        progress("Asking what changed", index, len(app.outside.systems))
        found[name] = await sweep(app.connection, app.outside, name)
    await release(app.connection, app.outside)
    note_rules(app)
    return found


def note_rules(app: App) -> None:
    """When the rules are no longer those of last time, what waits for settings is looked at again."""
    if app.store.changed_references(app.connection.id, {("settings", "rules"): app.rules.digest()}):
        app.store.fire(app.connection.id, [SETTINGS], app.world.clock.now())


async def make_plan(app: App, actor: str, progress: Progress = quiet, *, sweep_first: bool = True) -> PlanView:
    """Read everything that is due, decide it, and store the plan. Nothing is written to either system.

    `sweep_first=False` right after a sync: nothing new is asked for, only what waits for approval is planned.
    """
    if sweep_first:
        await sweep_all(app, progress)
    progress("Planning", 0, 0)
    plan = await Planner(app.connection, app.outside).make()
    now = app.world.clock.now()
    day = app.connection.today(now).isoformat()
    row = PlanRow("", now, actor, plan.digest(), msgspec.json.encode(plan).decode(), "open", "")
    row = app.store.save_plan(app.connection.id, day, row)
    look_again(app, plan)
    detail = {"hash": row.hash, "writes": len(plan.writes), "holds": len(plan.holds)}
    app.store.audit(app.connection.id, actor, "plan", row.id, detail, now)
    return plan_view(row)


def look_again(app: App, plan: Plan) -> None:
    """What waits for an approval, but has nothing to approve by this plan: it is decided anew by the next sync.

    An entry may be there already, as after a database was brought back from a copy; an order may have been changed.
    """
    shown = {(write.flow, Ref.parse(write.record)) for write in plan.postings()}
    others = app.store.awaiting(app.connection.id) - shown
    app.store.intake(app.connection.id, sorted(others), "planned", app.world.clock.now())


def plan_view(row: PlanRow) -> PlanView:
    plan = msgspec.json.decode(row.content, type=Plan)
    return PlanView(id=row.id, made_by=row.made_by, made_at=row.made_at, hash=row.hash, state=row.state, plan=plan)


def plans(app: App) -> list[PlanView]:
    """All plans, newest first."""
    return [plan_view(row) for row in app.store.plans(app.connection.id)]


async def names_of(app: App) -> dict[str, dict[str, str]]:
    """What people call the QuickBooks accounts, departments and classes, by id. Costs no read after a plan."""
    names: dict[str, dict[str, str]] = {}
    for table in ("accounts", "departments", "classes"):
        rows = (await app.tables.get(app.quickbooks, table, app.world.clock.now())).value
        names[table] = {key: f"{getattr(row, 'acct_num', '')} {label(row)}".strip() for key, row in rows.items()}
    return names


def four_eyes(app: App) -> bool:
    """Whether the one who applies a plan must not be the one who made it: everywhere but in a rehearsal."""
    side = app.settings.quickbooks
    return side is not None and side.environment != "rehearsal"


async def apply(app: App, plan_id: str, actor: str, progress: Progress = quiet) -> Report:
    """Approve the journal entries of a plan, byte for byte, and do all that is due.

    Everything is read and decided again; an entry whose body came out otherwise is held as H-PLAN-STALE, not sent.
    """
    row = app.store.plan(app.connection.id, plan_id)
    plan = plan_view(row).plan
    if row.state != "open":
        raise WrongUse(f"Plan {plan_id} was applied already, by {row.applied_by}.", "Make a new plan.")
    if plan.digest() != row.hash:
        raise WrongUse(f"Plan {plan_id} was altered after it was made.", "Make a new plan.")
    if plan.postings() and four_eyes(app) and actor == row.made_by:
        raise WrongUse(
            f"{actor} made plan {plan_id}, so another person must apply it.", "Ask an approver to run this command."
        )
    approve(app, row, plan, actor)
    return await drain(app, progress)


def approve(app: App, row: PlanRow, plan: Plan, actor: str) -> None:
    """Put the approvals of a plan on record, end the dry run, and knock on the orders that waited for it."""
    now = app.world.clock.now()
    hashes = {write.key: write.body_hash for write in plan.postings()}
    app.store.approve(app.connection.id, row.id, hashes, actor, now)
    app.store.audit(app.connection.id, actor, "apply", row.id, {"hash": row.hash, "entries": len(hashes)}, now)
    app.store.go_live(app.connection.id, now)
    knocks = [(write.flow, Ref.parse(write.record)) for write in plan.postings()]
    app.store.intake(app.connection.id, knocks, "approved", now)


async def drain(app: App, progress: Progress = quiet) -> Report:
    """Do all that is due now. Raises `Stopped` while writes are stopped or another run is at work."""
    connected = app.store.connection(app.connection.id)
    if connected is not None and connected.paused:
        raise Stopped(f"Writes are stopped: {connected.paused}.", "Resume them first:  ml-connector resume")
    report = await Worker(app.connection, app.outside, progress).drain()
    note_clean(app)
    return report


def note_clean(app: App) -> None:
    """When enough clean postings are on record, what only waited for that is looked at again."""
    if app.rules.auto_approve_limit <= 0:
        return
    enough = enough_clean(app.store, app.connection.id)
    if app.store.changed_references(app.connection.id, {("settings", "clean"): str(enough)}) and enough:
        app.store.fire(app.connection.id, [CLEAN_POSTINGS], app.world.clock.now())


async def sync(app: App, progress: Progress = quiet) -> Report:
    """One pass: sweep both systems, release what can go on, do all that is due. In dry run nothing is written."""
    try:
        await sweep_all(app, progress)
        connected = app.store.connection(app.connection.id)
        if connected is None or connected.live_since is None:
            raise Stopped(
                "This installation is in dry run: nothing was written.",
                "See what would be done with  ml-connector plan  and apply that plan.",
            )
        return await drain(app, progress)
    finally:
        # A side that is away is no reason to keep quiet about what waits too long, maybe for that side.
        note_late(app)
        conflict_log.forget_old(app)


async def backfill(app: App, progress: Progress = quiet) -> dict[str, int]:
    """Look at every record again, from the beginning, in the order of the flows."""
    for name in app.outside.systems:
        app.store.forget_position(app.connection.id, f"sweep:{name}")
    return await sweep_all(app, progress)


async def follow(app: App, progress: Progress = quiet) -> None:
    """Sync again and again at the cadence of the settings, sooner when something waits for a moment in between.

    A side that is away, or a limit that is used up, is waited for; a dead sign-in ends it.
    """
    while True:
        try:
            await sync(app, progress)
        except (Unreachable, LimitReached) as error:
            progress(f"{error.sentence} {error.remedy}", 0, 0)
            await app.world.clock.sleep(AWAY)
        else:
            await app.world.clock.sleep(_pause(app))


def _pause(app: App) -> timedelta:
    cadence = timedelta(minutes=app.settings.cadence.sweep_minutes)
    due = app.store.next_due(app.connection.id)
    return cadence if due is None else min(cadence, max(due - app.world.clock.now(), timedelta(seconds=1)))


def pause(app: App, actor: str, reason: str) -> None:
    """Stop all writes; reading goes on."""
    app.store.pause(app.connection.id, reason or "no reason given")
    app.store.audit(app.connection.id, actor, "stop", app.connection.id, {}, app.world.clock.now())


def resume(app: App, actor: str) -> None:
    app.store.pause(app.connection.id, "")
    app.store.audit(app.connection.id, actor, "resume", app.connection.id, {}, app.world.clock.now())


def declare_new(app: App, record: str, actor: str) -> None:
    """A person says: this customer (or account) has no counterpart yet; a review of it ends, a new one is made."""
    ref = Ref.parse(record)
    if (ref.system, ref.kind) not in (("quickbooks", "Customer"), ("salesforce", "Account")):
        raise WrongUse(f"{ref} is neither a customer nor an account.", "Name the record that is under review.")
    _decided(app, Link(Role.DECLARED_NEW, ref, ref), actor)


def declare_pair(app: App, customer: str, account: str, actor: str) -> None:
    """A person says: these two belong together. A pair that came about by a merge is confirmed by that.

    Raises `WrongUse` if one has another counterpart, unless that is gone.
    """
    left, right = Ref.parse(customer), Ref.parse(account)
    if (left.system, left.kind, right.system, right.kind) != ("quickbooks", "Customer", "salesforce", "Account"):
        raise WrongUse(
            "A pair is a customer and an account.", "Write quickbooks:Customer:<id> and salesforce:Account:<id>."
        )
    known = app.store.links_of(app.connection.id, Role.ACCOUNT, [left, right])
    vanished = any(row.code == "CUSTOMER-GONE" and row.ref == right for row in app.store.holds(app.connection.id))
    for link in pair_links.decided(left, right, known, vanished=vanished):
        _decided(app, link, actor)


def _decided(app: App, link: Link, actor: str) -> None:
    now = app.world.clock.now()
    app.store.put_link(app.connection.id, link, now)
    app.store.fire(app.connection.id, fired_by([link]), now)
    knocks = [knock for ref in (link.source, link.target) for knock in listeners(app.outside.flows, ref)]
    app.store.intake(app.connection.id, knocks, "decided", now)
    app.store.audit(app.connection.id, actor, "match", str(link.source), {"role": link.role}, now)


def rotate_keys(app: App) -> int:
    """Seal every secret and every lost value with a new key, then forget the old one. Returns how many were sealed.

    A value that changes meanwhile (a refreshed token) is not overwritten: it was sealed with the new key already.
    Raises `Stopped` while a run is at work: a value that it has sealed but not yet put down would be left behind.
    """
    with _run_of_our_own(app):
        return _rotated(app)


@contextmanager
def _run_of_our_own(app: App) -> Iterator[None]:
    """Nobody writes meanwhile. Before both sides are connected nobody could."""
    if app.store.connection(app.connection.id) is None:
        yield
        return
    token = app.store.take_run(app.connection.id, app.world.ids.token(), app.world.clock.now())
    if token is None:
        raise Stopped("Another run is at work on this connection.", "Wait for it to end, or stop it first.")
    try:
        yield
    finally:
        app.store.release_run(app.connection.id, token)


def _rotated(app: App) -> int:
    app.vault.new_key()
    now = app.world.clock.now()
    count = 0
    for owner, name, sealed in app.store.all_sealed():
        count += app.store.replace_sealed(owner, name, sealed, app.vault.reseal(sealed, owner, name), now)
    count += conflict_log.reseal(app)
    app.vault.forget_old(sealed for _, _, sealed in (*app.store.all_sealed(), *app.store.sealed_conflicts()))
    app.store.audit(app.connection.id, "setup", "rotate keys", app.connection.id, {"secrets": count}, now)
    return count


def backup(app: App, to: Path | None = None) -> Path:
    """Copy the state to a file while work goes on. Keys are not in it. Raises `WrongUse` for a database server."""
    stamp = app.world.clock.now().strftime("%Y%m%dT%H%M%SZ")
    file = to or app.settings.home / f"backup-{stamp}.db"
    if file.exists():
        raise WrongUse(f"{file} is already there.", "Name another file.")
    app.store.copy_to(file)
    return file


__all__ = ["Explained", "HeldView", "Overdue", "Status", "explain", "holds", "status"]
