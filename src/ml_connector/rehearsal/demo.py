"""The rehearsal: both emulators, a connected home, plan, sign-off, apply, live days, a second run, and the proof."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec

from ml_connector.actions.apply import apply
from ml_connector.actions.connect import connect_emulators
from ml_connector.actions.doctor import doctor
from ml_connector.actions.drain import DrainReport
from ml_connector.actions.holds import HeldView, open_holds
from ml_connector.actions.init import init
from ml_connector.actions.open import App, open_app
from ml_connector.actions.plan import make_plan, names_of
from ml_connector.actions.progress import Progress
from ml_connector.actions.reconcile import Report, TieOut, reconcile
from ml_connector.actions.sign_off import SignOff, sign_off
from ml_connector.actions.status import current_status
from ml_connector.actions.sync import sync
from ml_connector.clock import WallClock
from ml_connector.model import money
from ml_connector.model.errors import ConnectorError
from ml_connector.model.rules import PRESELECTED
from ml_connector.rehearsal import inside
from ml_connector.rehearsal.emulators import Calls, Emulators, started
from ml_connector.rehearsal.floor import beginning, look, plus, sweep, writing
from ml_connector.rehearsal.live import Arrival, alive
from ml_connector.systems.quickbooks.records import JournalEntry

TODAY = "2026-11-20"
PREPARER, APPROVER = "Mia Chen", "Ana Ortiz"
_MAIN_STEPS = {
    "customer_to_account": "account",
    "account_to_customer": "customer",
    "invoice_to_opportunity": "opportunity",
    "order_to_journal": "journal",
}


class Options(Protocol):
    """What is rehearsed. `home` None: a folder that is thrown away."""

    @property
    def scale(self) -> int:
        """How many times the sample company there is."""

    @property
    def seed(self) -> int:
        """What all chance of the sample comes from: the same seed gives the same document."""

    @property
    def days(self) -> int:
        """How many live days follow the first sync."""

    @property
    def serve(self) -> bool:
        """Whether the emulators stay afterwards, until the command is interrupted."""

    @property
    def home(self) -> Path | None:
        """Where the connector's home is made; None for a folder that is thrown away."""


class Tally(msgspec.Struct):
    """What was written so far, by flow and step, and how many syncs it took."""

    created: dict[str, int] = {}
    updated: dict[str, int] = {}
    rounds: list[DrainReport] = []

    def add(self, report: DrainReport) -> None:
        """Count what one more sync did."""
        self.rounds.append(report)
        for mine, new in ((self.created, report.created), (self.updated, report.updated)):
            for name, count in new.items():
                mine[name] = mine.get(name, 0) + count

    @property
    def written(self) -> int:
        """Writes of all syncs together."""
        return sum(report.written for report in self.rounds)


class Milestone(msgspec.Struct, frozen=True):
    """What is shown on the way: `doctor` with findings, `sign-off` with the template, `plan` with a plan and names."""

    name: str
    value: Any


class Observer(NamedTuple):
    """Who is told how far the rehearsal is, and what came of each part."""

    progress: Progress
    reached: Callable[[Milestone], None]


async def run(
    options: Options,
    progress: Progress,
    shown: Callable[[dict[str, Any]], None] = lambda _: None,
    reached: Callable[[Milestone], None] = lambda _: None,
) -> dict[str, Any]:
    """Tell `reached` of each milestone and `shown` of the end; give the document of DESIGN section 9.

    With `serve`, the emulators stay until the command is interrupted; `shown` is told before.
    """
    begun = time.monotonic()
    server = ("--scenario", "sample", "--scale", str(options.scale), "--seed", str(options.seed))
    with tempfile.TemporaryDirectory(prefix="ml-connector-") as folder:
        home = options.home or Path(folder)
        progress("Starting both emulators", 0, 0)
        async with started(*server, "--today", TODAY, "--limits", "on") as emulators:
            document = await _play(options, home, emulators, Observer(progress, reached))
            document["seconds"] = Decimal(str(round(time.monotonic() - begun, 1)))
            if options.serve:
                document["emulators"] = dict(emulators.line)
            if options.serve or options.home:
                document["home"] = str(home)
            shown(document)
            if options.serve:
                await _until_interrupted()
    return document


