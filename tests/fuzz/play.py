"""A round: random texts come to both vendors, syncs run until all is at rest, and what became of it is judged."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import Counter
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from random import Random
from typing import Any, TypeVar

import msgspec
import structlog

from chaos.shortcuts import settled, shortcuts
from chaos.testbed import Moment, Testbed
from ml_connector.actions.apply import approve
from ml_connector.actions.drain import drain
from ml_connector.actions.holds import open_holds
from ml_connector.actions.plan import make_plan, names_of
from ml_connector.actions.sync import sync
from ml_connector.app import App
from ml_connector.engine.ports import no_crash
from ml_connector.model.rules import Rules

from . import judge
from .arrivals import Arrivals
from .company import QUICKBOOKS, SALESFORCE, Company
from .neighbours import MOST, Neighbour, Stall
from .watch import Watch

T = TypeVar("T")
PASSES = 25
STEP = timedelta(minutes=20)
LONGEST_STEP = timedelta(hours=12)
RECORDS = 150
EDITS = 80
FIRST_SYNCS = 4
"""One round in so many begins before the first sync, the others after it."""
_OPEN_IN_THE_REFERENCE: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    QUICKBOOKS: {
        "query_letters": ("any", "latin-1"),
        "malformed_email": ("shown", "shown", "fails_lists"),
        "beyond_bmp": ("kept", "kept", "kept", "fails", "fails_batch"),
        "query_case_sensitive": (False, True),
        "stale_list_sync_tokens": (False, True),
        "zero_rows": ("empty", "list", "omitted"),
    },
    SALESFORCE: {
        "trim_text": (True, False),
        "state_country_picklists": (False, True),
        "duplicate_rules": ({}, {}, {"Account": "alert"}, {"Account": "block", "Contact": "alert"}),
        "contacts_to_multiple_accounts": (False, True),
        "hidden_field_code": ("INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_FIELD"),
    },
}
"""Switches of the emulators that texts have to do with; a value stands as often as its share of the rounds."""


_CHOICES_OF_RULES: Mapping[str, tuple[Any, ...]] = {
    "class_policy": ("dominant", "list"),
    "display_name_max": (30, 100, 500),
    "invoice_history": (False, True),
    "match_auto": (60, 80),
}
"""Settings that decide where texts go."""


class Result(msgspec.Struct):
    """What became of one round: texts put and refused at the door, what is wrong, and how records ended."""

    seed: int
    put: int = 0
    refused: int = 0
    stopped: list[str] = []
    lost: list[str] = []
    unheld: list[str] = []
    verdicts: dict[str, int] = {}
    story: list[str] = []

    @property
    def good(self) -> bool:
        return not (self.stopped or self.lost or self.unheld)

    def report(self) -> str:
        """Everything that is wrong, a line each."""
        lines = [f"seed {self.seed}: {self.put:,} texts, {self.refused:,} refused at the door"]
        lines += [f"STOPPED  {text}" for text in self.stopped]
        lines += [f"LOST     {text}" for text in self.lost]
        lines += [f"UNHELD   {text}" for text in self.unheld]
        return "\n".join([*lines, f'tell it:  make fuzz ARGS="--seed {self.seed} --explain"'])


class Place:
    """The testbed of a process."""

    def __init__(self, url: str = "sqlite://") -> None:
        self.testbed = Testbed(url)
        asyncio.run(self._sync())
        self.rules = self.testbed.home.rules
        self.in_step = self.testbed.moment()
        settled()

    async def _sync(self) -> None:
        """The company after its first sync."""
        with shortcuts(pace_in_memory=True), _quiet():
            await self.testbed.home.run()
            for _ in range(3):
                self.testbed.home.clock.advance(STEP)
                await sync(self.testbed.home.app)

    def play(self, seed: int, *, records: int = RECORDS, edits: int = EDITS) -> Result:
        """One round, judged. Everything random comes from the seed."""
        with shortcuts(pace_in_memory=True), _quiet() as log:
            start = self.testbed.start if seed % FIRST_SYNCS == 0 else self.in_step
            return asyncio.run(Round(self.testbed, start, self.rules, seed, log).play(records, edits))


class Round:
    """Two phases, new records and then edits of what is there; after each, passes until nothing is written any more."""

    def __init__(self, testbed: Testbed, start: Moment, rules: Rules, seed: int, log: list[str]) -> None:
        random = Random(f"texts {seed}")
        testbed.back_to(start, f"fuzz {seed}")
        self.testbed = testbed
        self.result = Result(seed)
        self.log = log
        for system, switches in _OPEN_IN_THE_REFERENCE.items():
            chosen = {name: random.choice(values) for name, values in switches.items()}
            testbed.home.emulation.set_switches(system, chosen)
            self.tell(f"{system}: {chosen}")
        books: Any = testbed.home.emulation.vendors[QUICKBOOKS]
        self.allowed = {"READ-REFUSED": "quickbooks:"} if books.switches.malformed_email == "fails_lists" else {}
        self.allowed |= {"WRITE-FAILS": ""} if books.switches.beyond_bmp != "kept" else {}
        choices = {name: random.choice(values) for name, values in _CHOICES_OF_RULES.items()}
        testbed.home.rules = msgspec.structs.replace(rules, **choices)
        self.company = Company(testbed.home.emulation, random)
        self.arrivals = Arrivals(self.company)
        process = testbed.process(no_crash, lambda _: None, self)
        self.app: App = process.app
        self.watch = Watch(testbed.home.network, process.clock)

    def tell(self, text: str) -> None:
        self.result.story.append(text)

    async def send(self, request: Any) -> Any:
        return await self.watch.send(request)

    async def play(self, records: int, edits: int) -> Result:
        self.company.look_around()
        stall = Stall(self.company)
        neighbours = [Neighbour(self.company, stall, number) for number in range(MOST)]
        await self._phase(records, neighbours[: MOST // 2], self._plant)
        self.company.look_around()
        await self._phase(edits, neighbours[MOST // 2 :], self._edit)
        await self._judged(neighbours)
        self.result.put, self.result.refused = self.company.put, self.company.refused
        self.result.story += [f"{record.ref} {record.texts}" for record in self.company.planted]
        return self.result

    async def _phase(self, count: int, neighbours: list[Neighbour], make: Any) -> None:
        """The neighbours come among the others."""
        at = Counter(self.company.random.randrange(count) for _ in neighbours)
        left = list(neighbours)
        for number in range(count):
            make()
            for _ in range(at[number]):
                left.pop().plant()
        self.testbed.home.clock.advance(STEP)
        await self._rest()

    def _plant(self) -> None:
        kinds = [(system, kind) for system, kinds in self.company.fields.items() for kind in kinds]
        self.company.plant(*self.company.random.choices(kinds, [_WEIGHTS.get(kind, 1) for kind in kinds])[0])

    def _edit(self) -> None:
        """A text in a record that is there, also in one that ml-connector made."""
        random = self.company.random
        system = random.choice(list(self.company.fields))
        kind = random.choice(list(self.company.fields[system]))
        if self.company.strangers(system, kind):
            self.company.edit(system, kind, self.company.any_of(system, kind))

    # --- what the connector does meanwhile

    async def _rest(self) -> None:
        """Passes until nothing is written and nothing open any more, and one after that."""
        quiet, step = 0, STEP
        for _ in range(PASSES):
            written = await self._pass()
            quiet = 0 if written or self.app.store.open_writes(self.app.connection.id) else quiet + 1
            if quiet == 2 or self.result.stopped:
                writes = [refusal for refusal in self.watch.refusals if not refusal.is_read]
                self.result.unheld += [
                    f"refused again and again: {refusal.form[:900]} {refusal.words}" for refusal in writes
                ]
                return
            step = STEP if written else min(2 * step, LONGEST_STEP)
            self.testbed.home.clock.advance(step)
        self.result.unheld.append(f"never comes to rest: {written} written in the last pass")

    async def _pass(self) -> int:
        try:
            written = await self._worked()
        except Exception as error:  # noqa: BLE001 - whatever stops a sync is what the round is to find
            where = "".join(traceback.format_exception(error)[-3:])
            self.result.stopped.append(f"{type(error).__name__}: {error} {where}"[:1500])
            return 0
        self.tell(f"a pass: {written} written")
        return written

    async def _worked(self) -> int:
        """One sync, and what people then approve; before the first plan nothing else is possible."""
        connected = self.app.store.connection(self.app.connection.id)
        if connected is None or connected.live_since is None:
            return await self._approved(sweep_first=True)
        report = await self._run(sync(self.app))
        self.result.unheld += [f"not listed: {text}" for text in report.unlisted]
        more = self.app.store.planned(self.app.connection.id)
        return report.written + (await self._approved(sweep_first=False) if more else 0)

    async def _approved(self, *, sweep_first: bool) -> int:
        view = await self._run(make_plan(self.app, "preparer", sweep_first=sweep_first))
        self.result.unheld += judge.plan_shown(view, await names_of(self.app))
        approve(self.app, self.app.store.plan(self.app.connection.id, view.id), view.plan, "approver")
        return (await self._run(drain(self.app))).written

    async def _run(self, action: Awaitable[T]) -> T:
        """One run of the connector: in it nothing that was refused is asked for again in the same form."""
        self.watch.refusals.clear()
        done = await action
        self.result.unheld += [f"asked again: {refusal.form} {refusal.words}" for refusal in self.watch.repeated()]
        self.result.story += [f"  refused: {refusal.form[:1500]} -> {refusal.words}" for refusal in self.watch.refusals]
        return done

    # --- what became of it

    async def _judged(self, neighbours: list[Neighbour]) -> None:
        if self.result.stopped:
            return
        self.result.lost += self.arrivals.wrong(self.app)
        self.result.lost += [text for neighbour in neighbours for text in neighbour.lost()]
        held = [hold for hold in open_holds(self.app) if hold.record in self.company.clean]
        self.result.lost += [f"{hold.record} is held: {hold.sentence}" for hold in held]
        self.result.unheld += [f"log: {line}" for line in self.log]
        self.result.unheld += judge.ends(self.app, self.company.planted, self.result.verdicts, self.allowed)
        try:
            self.result.unheld += judge.shown(self.app)
            await judge.proved(self.app)
        except Exception as error:  # noqa: BLE001 - a view or a proof that cannot be made is what the round is to find
            where = "".join(traceback.format_exception(error)[-3:])
            self.result.stopped.append(f"afterwards {type(error).__name__}: {error} {where}"[:1500])
        self.tell(f"{self.result.verdicts}")


_WEIGHTS = {
    (QUICKBOOKS, "Customer"): 6, (QUICKBOOKS, "Invoice"): 6, (SALESFORCE, "Account"): 6, (SALESFORCE, "Order"): 4,
    (SALESFORCE, "Contact"): 3, (QUICKBOOKS, "Department"): 2, (QUICKBOOKS, "Class"): 2,
    (SALESFORCE, "OrderItem"): 0,
}  # fmt: skip
"""How often a kind comes; what is not named, once. Lines come with their orders."""


@contextmanager
def _quiet() -> Iterator[list[str]]:
    """Only what the engine could not take is kept."""
    before, lines = structlog.get_config(), list[str]()

    def heard(_logger: Any, level: str, event: structlog.typing.EventDict) -> str:
        if level in ("error", "exception", "critical"):
            lines.append(f"{level}: {event}"[:3000])
        raise structlog.DropEvent

    structlog.configure(
        processors=[structlog.processors.format_exc_info, heard],
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
    )
    try:
        yield lines
    finally:
        structlog.configure(**before)


@cache
def place(url: str = "sqlite://") -> Place:
    """Built once a process and database."""
    return Place(url)
