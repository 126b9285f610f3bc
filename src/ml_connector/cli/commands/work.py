"""Plan, apply, sync, and what a person decides about writing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Annotated, NamedTuple

from cyclopts import Parameter

from ml_connector.cli import render_plan, render_state
from ml_connector.cli.documents import plan_document, report_document
from ml_connector.cli.progress import stay
from ml_connector.cli.text import count, moment, safe, system_name
from ml_connector.model.errors import WrongUse

from .acting import UNSAID, By, who, who_if_said
from .common import USUAL, Common, look, run, show, title

if TYPE_CHECKING:
    from ml_connector.actions.compare import Comparison
    from ml_connector.actions.drain import DrainReport
    from ml_connector.actions.open import App
    from ml_connector.actions.plan import PlanView
    from ml_connector.actions.progress import Progress
    from ml_connector.actions.status import Status, Undone
    from ml_connector.cli.views import Names
    from ml_connector.model.people import Person


def plan(
    *,
    list_: Annotated[bool, Parameter(name="--list", help="List the plans made so far")] = False,
    show_: Annotated[str, Parameter(name="--show", help="Show a plan made before")] = "",
    all_: Annotated[bool, Parameter(name="--all", help="Show every entry, not the first ten")] = False,
    by: By = UNSAID,
    common: Common = USUAL,
) -> int:
    """Read what is due and show every entry and write. Nothing is written to either side."""
    common.check()
    from ml_connector.actions.plan import plans

    if list_:
        views = look(common, plans)
        show(
            common,
            "plans",
            [plan_document(view) for view in views],
            lambda width: render_plan.plan_rows(views, width, common.zone),
        )
        return 0
    actor = None if show_ else who_if_said(common, by)
    shown = run(common, lambda app, step: _planned(app, step, show_, actor))
    heading, left = title(common, shown.status.company), [] if show_ else _beside_a_plan(shown.view, shown.status)
    show(
        common, "plan", plan_document(shown.view, shown.status.company, left),
        lambda width: render_plan.plan_lines(
            shown.view, width, title=heading, whole=all_, names=shown.names, zone=common.zone,
            four_eyes=shown.four_eyes, left=left,
        ),
    )  # fmt: skip
    return 0 if show_ else int(shown.status.attention or bool(shown.view.unlisted or shown.view.unread))


def _beside_a_plan(view: PlanView, status: Status) -> list[Undone]:
    """What is left undone that the plan does not say itself."""
    return [item for item in status.undone() if not (item.planned and view.plan.writes)]


class _Shown(NamedTuple):
    view: PlanView
    status: Status
    names: Names
    four_eyes: bool


async def _planned(app: App, step: Progress, plan_id: str, actor: Person | None) -> _Shown:
    """A plan made before, or a new one by `actor`, with the names that its lines need."""
    from ml_connector.actions.apply import four_eyes
    from ml_connector.actions.plan import make_plan, names_of, plan_named
    from ml_connector.actions.status import current_status

    view = plan_named(app, plan_id) if actor is None else await make_plan(app, actor, step)
    names = await names_of(app) if view.plan.postings() else {}
    return _Shown(view, current_status(app), names, four_eyes(app))


def apply(
    plan_id: Annotated[str, Parameter(name="PLAN", help="Number of the plan, for example 2026-11-22-03")],
    /,
    *,
    yes: Annotated[bool, Parameter(help="Do not ask, even on a terminal")] = False,
    by: By = UNSAID,
    common: Common = USUAL,
) -> int:
    """Approve exactly the entries of a plan, and do all that is due."""
    common.check()
    from ml_connector.actions.apply import apply as action
    from ml_connector.actions.plan import plan_named
    from ml_connector.actions.status import current_status

    actor = who(common, by, "apply")
    if not (yes or common.json) and sys.stdin.isatty() and sys.stderr.isatty():
        view = look(common, lambda app: plan_named(app, plan_id))
        _ask(render_plan.question(view, title(common, look(common, current_status).company)))

    async def applied(app: App, step: Progress) -> tuple[DrainReport, Status]:
        return await action(app, plan_id, actor, step), current_status(app)

    report, status = run(common, applied)
    return _reported(common, report, status)


def _reported(common: Common, report: DrainReport, status: Status) -> int:
    """Show what a run did and what is left; 1 where somebody must look after something."""
    zone = common.zone
    show(
        common, "report", report_document(report, status), lambda w: render_state.report_lines(report, status, w, zone)
    )
    return int(status.attention)


def _ask(question: str) -> None:
    sys.stderr.write(f"{question}\nPosted entries cannot be edited or deleted from here. Type  apply  to go on: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != "apply":
        raise WrongUse("Nothing was applied.", "The plan stays as it is; run the command again when you are ready.")


def sync(
    *,
    once: Annotated[bool, Parameter(help="One pass, then end")] = False,
    no_wait: Annotated[
        bool, Parameter(name="--no-wait", help="End with 3 where another process keeps the connection in step already")
    ] = False,
    common: Common = USUAL,
) -> int:
    """Ask both sides what changed and do all that is due; without --once, again and again until stopped.

    A side that is away, limited or dead is waited for, and the other one goes on.
    """
    common.check()
    if not once:
        from ml_connector.actions.follow import follow

        common.screen.note("Syncing until stopped with Ctrl+C.")
        zone = common.zone
        run(common, lambda app, step: follow(app, step, _stamped(zone), _passed(app, zone), wait=not no_wait))
        return 0
    report, status, off = run(common, _synced)
    ended = _reported(common, report, status)
    if off:
        common.screen.note(off)
    return ended


def _stamped(zone: tzinfo) -> Callable[[str], None]:
    """Lines that stay on the screen, each with its time."""
    return lambda text: stay([f"{moment(datetime.now(UTC), zone)}  {safe(text)}"])


def _passed(app: App, zone: tzinfo) -> Callable[[DrainReport], None]:
    """A line for each pass: what was written, and the worst of what is left."""
    from ml_connector.actions.status import current_status

    say = _stamped(zone)

    def told(report: DrainReport) -> None:
        status = current_status(app)
        worst = next((f" {item.level}: {item.sentence}" for item in status.undone() if item.level == "FAIL"), "")
        say(f"{render_state.summed_up(report, status)}{worst}")

    return told


async def _synced(app: App, step: Progress) -> tuple[DrainReport, Status, str]:
    """What was done, what is left, and why no orders are posted if that is so."""
    from ml_connector.actions.doctor import orders_off
    from ml_connector.actions.status import current_status
    from ml_connector.actions.sync import sync as action

    report = await action(app, step)
    return report, current_status(app), await orders_off(app)


def backfill(
    *,
    compare_only: Annotated[
        bool, Parameter(name="--compare-only", help="Only compare ids: what was deleted, what was never heard of")
    ] = False,
    accept_vanished: Annotated[
        bool,
        Parameter(name="--accept-vanished", help="What a comparison withheld, because it was too much, is really gone"),
    ] = False,
    by: By = UNSAID,
    common: Common = USUAL,
) -> int:
    """Look at every record of both sides again, from the beginning. This reads everything, and reads are metered.

    With --compare-only only ids are read, about one call for 1,000 records. With --accept-vanished nothing is read.
    """
    common.check()
    if accept_vanished:
        return _accept_vanished(common, by)
    if compare_only:
        return _compare(common)
    from ml_connector.actions.backfill import backfill as action
    from ml_connector.actions.status import current_status

    async def done(app: App, step: Progress) -> tuple[dict[str, int], Status]:
        return await action(app, step), current_status(app)

    counts, status = run(common, done)
    lines = [
        f"{count(number, 'record')} of {system_name(name)} will be looked at again." for name, number in counts.items()
    ]
    show(
        common, "backfill", counts,
        lambda width: [*lines, *render_state.failing_lines(status, width), "Next:  ml-connector sync --once"],
    )  # fmt: skip
    return int(status.attention)


def _compare(common: Common) -> int:
    from ml_connector.actions.compare import compare_all, estimate

    expected = look(common, estimate)
    common.screen.note(
        "Comparing all ids: about " + ", ".join(f"{calls:,} reads of {name}" for name, calls in expected.items()) + "."
    )
    from ml_connector.actions.status import current_status

    async def done(app: App, step: Progress) -> tuple[list[Comparison], Status]:
        return await compare_all(app, step), current_status(app)

    rows, status = run(common, done)
    show(
        common, "compare", rows,
        lambda width: [*render_state.failing_lines(status, width), *render_state.comparison_lines(rows, width)],
    )  # fmt: skip
    return int(status.attention or any(row.why for row in rows))


def _accept_vanished(common: Common, by: By) -> int:
    from ml_connector.actions.compare import accept_vanished

    actor = who(common, by, "backfill --accept-vanished")
    number = look(common, lambda app: accept_vanished(app, actor))
    lines = [f"{number:,} records that have vanished will be treated as deleted.", "Next:  ml-connector sync --once"]
    show(common, "accept-vanished", {"accepted": number}, lambda _: lines)
    return 0