async def _until_interrupted() -> None:
    with contextlib.suppress(asyncio.CancelledError):  # it is how this ends
        await asyncio.Event().wait()


async def _play(options: Options, home: Path, emulators: Emulators, observer: Observer) -> dict[str, Any]:
    clock = await emulators.clock()
    observer.progress("Connecting through both sign-in pages", 0, 0)
    init(home, emulators.line)
    await connect_emulators(home, emulators.line, clock=clock)
    scenario = await emulators.ask("GET", "/scenario")
    start = date.fromisoformat(scenario["facts"]["start_date"])
    async with open_app(home, env={}, clock=clock) as app:
        await _examine(app, observer)
        template = await sign_off(app, _template(start), APPROVER)
        observer.reached(Milestone("sign-off", template))
    # The app that opens now counts its calls anew; the vendor still counts those of the last second.
    await clock.sleep(timedelta(seconds=1))
    async with open_app(home, env={}, clock=clock) as app:
        return await _story(options, home, app, emulators, clock, observer)


def _template(start: date) -> SignOff:
    return SignOff(
        template=PRESELECTED, start_date=start, unbilled="1250", deferred="2450", discounts="4900", shipping="4200"
    )


async def _examine(app: App, observer: Observer) -> None:
    """The doctor must find nothing that stops us."""
    observer.progress("Asking the doctor", 0, 0)
    findings = await doctor(app)
    observer.reached(Milestone("doctor", findings))
    for finding in findings:
        if finding.level == "FAIL":
            raise ConnectorError(f"{finding.subject}: {finding.sentence}", finding.remedy)


async def _story(
    options: Options, home: Path, app: App, emulators: Emulators, clock: WallClock, observer: Observer
) -> dict[str, Any]:
    tally = Tally()
    before = await emulators.calls()
    await _agree(app, tally, observer, sweep_first=True)
    floor = plus(beginning(inside.knocked_on(app)), *map(_agreed, tally.rounds))
    for day in range(1, options.days + 1):
        observer.progress("Business days", day, options.days)
        await emulators.ask("POST", "/seed", {"day": day})
        clock.offset = await emulators.offset()
        known = len(tally.rounds)
        tally.add(await sync(app, observer.progress))
        await _agree(app, tally, observer, sweep_first=False)
        synced, *agreed = tally.rounds[known:]
        counts = inside.knocked_on(app)
        floor = plus(floor, sweep(counts), look(synced), writing(synced), *map(_agreed, agreed))
    used = (await emulators.calls()).minus(before)
    second, second_calls = await _second_run(app, emulators, observer)
    observer.progress("Users change both sides, and each change arrives by itself", 0, 0)
    arrivals = await alive(home, emulators, clock)
    await sync(app, observer.progress)  # what our own writes told of may wait when the service ends
    observer.progress("Reading both systems again for the tie-out", 0, 0)
    proof = await reconcile(app)
    entries = await _journal_entries(app)
    document = _document(options, app, tally, proof, entries, (used, floor), (second, second_calls), arrivals)
    document["planted"] = _planted(await emulators.ask("GET", "/scenario"), open_holds(app))
    document["converged"] &= not document["planted"]["missing"] and not document["planted"]["unexpected"]
    return document


def _planted(scenario: Mapping[str, Any], held: Sequence[HeldView]) -> dict[str, Any]:
    """What the sample company has planted to be held, and where that differs from what is held."""
    planted = {
        f"{record['code']} {record['system']}:{record['kind']}:{record['key']}"
        for record in scenario["planted"]
        if not record["released"]
    }
    actual = {f"{hold.code} {hold.record}" for hold in held}
    return {"expected": len(planted), "missing": sorted(planted - actual), "unexpected": sorted(actual - planted)}


async def _agree(app: App, tally: Tally, observer: Observer, *, sweep_first: bool) -> None:
    """Plan and apply. Entries for customers that the first plan makes can be planned only afterwards."""
    for attempt in range(3):
        if (attempt or not sweep_first) and not inside.awaits_approval(app):
            return
        view = await make_plan(app, PREPARER, observer.progress, sweep_first=sweep_first and not attempt)
        observer.reached(Milestone("plan", (view, await names_of(app))))
        tally.add(await apply(app, view.id, APPROVER, observer.progress))


