"""A run: processes live one after the other (or side by side) in the tiny company, and a trouble acts on them."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec

from ml_connector import actions
from ml_connector.model.errors import ConnectorError
from ml_connector.systems.http import NoAnswer, Request, Response
from ml_emulators.kit.wire import Request as WireRequest
from support.world import SALESFORCE_URL

from .story import Story, answered, is_sign_in, is_write, sent
from .town import Killed, Process, Town

ROUNDS = 14
STEP = timedelta(seconds=130)
CADENCE = timedelta(minutes=15)


class Call(msgspec.Struct, frozen=True):
    """A request of a process; `items` says what it writes, blank for a read."""

    vendor: str
    signs_in: bool
    items: str


class Trace(msgspec.Struct):
    """What a process went through: the names of its crash points, and its requests."""

    points: list[str] = []
    calls: list[Call] = []

    def writes(self) -> list[int]:
        """Places (from 1) of the requests that write."""
        return [place for place, call in enumerate(self.calls, 1) if call.items]

    def told(self) -> list[int]:
        """Places of the requests that are no sign-in."""
        return [place for place, call in enumerate(self.calls, 1) if not call.signs_in]


class Trouble:
    """No trouble at all. Every kind of trouble changes one or two of these."""

    story = "nothing goes wrong"
    small = False
    """Batches of two, so that few records make several."""
    forgetful = False
    """QuickBooks forgets every request id at once."""
    stays = True
    """The same process goes on afterwards, as a service does; else a new one starts each time."""
    apart = False
    """Planning and applying are done by processes of their own, as from the command line."""
    edit = ""
    """The edit of a user that belongs to it (`edits.py`)."""

    def words(self) -> str:
        """The trouble in a sentence, with the circumstances."""
        more = ["batches of two"] * self.small + ["QuickBooks forgets request ids"] * self.forgetful
        more += ["the process stays"] * self.stays + ["plan and apply apart"] * self.apart
        return f"{self.story} ({', '.join(more)})" if more else self.story

    async def at_point(self, life: Life, place: int, name: str) -> None:
        """A step of the corridor, `place` from 1 in the life of this process."""

    async def leaving(self, life: Life, place: int, request: Request) -> bool:
        """A request is about to leave; False keeps it from the vendor, and no answer comes."""
        return True

    async def arrived(self, life: Life, place: int) -> None:
        """The vendor has worked; its answer has not been read yet."""

    async def play(self, run: Run) -> None:
        """Everything until the trouble is over; afterwards the run goes on by itself until it is at rest."""
        await run.life("first").work()


class Run:
    """The company from its beginning to rest."""

    def __init__(self, town: Town, seed: int, trouble: Trouble) -> None:
        town.begin(seed)
        self.town = town
        self.trouble = trouble
        self.story = Story(self.now())
        self.lives: list[Life] = []
        self.trace = Trace()
        """What the first process went through until the trouble was over."""
        self.converged = False
        self.wrong: list[str] = []
        """What must not happen on the way, whatever the end looks like."""
        self.writes = 0
        self._held_back: list[tuple[datetime, str, Request]] = []
        if trouble.forgetful:
            town.home.twin.set_switches("quickbooks", {"requestid_retention": 0})

    def now(self) -> datetime:
        return self.town.clock.now()

    def tell(self, who: str, text: str) -> None:
        self.story.tell(self.now(), who, text)

    def life(self, name: str) -> Life:
        life = Life(self, name)
        self.lives.append(life)
        return life

    async def until_rest(self) -> bool:
        """Round after round, as a service does it; False when it never comes to rest."""
        for number in range(1, ROUNDS + 1):
            self.advance(self._pause())
            stays = self.trouble.stays and not self.lives[-1].dead
            life = self.lives[-1] if stays else self.life(f"round {number}")
            before = self.writes
            report = await life.pass_once()
            if report and self.writes == before and not self._held_back and not self._anything_left(life):
                return True
        return False

    def _pause(self) -> timedelta:
        """Until the next task is due, but at most the cadence of the service."""
        store, connection = self.town.home.store, self.town.home.app.connection.id
        due = store.next_due(connection)
        return STEP if due is None else max(STEP, min(CADENCE, due - self.now()))

    def _anything_left(self, life: Life) -> bool:
        app = life.process.app
        connection = app.connection.id
        return bool(app.store.open_writes(connection)) or app.store.next_due(connection) is not None

    # --- requests that the vendor gets late

    def hold_back(self, by: timedelta, vendor: str, request: Request) -> None:
        self._held_back.append((self.now() + by, vendor, request))

    def advance(self, by: timedelta) -> None:
        """Time passes; what was under way arrives at its time."""
        until = self.now() + by
        for at, _, _ in sorted(self._held_back, key=lambda each: each[0]):
            if self.now() < at <= until:
                self.town.home.clock.set(at)
                self.deliver()
        self.town.home.clock.set(until)

    def deliver(self) -> None:
        due = [each for each in self._held_back if each[0] <= self.now()]
        self._held_back = [each for each in self._held_back if each not in due]
        for _, vendor, request in due:
            self.tell("network", f"{vendor} gets at last: {sent(request)}")
            parts = urlsplit(request.url)
            headers = {name.lower(): value for name, value in request.headers.items()}
            wire = WireRequest(request.method, parts.path, parts.query, headers, bytes(request.body))
            self.town.home.twin.vendors[vendor].handle(wire)


class Life:
    """A process in a run: counts its steps and requests, and lets the trouble act on them."""

    def __init__(self, run: Run, name: str) -> None:
        self.run = run
        self.name = name
        self.trace = Trace()
        self.dead = False
        self.stopped = 0
        self.process: Process = run.town.process(name, self.crash, self)

    async def crash(self, name: str) -> None:
        self.trace.points.append(name)
        await self.run.trouble.at_point(self, len(self.trace.points), name)

    def die(self, why: str) -> None:
        """The process is killed here and now."""
        self.run.tell(self.name, f"is killed {why}")
        self.dead = True
        self.process.die()
        raise Killed

    # --- what it does

    async def work(self) -> None:
        """Plan, approve and do all that is due, twice: postings can be planned when their customers are there."""
        if await self.pass_once() and not self.dead:
            await self.pass_once()

    async def pass_once(self) -> bool:
        """Plan, approve, do all that is due. False when it ended early."""
        try:
            await self._approve_all()
            if self.run.trouble.apart:
                self.process = self.run.town.process(self.name, self.crash, self)
            report = await actions.drain(self.process.app)
        except Killed:
            return False
        except ConnectorError as error:
            self.stopped += 1
            self.run.tell(self.name, f"ends: {error.sentence}")
            return False
        except Exception as error:  # noqa: BLE001 - no error but ours may come out; the run tells of it and goes on
            self.run.wrong.append(f"it broke with {type(error).__name__}: {error}"[:300])
            self.run.tell(self.name, f"breaks: {type(error).__name__}")
            return False
        self.run.tell(self.name, f"is through: {report.written} written, {sum(report.held.values())} held")
        return True

    async def _approve_all(self) -> None:
        app = self.process.app
        view = await actions.make_plan(app, "preparer")
        actions.approve(app, app.store.plan(app.connection.id, view.id), view.plan, "approver")
        self.run.tell(self.name, f"has planned: {len(view.plan.postings())} entries approved")

    # --- its network

    async def send(self, request: Request) -> Response:
        run, vendor = self.run, "salesforce" if request.url.startswith(SALESFORCE_URL) else "quickbooks"
        items = sent(request) if is_write(request) else ""
        self.trace.calls.append(Call(vendor, is_sign_in(request), items))
        place = len(self.trace.calls)
        run.deliver()
        if not await run.trouble.leaving(self, place, request):
            run.tell(self.name, f"{vendor}: {items} -> no answer")
            raise NoAnswer("No answer came.", "Again.")
        run.writes += bool(items)
        try:
            response = await run.town.home.network.send(request)
        except ConnectorError as error:
            run.tell(self.name, f"{vendor}: {items or 'read'} -> {type(error).__name__}")
            raise
        self._told(vendor, items, response)
        await run.trouble.arrived(self, place)
        return response

    def _told(self, vendor: str, items: str, response: Response) -> None:
        if items or response.status >= 400:
            self.run.tell(self.name, f"{vendor}: {items or 'read'} -> {answered(response)}")
        else:
            self.run.story.read(vendor)
