"""Steps: time, the connector at work, and what disturbs it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ml_connector.actions import pause
from ml_connector.actions.apply import apply as apply_plan
from ml_connector.actions.backfill import backfill as look_at_all
from ml_connector.actions.drain import DrainReport
from ml_connector.actions.match import declare_new
from ml_connector.actions.open import App
from ml_connector.actions.plan import PlanView, make_plan
from ml_connector.actions.sync import sync as sync_once
from ml_connector.model.errors import WrongUse
from ml_connector.rehearsal import inside

from .play import Play, Ready
from .values import instant

PREPARER, APPROVER = "Mia Chen", "Ana Ortiz"
_ROUNDS = 6
_SHORT = Decimal("0.2")
_FAULT_KEYS = (
    *("vendor", "method", "path", "body", "skip", "status", "code", "message", "retry_after", "done", "shape", "text"),
    *("probability", "element", "whole"),
)


def _done(play: Play, *reports: DrainReport) -> None:
    play.written = sum(report.written for report in reports)
    play.synced = True
    play.stage.forget()


async def sync(play: Play, entry: Ready) -> None:
    """`sync`: one pass."""
    _done(play, await sync_once(await play.app()))


async def plan(play: Play, entry: Ready) -> None:
    """`plan`: make one, by the preparer unless another name is given; its hash can be filled in."""
    name = "" if entry.value is True else str(entry.value)
    view = await make_plan(await play.app(), entry.text("by") or PREPARER)
    play.plans.append((name, view))
    play.names.facts |= {f"plan:{key}": view.hash for key in (name, "last") if key}
    _done(play)


async def apply(play: Play, entry: Ready) -> None:
    """`apply`: approve and apply the last plan, or the one of that name."""
    view = find_plan(play, "" if entry.value is True else str(entry.value))
    _done(play, await apply_plan(await play.app(), view.id, entry.text("by") or APPROVER))


def find_plan(play: Play, name: str) -> PlanView:
    """The plan of that name, or the last one. Raises `WrongUse`."""
    plans = [view for known, view in play.plans if not name or name in (known, view.id)]
    if not plans:
        raise WrongUse(f"There is no plan {name}.".replace(" .", "."), 'Make one before:  plan = "..."')
    return plans[-1]


async def approve_and_apply(play: Play, entry: Ready) -> None:
    """Plan, approve, apply, and once more as long as something new waits for approval."""
    app, reports = await play.app(), []
    for number in range(_ROUNDS):
        view = await make_plan(app, PREPARER, sweep_first=not number)
        play.plans.append(("", view))
        reports.append(await apply_plan(app, view.id, entry.text("by") or APPROVER))
        if not _goes_on(app, reports[-1]):
            break
    _done(play, *reports)


def _goes_on(app: App, report: DrainReport) -> bool:
    return inside.awaits_approval(app) and report.written > 0


async def clock(play: Play, entry: Ready) -> None:
    """`clock`: to an instant, or to noon of a day of the company."""
    value: date | datetime = entry.value
    await play.stage.set_clock(instant(value, play.stage.zone, 12))


async def advance(play: Play, entry: Ready) -> None:
    """`advance`: by a length of time."""
    await play.stage.set_clock(play.stage.now() + entry.value)


async def fault(play: Play, entry: Ready) -> None:
    """`fault`: what a vendor does wrong with the next requests that fit, once or `count` times."""
    order: dict[str, Any] = {name: entry.args[name] for name in _FAULT_KEYS if name in entry.args}
    order |= await _at_record(play, entry)
    order |= {"kind": entry.value, "count": entry.get("count", 1)}
    if "seconds" in entry.args or str(entry.value).startswith("timeout"):
        order["seconds"] = entry.get("seconds") or _SHORT
    await play.stage.door.ask("POST", "/faults", {"add": [order]})


async def _at_record(play: Play, entry: Ready) -> dict[str, Any]:
    """Which record a fault is at, with its vendor; nothing where it strikes requests by their form."""
    meeting = {"on": entry.get("on", "any")}
    if name := entry.text("of"):
        refs = [ref for ref in await play.names.refs(name) if entry.text("vendor") in ("", ref.system)]
        if len(refs) != 1:
            raise WrongUse(f"{entry.entry.where}: {name!r} is not one record.", "Say which vendor, or kind:name.")
        return {"vendor": refs[0].system, "record": {"kind": refs[0].kind, "id": refs[0].id, **meeting}}
    if kind := entry.text("kind"):
        return {"record": {"kind": kind, "where": entry.get("where") or {}, **meeting}}
    return {}


async def clear_faults(play: Play, entry: Ready) -> None:
    """`clear_faults`: both vendors work as they should."""
    await play.stage.door.ask("POST", "/faults", {"clear": True})


async def restart(play: Play, entry: Ready) -> None:
    """`restart`: end the connector, start it on what it kept."""
    await play.restart()


async def settings(play: Play, entry: Ready) -> None:
    """Other settings, as somebody who edits them; what waits for settings is looked at again."""
    inside.settings_were_changed(await play.restart(entry.value))


async def stop(play: Play, entry: Ready) -> None:
    """`stop`: stop all writes, with the reason."""
    pause.pause(await play.app(), entry.text("by") or APPROVER, str(entry.value))


async def resume(play: Play, entry: Ready) -> None:
    """`resume`: let writes go on."""
    await pause.resume(await play.app(), entry.text("by") or APPROVER)


async def backfill(play: Play, entry: Ready) -> None:
    """`backfill`: knock on every record of both systems, without serving any."""
    await look_at_all(await play.app())
    _done(play)


async def match_new(play: Play, entry: Ready) -> None:
    """`match_new`: say of a customer or account that it has no counterpart."""
    ref = await play.names.ref(str(entry.value), "customer", "account")
    declare_new(await play.app(), str(ref), entry.text("by") or PREPARER)


async def mark(play: Play, entry: Ready) -> None:
    """`mark`: name this place in the log of requests, for `requests`."""
    play.marks[str(entry.value)] = await play.counted()