def _agreed(report: DrainReport) -> Calls:
    """The least that a plan and its run can cost: both look, one writes."""
    return plus(look(report), look(report), writing(report))


async def _second_run(app: App, emulators: Emulators, observer: Observer) -> tuple[DrainReport, Calls]:
    """The same sync once more: nothing may be written on either side."""
    observer.progress("Syncing a second time", 0, 0)
    before = await emulators.calls()
    report = await sync(app, observer.progress)
    return report, (await emulators.calls()).minus(before)


# --- the document


async def _journal_entries(app: App) -> dict[str, dict[str, Any]]:
    """Entries of ours by currency, read back from QuickBooks."""
    by_currency: dict[str, list[JournalEntry]] = {}
    for entry in await inside.entries_of_ours(app):
        by_currency.setdefault(entry.currency, []).append(entry)
    return {
        currency: {
            "count": len(entries),
            "debits": _text(_side(entries, "Debit", currency)),
            "credits": _text(_side(entries, "Credit", currency)),
        }
        for currency, entries in sorted(by_currency.items())
    }


def _side(entries: Sequence[JournalEntry], side: str, currency: str) -> Decimal:
    return money.summed((line.amount for entry in entries for line in entry.postings if line.side == side), currency)


def _document(
    options: Options,
    app: App,
    tally: Tally,
    proof: TieOut,
    entries: dict[str, dict[str, Any]],
    calls: tuple[Calls, Calls],
    second: tuple[DrainReport, Calls],
    arrivals: Sequence[Arrival],
) -> dict[str, Any]:
    held = open_holds(app)
    status = current_status(app)
    used, floor = calls
    quiet = second[0].written == 0 and second[1].quickbooks_writes == 0
    known = {hold.record for hold in held}
    explained = proof.adds_up and all(item.record in known for _, item in proof.open_items)
    converged = explained and quiet and not status.waiting and not status.open_writes
    return {
        "converged": converged,
        "seed": options.seed,
        "seconds": Decimal(0),
        "records": _records(tally, held),
        "journal_entries": entries,
        "tie_out": [line for report in proof.reports for line in _lines(report)],
        "completeness": [_completeness(sums) for report in proof.reports for sums in report.completeness],
        "holds": [
            {"code": hold.code, "record": hold.record, "sentence": hold.sentence, "remedy": hold.remedy}
            for hold in held
        ],
        "conflicts": status.conflicts,
        "api_calls": {**msgspec.structs.asdict(used), "floor": msgspec.structs.asdict(floor)},
        "second_run": {
            "writes": second[0].written + second[1].quickbooks_writes,
            "quickbooks_reads": second[1].quickbooks_reads,
            "salesforce": second[1].salesforce,
        },
        "live": [msgspec.structs.asdict(arrival) for arrival in arrivals],
        "emulators": None,
    }


def _records(tally: Tally, held: Sequence[HeldView]) -> dict[str, dict[str, int]]:
    records = {}
    for flow, main in _MAIN_STEPS.items():
        names = [f"{flow} {step}" for step in (main, "contact", "role")]
        records[flow] = {
            "created": tally.created.get(names[0], 0),
            "updated": tally.updated.get(names[0], 0),
            "held": sum(hold.flow == flow for hold in held),
        }
        for step, name in (("contacts", names[1]), ("contact_roles", names[2])):
            if tally.created.get(name):
                records[flow][step] = tally.created[name]
    return records


def _lines(report: Report) -> list[dict[str, Any]]:
    return [
        {
            "report": report.name,
            "currency": row.cell.currency,
            "quickbooks": _text(row.quickbooks),
            "salesforce": _text(row.salesforce),
            "explained": _text(row.explained),
            "unexplained": _text(row.unexplained),
            "items": [
                {"reason": item.reason, "record": item.record, "amount": _text(item.amount), "open": item.open}
                for item in row.items
            ],
        }
        for row in report.totals()
    ]


def _completeness(completeness: Any) -> dict[str, Any]:
    values = msgspec.structs.asdict(completeness)
    values["amounts"] = {name: _text(value) for name, value in completeness.amounts.items()}
    return values


def _text(amount: Decimal) -> str:
    return f"{amount:f}"
