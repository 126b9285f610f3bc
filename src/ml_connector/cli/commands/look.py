"""Where things stand, what is held, and the proof of a month."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ml_connector.cli import render_proof, render_state
from ml_connector.cli.documents import tie_out_document
from ml_connector.cli.render_conflicts import conflict_lines
from ml_connector.model.errors import WrongUse

from .common import USUAL, Common, actor, look, run, show

if TYPE_CHECKING:
    from ml_connector.app import App
    from ml_connector.cli.progress import Progress
    from ml_connector.cli.views import Names


def status(*, common: Common = USUAL) -> int:
    """Where the connection stands, from our own records; ends with 1 if something waits too long."""
    common.settings()
    from ml_connector import actions

    found = look(common, lambda app: actions.status(app))
    show(common, "status", found, lambda width: render_state.status_lines(found, width, common.zone))
    return int(found.attention)


def holds(
    code: Annotated[str, Parameter(name="CODE", help="Only this reason, every record of it")] = "",
    /,
    *,
    common: Common = USUAL,
) -> int:
    """What is held, why, what it means in money, and what ends it."""
    common.settings()
    from ml_connector import actions

    found = look(common, lambda app: actions.holds(app, code))
    zone = common.zone
    show(common, "holds", found, lambda width: render_state.hold_lines(found, width, code=code, zone=zone))
    return 0


def explain(
    ref: Annotated[str, Parameter(name="SYSTEM:KIND:ID", help="For example quickbooks:Invoice:1043")],
    /,
    *,
    common: Common = USUAL,
) -> int:
    """Everything on record about one record: what was decided, written and linked, and what holds it."""
    common.settings()
    from ml_connector import actions

    found = look(common, lambda app: actions.explain(app, ref))
    show(common, "explained", found, lambda width: render_state.explained_lines(found, width, common.zone))
    return 0


def conflicts(
    *,
    values: Annotated[bool, Parameter(help="Show the values that gave way; who looked goes on record")] = False,
    common: Common = USUAL,
) -> int:
    """Fields that people changed on both sides, newest first: when, which record, who kept its own."""
    common.settings()
    from ml_connector.actions import conflicts as conflict_log

    found = look(common, lambda app: conflict_log.with_values(app, actor()) if values else conflict_log.entries(app))
    zone = common.zone
    show(common, "conflicts", found, lambda width: conflict_lines(found, width, values=values, zone=zone))
    return 0


def reconcile(
    *,
    month: Annotated[str, Parameter(help="Month, for example 2026-11")],
    common: Common = USUAL,
) -> int:
    """Read both systems afresh and prove a month; ends with 1 if something is not explained."""
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", month):
        raise WrongUse("--month is no month.", "Write it as year and month, for example  --month 2026-11")
    common.settings()
    from ml_connector import actions
    from ml_connector.tieout.read import TieOut, tie_out

    async def proved(app: App, _: Progress) -> tuple[TieOut, Names]:
        return await tie_out(app, [month]), await actions.names_of(app)

    found, names = run(common, proved)
    show(
        common,
        "tie-out",
        tie_out_document(found),
        lambda width: render_proof.tie_out_lines(found, width, common.zone, names),
    )
    return 0 if found.agrees else 1
