"""Plays a scenario file from its first entry to its last."""

from __future__ import annotations

import logging
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog

from ml_connector.actions.progress import Progress
from ml_connector.model.errors import ConnectorError

from . import catalog, check_entries, check_rules, checks, forms, parties, sales, set_up, steps, user_actions
from .catalog import close_books
from .play import Check, Play
from .reader import Entry, Scenario, read
from .stage import Opens, Stage, on_sockets
from .values import instant

DOES: Mapping[str, Callable[..., Awaitable[None]]] = {
    "business": parties.business,
    "customer": parties.customer,
    "account": parties.account,
    "contact": parties.contact,
    "vendor": parties.vendor,
    "employee": parties.employee,
    "item": catalog.item,
    "gl_account": catalog.gl_account,
    "department": catalog.dimension,
    "class": catalog.dimension,
    "exchange_rate": catalog.exchange_rate,
    "preferences": catalog.preferences,
    "books_closed": catalog.books_closed,
    "order": sales.order,
    "opportunity": sales.opportunity,
    "products": sales.products,
    "invoice": forms.form,
    "credit_memo": forms.form,
    "sales_receipt": forms.form,
    "payment": forms.payment,
    "manual_entry": forms.manual_entry,
    "update": user_actions.update,
    "delete": user_actions.on_record,
    "void": user_actions.on_record,
    "deactivate": user_actions.switch_on_or_off,
    "activate": user_actions.switch_on_or_off,
    "rename": user_actions.rename,
    "merge": user_actions.merge,
    "act": user_actions.act,
    "switch": user_actions.switch,
    "org": set_up.org,
    "company": set_up.company,
    "field_rights": set_up.field_rights,
    "object_rights": set_up.object_rights,
    "permission": set_up.permission,
    "freeze_user": set_up.freeze_user,
    "state_country_picklists": set_up.state_country_picklists,
    "picklist": set_up.picklist,
    "sales_stage": set_up.sales_stage,
    "duplicate_rule": set_up.duplicate_rule,
    "validation_rule": set_up.validation_rule,
    "custom_field": set_up.custom_field,
    "remove_field": set_up.remove_field,
    "late_commit": set_up.late_commit,
    "approve_and_apply": steps.approve_and_apply,
    "sync": steps.sync,
    "plan": steps.plan,
    "apply": steps.apply,
    "clock": steps.clock,
    "advance": steps.advance,
    "fault": steps.fault,
    "clear_faults": steps.clear_faults,
    "restart": steps.restart,
    "settings": steps.settings,
    "stop": steps.stop,
    "resume": steps.resume,
    "backfill": steps.backfill,
    "match_new": steps.match_new,
    "mark": steps.mark,
}
CHECKS: Mapping[str, Callable[..., Awaitable[Check]]] = {
    "journal_entry": check_entries.journal_entry,
    "journal_entries": check_entries.journal_entries,
    "quickbooks": checks.record,
    "salesforce": checks.record,
    "hold": checks.hold,
    "holds": checks.holds,
    "planned_entry": check_entries.planned_entry,
    "planned_hold": checks.planned_hold,
    "planned": checks.planned,
    "balance": checks.balance,
    "requests": checks.requests,
    "tie_out": checks.tie,
    "link": checks.link,
    "outcome": checks.outcome,
    "flag": checks.flag,
    "written": checks.written,
    "open_writes": checks.open_writes,
    "waiting": checks.waiting,
    "build": check_rules.build,
    "match": check_rules.matching,
    "equal": checks.equal,
}


_SLIPS = (re.error, ValueError, LookupError, TypeError, ArithmeticError, AttributeError)
"""What a value that nobody thought of may lead to; it fails its own check, not the whole run."""


async def run(file: Path, progress: Progress, opens: Opens = on_sockets) -> dict[str, Any]:
    """Play a file: `{"name", "source", "passed", "checks": [{"name", "ok", "expected", "actual"}]}`.

    Raises `WrongUse` for a file that cannot be played at all; what goes wrong in playing is a check that fails.
    """
    scenario = read(file)
    with _quiet(), tempfile.TemporaryDirectory(prefix="ml-connector-") as folder:
        async with opens(scenario) as door:
            play = Play(scenario, Stage(door, scenario), Path(folder))
            try:
                results = await _play(play, progress)
            finally:
                play.close()
    return _document(scenario, results)


@contextmanager
def _quiet() -> Iterator[None]:
    """Log events stay away from stdout, which is for the document, unless somebody has said where they go."""
    if structlog.is_configured():
        yield
        return
    warnings = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(wrapper_class=warnings, logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        yield
    finally:
        structlog.reset_defaults()


def _document(scenario: Scenario, results: list[Check]) -> dict[str, Any]:
    return {
        "name": scenario.top.get("name", scenario.file),
        "source": scenario.top.get("source", ""),
        "passed": bool(results) and all(check.ok for check in results),
        "checks": [check._asdict() for check in results],
    }


async def _play(play: Play, progress: Progress) -> list[Check]:
    """All entries in order. Where one fails that is no check, the rest is not played."""
    results: list[Check] = []
    if trouble := await _caught(_begin(play)):
        return [Check("the beginning", False, "no error", trouble)]
    for number, entry in enumerate(play.scenario.entries):
        progress(entry.title, number, len(play.scenario.entries))
        new, goes_on = await _one(play, entry)
        results += new
        if not goes_on:
            left = [e for e in play.scenario.entries[number + 1 :] if e.verb.part == "then"]
            return results + [Check(e.title, False, "to be checked", "not reached") for e in left]
    return results


async def _begin(play: Play) -> None:
    await play.stage.set_clock(play.stage.now())
    await close_books(play.stage, str(play.scenario.top.get("books_closed", "2026-09-30")))


async def _one(play: Play, entry: Entry) -> tuple[list[Check], bool]:
    """The checks of an entry, and whether the scenario can go on after it."""
    if entry.verb.part == "then":
        return [await _checked(play, entry)], True
    expected = str(entry.args.get("expect_error", ""))
    trouble = ""
    for _ in range(int(entry.args.get("repeat", 1))):
        trouble = trouble or await _caught(_do(play, entry))
    if "expect_error" in entry.args:
        good = bool(trouble) and expected.casefold() in trouble.casefold()
        return [Check(entry.title, good, f"an error with {expected!r}", trouble or "no error")], True
    return ([Check(entry.title, False, "no error", f"{entry.where}: {trouble}")], False) if trouble else ([], True)


async def _do(play: Play, entry: Entry) -> None:
    ready = await play.ready(entry)
    moment = ready.get("at")
    if ready.value is False:
        return
    here = play.stage.now()
    if moment is not None:
        play.check_moment(instant(moment, play.stage.zone))
        await play.stage.set_clock(instant(moment, play.stage.zone))
    try:
        await DOES[entry.verb.name](play, ready)
    finally:
        if moment is not None:
            await play.stage.set_clock(here)


async def _checked(play: Play, entry: Entry) -> Check:
    try:
        return await CHECKS[entry.verb.name](play, await play.ready(entry))
    except (ConnectorError, *_SLIPS) as error:
        return Check(entry.title, False, "to be checked", f"{entry.where}: {_words(error)}")


async def _caught(doing: Awaitable[None]) -> str:
    """The words of an error, blank if there was none."""
    try:
        await doing
    except (ConnectorError, *_SLIPS) as error:
        return _words(error)
    return ""


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, ConnectorError) else f"{type(error).__name__}: {error}"


__all__ = ["CHECKS", "DOES", "run"]
