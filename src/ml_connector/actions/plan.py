"""See what would be done: plans are made, kept and shown here; nothing is written to either system."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from ml_connector.accounting.dims import label
from ml_connector.actions.acting import must_be
from ml_connector.actions.last_run import on_record
from ml_connector.actions.progress import Progress, quiet
from ml_connector.actions.sweep import sweep_all
from ml_connector.app import App
from ml_connector.engine.corridor import UNANSWERED
from ml_connector.engine.planner import Plan, PlannedHold, PlannedWrite, Planner
from ml_connector.model.errors import BadAnswer, ReadRefused, WrongUse
from ml_connector.model.people import Actor, Person, name_of
from ml_connector.model.refs import Ref
from ml_connector.store.rows import PlanRow


class PlanView(msgspec.Struct, frozen=True, kw_only=True):
    """A stored plan with its content.

    `unlisted`, of a plan just made: what a vendor did not say, so that it may be missing in the plan, in words.
    """

    id: str
    made_by: str
    made_at: datetime
    hash: str
    state: str
    plan: Plan
    unlisted: Sequence[str] = ()

    @property
    def unread(self) -> int:
        """Records of it that could not be read."""
        return sum(hold.code in UNANSWERED for hold in self.plan.holds)


async def make_plan(app: App, actor: Actor, progress: Progress = quiet, *, sweep_first: bool = True) -> PlanView:
    """Read everything that is due, decide it, and store the plan. Nothing is written to either system.

    `sweep_first=False` right after a sync: nothing new is asked for, only what waits for approval is planned.
    Anybody may look; a proved person who makes one must be a preparer.
    """
    if isinstance(actor, Person) and actor.proved:
        must_be(app, actor, "plan", "preparer")
    refused: list[ReadRefused] = []
    if sweep_first:
        with on_record(app):
            await sweep_all(app, progress, refused)
    progress("Planning", 0, 0)
    plan = await Planner(app.connection, app.runtime).make()
    now = app.world.clock.now()
    day = app.connection.today(now).isoformat()
    row = PlanRow("", now, name_of(actor), plan.digest(), msgspec.json.encode(plan).decode(), "open", "")
    row = app.store.save_plan(app.connection.id, day, row)
    look_again(app, plan)
    detail = {"hash": row.hash, "writes": len(plan.writes), "holds": len(plan.holds)}
    app.store.audit(app.connection.id, actor, "plan", row.id, detail, now)
    return msgspec.structs.replace(plan_view(row), unlisted=tuple(error.sentence for error in refused))


def look_again(app: App, plan: Plan) -> None:
    """What waits for an approval, but has nothing to approve by this plan: it is decided anew by the next sync.

    An entry may be there already, as after a database was brought back from a copy; an order may have been changed.
    """
    shown = {(write.flow, Ref.parse(write.record)) for write in plan.postings()}
    others = app.store.awaiting(app.connection.id) - shown
    app.store.intake(app.connection.id, sorted(others), "planned", app.world.clock.now())


def plan_view(row: PlanRow) -> PlanView:
    """A stored plan with its content decoded."""
    plan = msgspec.json.decode(row.content, type=Plan)
    return PlanView(id=row.id, made_by=row.made_by, made_at=row.made_at, hash=row.hash, state=row.state, plan=plan)


def plans(app: App) -> list[PlanView]:
    """All plans, newest first, but for those that were changed without the key."""
    return [plan_view(row) for row in app.store.plans(app.connection.id) if row.proved]


def plan_named(app: App, plan_id: str) -> PlanView:
    """One plan. Raises `WrongUse` if there is none of that number."""
    for view in plans(app):
        if view.id == plan_id:
            return view
    raise WrongUse("There is no such plan.", "List them with  ml-connector plan --list")


async def names_of(app: App) -> dict[str, dict[str, str]]:
    """What people call the QuickBooks accounts, departments and classes, by id. Costs no read after a plan.

    Without those of a table that cannot be read.
    """
    names: dict[str, dict[str, str]] = {}
    for table in ("accounts", "departments", "classes"):
        try:
            rows = (await app.tables.get(app.quickbooks, table, app.world.clock.now())).value
        except BadAnswer:  # ids stand in for names
            continue
        names[table] = {key: f"{getattr(row, 'acct_num', '')} {label(row, rows)}".strip() for key, row in rows.items()}
    return names


__all__ = [
    "Plan",
    "PlanView",
    "PlannedHold",
    "PlannedWrite",
    "look_again",
    "make_plan",
    "names_of",
    "plan_named",
    "plan_view",
    "plans",
]
