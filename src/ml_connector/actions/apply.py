"""Do what a plan shows: its entries are approved byte for byte, and all that is due is done."""

from __future__ import annotations

from collections.abc import Mapping

from ml_connector.actions.acting import asks_for_proof, made_by_a_person, must_be
from ml_connector.actions.drain import DrainReport, connection_of, drain
from ml_connector.actions.last_run import on_record
from ml_connector.actions.plan import plan_view
from ml_connector.actions.progress import Progress, quiet
from ml_connector.app import App
from ml_connector.engine.intake import forget_changed
from ml_connector.engine.planner import Plan
from ml_connector.model.errors import ConnectorError, StateTampered, WrongUse
from ml_connector.model.people import Actor, name_of
from ml_connector.model.refs import Ref
from ml_connector.service.draining import all_well
from ml_connector.store.rows import PlanRow

RESTS_ON: Mapping[str, tuple[str, ...]] = {
    "quickbooks": ("accounts", "items", "departments", "classes", "preferences", "rate:"),
    "salesforce": ("currencies",),
}
"""Beginnings of the names of the tables that an entry is made of. Orders and customers are read in every run anyway."""


def four_eyes(app: App) -> bool:
    """Whether the one who applies a plan must not be the one who made it: everywhere but in a rehearsal."""
    return asks_for_proof(app)


async def apply(app: App, plan_id: str, actor: Actor, progress: Progress = quiet) -> DrainReport:
    """Approve the journal entries of a plan, byte for byte, and do all that is due.

    Outside a rehearsal by a proved approver; a plan with entries by another proved person than its maker.
    Everything is read and decided again, tables that changed since the plan too; an entry whose body came out otherwise
    is held as H-PLAN-STALE, not sent.
    """
    connection_of(app)
    must_be(app, actor, "apply", "approver")
    row = app.store.plan(app.connection.id, plan_id)
    plan = plan_view(row).plan if row.proved else Plan()  # nothing of one that was changed from outside is read
    refusal = _refusal(app, row, plan, actor)
    if refusal is not None:
        detail = {"what": "apply", "why": refusal.sentence, "hash": row.hash}
        app.store.audit(app.connection.id, actor, "refuse", row.id, detail, app.world.clock.now())
        raise refusal
    if plan.postings():
        await forget_changed(app.runtime, RESTS_ON)
    approve(app, row, plan, actor)
    with on_record(app):
        report = await drain(app, progress)
        all_well(app)
        return report


def _refusal(app: App, row: PlanRow, plan: Plan, actor: Actor) -> ConnectorError | None:
    """Why this person may not apply this plan; None if so."""
    if not row.proved:
        return StateTampered.of(f"plan {row.id}")
    if row.state != "open":
        return WrongUse(f"Plan {row.id} was applied already, by {row.applied_by}.", "Make a new plan.")
    if plan.digest() != row.hash:
        return WrongUse(f"Plan {row.id} was altered after it was made.", "Make a new plan.")
    return _one_of_two(app, row, actor) if plan.postings() and four_eyes(app) else None


def _one_of_two(app: App, row: PlanRow, actor: Actor) -> ConnectorError | None:
    """Why this person cannot be the second one for entries; None if so. Only proved people are compared."""
    if not made_by_a_person(app, row.made_by, row.made_at):
        return WrongUse(
            f"Plan {row.id} was made by {row.made_by}, which nobody has proved to be: no second person can be told.",
            "A preparer makes a new plan in a terminal, or with  --token-file FILE  :  ml-connector plan",
        )
    if name_of(actor) == row.made_by:
        return WrongUse(
            f"{row.made_by} made plan {row.id}, so another person must apply it.",
            "Ask an approver to run this command.",
        )
    return None


def approve(app: App, row: PlanRow, plan: Plan, actor: Actor) -> None:
    """Put the approvals of a plan on record, end the dry run, and knock on the orders that waited for it."""
    now = app.world.clock.now()
    hashes = {write.key: write.body_hash for write in plan.postings()}
    app.store.approve(app.connection.id, row.id, hashes, actor, now)
    app.store.audit(app.connection.id, actor, "apply", row.id, {"hash": row.hash, "entries": len(hashes)}, now)
    app.store.go_live(app.connection.id, now)
    knocks = [(write.flow, Ref.parse(write.record)) for write in plan.postings()]
    app.store.intake(app.connection.id, knocks, "approved", now)
