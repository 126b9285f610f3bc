"""Plan, apply, sync, and what a person decides about writing."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ml_connector.cli import render_plan, render_state
from ml_connector.model.errors import WrongUse

from .common import USUAL, Common, action, actor, awaited, look, run, show, title

if TYPE_CHECKING:
    from ml_connector.actions import PlanView


def plan(
    *,
    list_: Annotated[bool, Parameter(name="--list", help="List the plans made so far")] = False,
    show_: Annotated[str, Parameter(name="--show", help="Show a plan made before")] = "",
    all_: Annotated[bool, Parameter(name="--all", help="Show every entry, not the first ten")] = False,
    common: Common = USUAL,
) -> int:
    """Read what is due and show every entry and write. Nothing is written to either side."""
    common.settings()
    from ml_connector import actions

    if list_:
        views = look(common, lambda app: actions.plans(app))
        show(common, "plans", views, lambda width: render_plan.plan_rows(views, width, common.zone))
        return 0
    if show_:
        view = look(common, lambda app: _found(actions.plans(app), show_))
    else:
        view = run(common, lambda app, step: actions.make_plan(app, actor(), step))
    names = getattr(view, "names", None)
    heading = title(common, getattr(view, "company", ""))
    show(
        common, "plan", view,
        lambda width: render_plan.plan_lines(view, width, title=heading, whole=all_, names=names, zone=common.zone),
    )  # fmt: skip
    return 0


def _found(views: list[PlanView], plan_id: str) -> PlanView:
    for view in views:
        if view.id == plan_id:
            return view
    raise WrongUse("There is no such plan.", "List them with  ml-connector plan --list")


def apply(
    plan_id: Annotated[str, Parameter(name="PLAN", help="Number of the plan, for example 2026-11-22-03")],
    /,
    *,
    yes: Annotated[bool, Parameter(help="Do not ask, even on a terminal")] = False,
    common: Common = USUAL,
) -> int:
    """Approve exactly the entries of a plan, and do all that is due."""
    common.settings()
    from ml_connector import actions

    if not (yes or common.json) and sys.stdin.isatty() and sys.stderr.isatty():
        view = look(common, lambda app: _found(actions.plans(app), plan_id))
        _ask(render_plan.question(view, title(common, "")))
    report = run(common, lambda app, step: actions.apply(app, plan_id, actor(), step))
    show(common, "report", report, lambda width: render_state.report_lines(report, width))
    return 0


def _ask(question: str) -> None:
    sys.stderr.write(f"{question}\nPosted entries cannot be edited or deleted from here. Type  apply  to go on: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != "apply":
        raise WrongUse("Nothing was applied.", "The plan stays as it is; run the command again when you are ready.")


def sync(
    *,
    once: Annotated[bool, Parameter(help="One pass, then end")] = False,
    common: Common = USUAL,
) -> int:
    """Ask both sides what changed and do all that is due; without --once, again and again until stopped."""
    common.settings()
    from ml_connector import actions

    if not once:
        common.screen.note("Syncing until stopped with Ctrl+C.")
        with contextlib.suppress(KeyboardInterrupt):
            run(common, actions.follow)
        return 0
    report = run(common, actions.sync)
    show(common, "report", report, lambda width: render_state.report_lines(report, width))
    return 0


def backfill(*, common: Common = USUAL) -> int:
    """Look at every record of both sides again, from the beginning. This reads everything, and reads are metered."""
    common.settings()
    from ml_connector import actions

    found = run(common, actions.backfill)
    lines = [f"{number:,} records of {name} will be looked at again." for name, number in found.items()]
    show(common, "backfill", found, lambda _: [*lines, "Next:  ml-connector sync --once"])
    return 0


def sign_off(*, common: Common = USUAL) -> int:
    """Sign the posting template off, in your name. Needed before the first entry is posted."""
    who = actor()
    run(common, lambda app, _: awaited(action("sign_off")(app, who)))
    done = {"signed_off_by": who}
    show(common, "sign-off", done, lambda _: [f"The template is signed off by {who}.", "Next:  ml-connector plan"])
    return 0


def stop(
    reason: Annotated[str, Parameter(name="REASON", help="Why, for the audit log")] = "",
    /,
    *,
    common: Common = USUAL,
) -> int:
    """Stop all writes. Reading goes on, so that nothing is missed meanwhile."""
    common.settings()
    from ml_connector import actions

    look(common, lambda app: actions.pause(app, actor(), reason))
    show(common, "writes", {"stopped": True}, lambda _: ["Writes are stopped.", "Next:  ml-connector resume"])
    return 0


def resume(*, common: Common = USUAL) -> int:
    """Allow writes again."""
    common.settings()
    from ml_connector import actions

    look(common, lambda app: actions.resume(app, actor()))
    show(common, "writes", {"stopped": False}, lambda _: ["Writes go on.", "Next:  ml-connector sync --once"])
    return 0
