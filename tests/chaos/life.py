"""A run: processes live one after the other, or side by side, in the tiny company, and faults strike them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec

from ml_connector.actions.apply import approve
from ml_connector.actions.drain import drain
from ml_connector.actions.plan import make_plan
from ml_connector.actions.sync import sync
from ml_connector.model.errors import ConnectorError, SignInNeeded
from ml_connector.systems.http import NoAnswer, Request, Response
from ml_emulators.kit.wire import Request as WireRequest
from support.tables import Rows
from support.world import SALESFORCE_URL

from .edits import EDITS
from .faults import FAULTS, Strike
from .ills import WORDS, Affliction
from .story import VENDORS, Story, answered, is_sign_in, is_write, milestone, sent
from .testbed import Killed, Moment, Process, Testbed

ROUNDS = 16
ROUNDS_OF_AN_ILL = 40
STEP = timedelta(seconds=130)
CADENCE = timedelta(minutes=15)
IDLE = timedelta(seconds=60)
"""A connection on which nothing came for so long is closed by the vendor; what a sleeper then writes goes nowhere."""
_WAITED_FOR = {"quickbooks": timedelta(seconds=115), "salesforce": timedelta(seconds=580)}
"""A write that arrives within this time has arrived before its vendor is asked what became of it (docs/proof.md)."""


class Event(msgspec.Struct, frozen=True):
    """Something that happens in a process. For a request `vendor` is set, for one that writes also `items`."""

    what: str
    vendor: str = ""
    items: str = ""

    def words(self, named: Callable[[str], str]) -> str:
        """`named` says what a request writes."""
        done = " done" if self.what.endswith(" done") else ""
        if self.vendor:
            return f"{VENDORS[self.vendor]}: {named(self.items) or self.what.removesuffix(' done')}{done}"
        return f"when it {milestone(self.what)}"


class Manner(msgspec.Struct, frozen=True):
    """How the connector is run.

    `small`: batches of two, so that few records make several. `forgetful`: QuickBooks forgets request ids at once.
    `stays`: one process goes on, as a service does; else each round is a process of its own. `slow`: a round comes
    only every quarter of an hour.
    """

    small: bool = False
    forgetful: bool = False
    stays: bool = True
    slow: bool = False

    def words(self) -> list[str]:
        more = ["batches of two"] * self.small + ["QuickBooks forgets request ids"] * self.forgetful
        more += ["a new process each time"] * (not self.stays)
        return more + ["a round every quarter of an hour"] * self.slow


class Run:
    """The company from a moment to rest. `strikes` fall on the way."""

    def __init__(
        self, testbed: Testbed, begin: Moment, chance: str, manner: Manner, strikes: tuple[Strike, ...] = ()
    ) -> None:
        testbed.back_to(begin, chance)
        self.testbed = testbed
        self.manner = manner
        self.strikes = strikes
        self.story = Story(self.now(), testbed.home.emulation)
        self.lives: list[Life] = []
        self.tasks: list[asyncio.Task[bool]] = []
        self.converged = False
        self.wrong: list[str] = []
        """What must not happen on the way, whatever the end looks like."""
        self.fallen: set[Strike] = set()
        self.undone: list[str] = []
        """Edits that could not be made when their time came; they are made when the run is at rest."""
        self.disconnected = False
        """The sign-in may be dead: then people connect QuickBooks again."""
        self.copy: sqlite3.Connection | Rows | None = None
        """The backup, where one was made."""
        self.affliction: Affliction | None = None
        """The ill of a record, where one came."""
        self.writes = 0
        self._held_back: list[tuple[datetime, str, Request]] = []
        if manner.forgetful:
            testbed.home.emulation.set_switches("quickbooks", {"requestid_retention": 0})

    def now(self) -> datetime:
        return self.testbed.home.clock.now()

    def tell(self, who: str, text: str, *, aside: bool = False) -> None:
        """`aside`: only whoever wants to know everything is told."""
        self.story.tell(self.now(), who, text, aside=aside)

    def new_life(self) -> Life:
        life = Life(self, len(self.lives) + 1)
        self.lives.append(life)
        return life

    async def play(self) -> None:
        """Round after round, as a service does it, until nothing is left to do."""
        rounds = ROUNDS
        while rounds and not self.converged:
            rounds -= 1
            still = await self._round()
            if self.is_ill:
                await self._while_it_lasts()
                rounds = ROUNDS
            elif still and not self._unrest() and not await self._mend() and rounds < ROUNDS - 1:
                self.converged = True
            self._between()

    async def _while_it_lasts(self) -> None:
        """Round after round, as long as a vendor will not have some record."""
        rounds = ROUNDS_OF_AN_ILL
        while self.affliction is not None and self.affliction.lasts:
            rounds -= 1
            if not rounds:
                raise AssertionError(f"it never comes to rest while a record is ill\n{self.story.text()}")
            self._between()
            still = await self._round() and not self._held_back
            if self.affliction.over(self, still):
                self.affliction.end(self)

    @property
    def is_ill(self) -> bool:
        """Whether a vendor will not have some record now."""
        return self.affliction is not None and self.affliction.lasts

    async def _round(self) -> bool:
        """One pass of a process. True if it came to its end, nothing was written, and nothing befell it."""
        life = self._at_work()
        before = self.writes, len(self.fallen)
        good = await life.work()
        await asyncio.gather(*self.tasks)
        self.tasks.clear()
        return good and before == (self.writes, len(self.fallen))

    def _at_work(self) -> Life:
        last = self.lives[-1] if self.lives else None
        return last if last is not None and self.manner.stays and not last.dead else self.new_life()

    async def _mend(self) -> bool:
        """Edits whose time never came, or that were not possible then, are made when all is quiet. Were there any?"""
        missed = [each for each in self.strikes if each.fault == "edit" and each not in self.fallen]
        names, self.undone = [*self.undone, *(each.arg for each in missed)], []
        self.fallen.update(missed)
        for name in names:
            EDITS[name].make(self.testbed.home.emulation)
            self.tell("people", EDITS[name].story)
        return bool(names)

    def _between(self) -> None:
        """Between two rounds time passes, clocks are set right, and people look after a sign-in that is dead."""
        self.advance(self._pause())
        self.testbed.clock.wrong_by = timedelta(0)
        if self.disconnected and self.lives[-1].signed_out:
            self.disconnected = self.lives[-1].signed_out = False
            self.testbed.connect_again()
            self.tell("people", "connect QuickBooks again")

    def _pause(self) -> timedelta:
        """Until the next task is due, but at most the cadence of the service."""
        due = self.testbed.home.store.next_due(self.testbed.connection)
        if self.affliction is not None:
            return self.affliction.pause(self.now(), due)
        soon = STEP if due is None else max(STEP, min(CADENCE, due - self.now()))
        return CADENCE if self.manner.slow else soon

    def _unrest(self) -> bool:
        store, connection = self.testbed.home.store, self.testbed.connection
        return bool(self._held_back or store.next_due(connection) is not None or store.open_writes(connection))

    # --- requests that the vendor gets late

    def hold_back(self, by: timedelta, vendor: str, request: Request) -> None:
        self._held_back.append((self.now() + by, vendor, request))

    def advance(self, by: timedelta) -> None:
        """Time passes; what was under way arrives at its time."""
        until = self.now() + by
        for at, _, _ in sorted(self._held_back, key=lambda each: each[0]):
            if self.now() < at <= until:
                self.testbed.home.clock.set(at)
                self.deliver()
        self.testbed.home.clock.set(until)

    def deliver(self) -> None:
        due = [each for each in self._held_back if each[0] <= self.now()]
        self._held_back = [each for each in self._held_back if each not in due]
        for _, vendor, request in due:
            self.tell("network", f"{VENDORS[vendor]} gets at last: {self.story.named(sent(request))}")
            parts = urlsplit(request.url)
            headers = {name.lower(): value for name, value in request.headers.items()}
            wire = WireRequest(request.method, parts.path, parts.query, headers, bytes(request.body))
            self.testbed.home.emulation.vendors[vendor].handle(wire)


class Life:
    """A process in a run. Whatever happens in it has a number; a strike names life, number and fault."""

    def __init__(self, run: Run, number: int) -> None:
        self.run = run
        self.number = number
        self.name = f"worker {number}"
        self.events: list[Event] = []
        self.dead = False
        self.stopped = 0
        self.signed_out = False
        self.phase = "asking"
        self.late: timedelta | None = None
        """The next write arrives only so much later, but no later than its vendor is waited for."""
        self.too_late = False
        """Even so: nobody waits so long."""
        self.finished = asyncio.Event()
        self.wakes: tuple[int, asyncio.Event, Life] | None = None
        self._armed: list[Strike] = []
        self._refused: set[tuple[str, str, bytes]] = set()
        """Questions that met an ill record in this run of the connector; no such one is asked again in it."""
        self._to_look_up = 0
        self.process: Process = run.testbed.process(self._point, self._mark, self)

    # --- what happens to it

    def _struck(self, event: Event) -> list[Strike]:
        self.events.append(event)
        here = (self.number, len(self.events))
        return [each for each in self.run.strikes if (each.life, each.place) == here]

    async def _happens(self, event: Event) -> None:
        for strike in [*self._armed, *self._struck(event)]:
            self._armed = []
            await self._fall(strike)
        if self.wakes is not None and self.wakes[0] == len(self.events):
            _, reached, sleeper = self.wakes
            reached.set()
            await sleeper.finished.wait()

    def _mark(self, name: str) -> None:
        """A milestone of the store: nothing else can happen before the next step of the process."""
        if name == "connection taken":
            writes = self.run.testbed.home.store.open_writes(self.run.testbed.connection)
            self._to_look_up = len({each.write.system for each in writes})
            self.phase = "looking up" if writes else "reading"
        self.run.tell(self.name, milestone(name), aside=True)
        for strike in self._struck(Event(name)):
            if strike.fault == "kill":
                self.run.fallen.add(strike)
                self.die(f"when it {milestone(name)}")
            self._armed.append(strike)
        if name == "connection released":
            self.phase = "asking"

    async def _point(self, name: str) -> None:
        if name == "looked up":
            self._to_look_up -= 1
            self.phase = "looking up" if self._to_look_up > 0 else "reading"
        if self.phase == "planning":
            name = f"{name} for the plan"
        else:
            self.run.tell(self.name, milestone(name), aside=True)
        await self._happens(Event(name))

    async def _fall(self, strike: Strike) -> None:
        self.run.fallen.add(strike)
        await FAULTS[strike.fault].strike(self, strike)

    def die(self, why: str) -> None:
        """The process is killed here and now."""
        self.run.tell(self.name, f"is killed {why}")
        self.dead = True
        self.process.die()
        raise Killed

    # --- what it does

    async def work(self) -> bool:
        """Everything that is due, approvals included. False when it ended early."""
        try:
            report = await self._pass()
            await self._happens(Event("through"))
        except Killed:
            return False
        except ConnectorError as error:
            if self.run.is_ill and not self.run.disconnected:
                self.run.wrong.append(f"the connection stops at one record: {error.sentence}")
            self.stopped += 1
            self.signed_out = isinstance(error, SignInNeeded)
            self.phase = "asking"
            self.run.tell(self.name, f"ends: {error.sentence}")
            return False
        except Exception as error:  # noqa: BLE001 - no error but ours may come out; the run tells of it and goes on
            self.run.wrong.append(f"it broke with {type(error).__name__}: {error}"[:300])
            self.run.tell(self.name, f"breaks: {type(error).__name__}")
            return False
        finally:
            self.finished.set()
        self.run.tell(self.name, f"is through: {report}")
        return True

    async def _pass(self) -> str:
        app, store = self.process.app, self.process.app.store
        self.phase = "asking"
        self._refused.clear()
        connected = store.connection(app.connection.id)
        if connected is None or connected.live_since is None:
            await self._approve_all()
            report = await drain(app)
        else:
            report = await sync(app)
        if store.planned(app.connection.id):
            written = report.written
            await self._approve_all()
            report = await drain(app)
            report.written += written
        return f"{report.written} written, {sum(report.held.values())} held"

    async def _approve_all(self) -> None:
        app = self.process.app
        self.phase = "planning"
        self._refused.clear()
        asked = len(app.store.swept(app.connection.id)) == len(app.runtime.systems)
        view = await make_plan(app, "preparer", sweep_first=not asked)
        self.phase = "asking"
        self._refused.clear()
        approve(app, app.store.plan(app.connection.id, view.id), view.plan, "approver")
        self.run.tell(self.name, f"shows a plan; {len(view.plan.postings())} journal entries are approved")

    # --- its network

    async def send(self, request: Request) -> Response:
        run, vendor = self.run, "salesforce" if request.url.startswith(SALESFORCE_URL) else "quickbooks"
        items = sent(request) if is_write(request) else ""
        what = "signing in" if is_sign_in(request) else "writing" if items else self.phase
        await self._leaves(Event(what, vendor, items), request)
        run.writes += bool(items)
        try:
            response = await run.testbed.home.network.send(request, self.process.clock)
        except ConnectorError as error:
            self._told(Event(what, vendor, items), type(error).__name__)
            raise
        if items or response.status >= 400:
            self._told(Event(what, vendor, items), answered(response))
        else:
            run.story.read(vendor, what)
        if not items and 400 <= response.status < 500 and WORDS.encode() in response.body:
            self._asked_in_vain(request)
        await self._happens(Event(f"{what} done", vendor, items))
        return response

    async def _leaves(self, event: Event, request: Request) -> None:
        """Until the request is on its way. Raises `NoAnswer` where it does not come to the vendor now."""
        run = self.run
        run.deliver()
        before = run.now()
        await self._happens(event)
        if run.now() - before > IDLE:
            self._told(event, "the connection was closed meanwhile")
            raise NoAnswer("The connection was closed.", "Again.")
        if self.late is not None and event.items:
            longest = self.late if self.too_late else _WAITED_FOR[event.vendor]
            run.hold_back(min(self.late, longest), event.vendor, request)
            self.late = None
            self._told(event, "no answer")
            raise NoAnswer("No answer came.", "Again.")

    def _asked_in_vain(self, request: Request) -> None:
        """A list of everything may be wanted by the sweep and by the table for matching, once each."""
        question = (request.method, request.url, bytes(request.body))
        if question in self._refused and "WHERE%20Id" in request.url:
            self.run.wrong.append(f"asked again what was refused: {request.method} {request.url[-200:]}")
        self._refused.add(question)

    def _told(self, event: Event, answer: str) -> None:
        what = self.run.story.named(event.items) or event.what
        self.run.tell(self.name, f"{VENDORS[event.vendor]}: {what} -> {answer}")
