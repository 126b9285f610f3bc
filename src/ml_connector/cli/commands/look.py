"""Where things stand, what is held, and the proof of a month."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ml_connector.cli import render_proof, render_records, render_state
from ml_connector.cli.documents import tie_out_document
from ml_connector.cli.render_conflicts import conflict_lines
from ml_connector.model.errors import WrongUse

from .common import USUAL, Common, look, run, show
from .connections import connections

if TYPE_CHECKING:
    from ml_connector.actions.open import App
    from ml_connector.actions.progress import Progress
    from ml_connector.actions.status import Status
    from ml_connector.cli.views import Names


def status(*, common: Common = USUAL) -> int:
    """Where the connection stands, from our own records; ends with 1 if somebody must look after something,
    3 while a side is away, limited or dead.

    Where there are several and none is named, all are listed.
    """
    if common.connection == "" and len(common.names()) > 1:
        return connections(common=common)
    common.check()
    from ml_connector.actions.status import current_status

    view = look(common, current_status)
    show(common, "status", view, lambda width: render_state.status_lines(view, width, common.zone))
    return view.exit_status


def holds(
    code: Annotated[str, Parameter(name="CODE", help="Only this reason, every record of it")] = "",
    /,
    *,
    common: Common = USUAL,
) -> int:
    """What is held, why, what it means in money, and what ends it; ends with 1 if something is overdue or unread."""
    common.check()
    from ml_connector.actions.holds import open_holds
    from ml_connector.actions.status import current_status

    views, status = look(common, lambda app: (open_holds(app, code), current_status(app)))
    zone, flags = common.zone, status.flags
    show(
        common, "holds", views, lambda width: render_records.hold_lines(views, width, code=code, zone=zone, flags=flags)
    )
    return int(any(view.overdue or view.unread for view in views))


def flags(
    name: Annotated[str, Parameter(name="FLAG", help="Only this mark, every record of it")] = "",
    /,
    *,
    common: Common = USUAL,
) -> int:
    """What was done but should be looked at by a person, and why."""
    common.check()
    from ml_connector.actions.flags import flags as action

    views = look(common, lambda app: action(app, name))
    show(common, "flags", views, lambda width: render_records.flag_lines(views, width, name=name))
    return 0


def explain(
    ref: Annotated[str, Parameter(name="SYSTEM:KIND:ID", help="For example quickbooks:Invoice:1043")],
    /,
    *,
    common: Common = USUAL,
) -> int:
    """Everything on record about one record: what was decided, written and linked, and what holds it."""
    common.check()
    from ml_connector.actions.explain import explain as action

    explained = look(common, lambda app: action(app, ref))
    show(common, "explained", explained, lambda width: render_records.explained_lines(explained, width, common.zone))
    return 0


def conflicts(
    *,
    values: Annotated[bool, Parameter(help="Show the values that gave way; who looked goes on record")] = False,
    common: Common = USUAL,
) -> int:
    """Fields that people changed on both sides, newest first: when, which record, who kept its own."""
    common.check()
    from ml_connector.actions.acting import os_user
    from ml_connector.actions.conflicts import entries, with_values

    views = look(common, lambda app: with_values(app, os_user()) if values else entries(app))
    zone = common.zone
    show(common, "conflicts", views, lambda width: conflict_lines(views, width, values=values, zone=zone))
    return 0


def reconcile(
    *,
    month: Annotated[str, Parameter(help="Month, for example 2026-11")],
    common: Common = USUAL,
) -> int:
    """Read both systems afresh and prove a month; ends with 1 if something is not explained."""
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", month):
        raise WrongUse("--month is no month.", "Write it as year and month, for example  --month 2026-11")
    common.check()
    from ml_connector.actions.plan import names_of
    from ml_connector.actions.reconcile import TieOut
    from ml_connector.actions.reconcile import reconcile as action
    from ml_connector.actions.status import current_status

    async def proved(app: App, _: Progress) -> tuple[TieOut, Names, Status]:
        return await action(app, [month]), await names_of(app), current_status(app)

    proof, names, status = run(common, proved)
    show(
        common,
        "tie-out",
        tie_out_document(proof),
        lambda width: render_proof.tie_out_lines(proof, width, common.zone, names, status),
    )
    return 0 if proof.agrees else 1
