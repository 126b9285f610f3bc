"""The stream of change events of one connection: opened, watched, opened again; what it misses is a hole on record.

Every end has its answer (`pubsub/faults.py`). A position that is lost, an event that does not say what has changed, a
rest because the day's events are used up: a hole, which a bounded backfill closes (`mending.py`). While the stream is
not well, sweeps ask for everything at their cadence, and bridge it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from ml_connector.engine.intake import SKEW, receive_all, swept_kinds
from ml_connector.model.continuity import Cause as HoleCause
from ml_connector.model.continuity import Claim
from ml_connector.model.errors import BadAnswer, ConnectorError, LimitReached, Unreachable
from ml_connector.systems.salesforce.arrivals import with_lines
from ml_connector.systems.salesforce.auth import Session
from ml_connector.systems.salesforce.pubsub.events import EventSchema
from ml_connector.systems.salesforce.pubsub.faults import Cause, StreamEnded
from ml_connector.systems.salesforce.pubsub.position import Position
from ml_connector.systems.salesforce.records import DESCRIBED, SYSTEM

from . import continuity
from .hearing import SOURCE, Heard, Unsaid, hear
from .jobs import Recurring, growing
from .listening import Bus, Listener, Told, channel_of, told_kinds
from .sides import DRAIN, SWEEP
from .telling import Condition
from .work import Around

SILENT = timedelta(seconds=270 + 60)
"""A server says something every 270 seconds (reference 5.4); a minute later the stream counts as dead."""
RETENTION = timedelta(hours=72)
SETTLE = timedelta(seconds=10)
"""After a subscription without a position, events may be missed for about 3 seconds (reference 5.4)."""
LAG = timedelta(minutes=1)
"""What was committed so long before a keep-alive has been told."""
ECHO = timedelta(seconds=30)
"""How long the drain may wait where only we ourselves have changed something: a hint, so that echoes come together."""
LOOK = timedelta(hours=1)
"""How often it is asked what the org may still deliver, and whether each object may still be listened to."""
SCARCE = 20
"""The stream rests while less than that part of the org's events is left: others listen too."""
PAUSES: dict[Cause, tuple[timedelta, timedelta]] = {
    Cause.SESSION: (timedelta(seconds=5), timedelta(minutes=15)),
    Cause.AGAIN: (timedelta(seconds=5), timedelta(minutes=15)),
    Cause.CROWDED: (timedelta(minutes=5), timedelta(hours=1)),
    Cause.SETUP: (timedelta(minutes=15), timedelta(hours=6)),
    Cause.SCHEMA: (timedelta(minutes=1), timedelta(hours=1)),
    Cause.POSITION: (timedelta(0), timedelta(minutes=15)),
    Cause.ALLOWANCE: (timedelta(hours=1), timedelta(hours=3)),
    Cause.OURS: (timedelta(minutes=1), timedelta(hours=1)),
}
"""Before the stream is opened again: the first pause and the longest. Each is spread by chance."""
PASSING = (Unreachable, LimitReached, BadAnswer)
"""What is no reason to close a stream that is well: other calls have failed."""
NAME = "stream"
_log = structlog.get_logger("stream")
Connect = Callable[[Session], Bus]


class StreamJob(Recurring):
    """Keeps the stream open. `covered` are the kinds that it tells of now: none while it is not well."""

    def __init__(self, around: Around, connect: Connect) -> None:
        world = around.app.world
        super().__init__(NAME, world.clock, world.ids)
        self._around, self._app, self._connect = around, around.app, connect
        self._kinds = frozenset(with_lines(swept_kinds(around.app.runtime, SYSTEM)))
        self._schemas: dict[str, EventSchema] = {}
        self._condition = Condition(around.tell, "The event stream of Salesforce is open again.")
        self._listener: Listener | None = None
        self._session: Session | None = None
        self._position = Position("", "")
        self._since: dict[str, datetime] = {}
        self._upto = self._looked_at = world.clock.now()
        self._ends, self._bridged = 0, False
        self.doubt_at: datetime | None = None
        """When a sweep of everything was last wanted, because something may have been missed."""

    @property
    def uncovered(self) -> list[str]:
        """The kinds that sweeps have to ask for while the stream is well: those without change events here."""
        return sorted(self._kinds - self.covered)

    @property
    def covered(self) -> frozenset[str]:
        """Of these kinds everything is told; none before the stream has said something."""
        well = self._listener is not None and self._listener.heard and self._listener.ended is None
        return frozenset(self._since) if well else frozenset()

    @property
    def heard_at(self) -> datetime | None:
        """When the stream last said something; None while it is closed."""
        return None if self._listener is None else self._listener.heard_at

    async def run(self) -> None:
        """See `Job`. How long to wait is a matter of how the stream ended, not of how often this ran."""
        try:
            self.next_at = await self.work()
        except ConnectorError as error:
            self.next_at = await self._down(error, Cause.AGAIN)

    async def work(self) -> datetime:
        """When the stream has to be looked at again."""
        now, listener = self.clock.now(), self._listener
        if listener is None:
            return await self._open(now)
        if listener.ended is not None:
            return await self._over(listener.ended)
        if listener.silent_since(SILENT):
            return await self._over(StreamEnded(Cause.AGAIN, "", "silent for too long"))
        if now - self._looked_at >= LOOK:
            await self._look(listener, now)
        if listener.heard:
            self._condition.is_over()
            self._ends, self._bridged = 0, False
        return min(listener.heard_at + SILENT, self._looked_at + LOOK)

    async def close(self) -> None:
        """End the stream: the service stops. The position is on record."""
        if self._listener is not None:
            listener, self._listener = self._listener, None
            await listener.close()

    # Opening

    async def _open(self, now: datetime) -> datetime:
        side = self._around.sides.of(SYSTEM)
        if side.state == "dead" and not self._around.sides.may_ask(SYSTEM, now):
            return side.next_at or now + PAUSES[Cause.AGAIN][1]
        self._session = await self._app.salesforce.session()
        bus = self._connect(self._session)
        try:
            position = await self._begin(bus, self._session, now)
        except (StreamEnded, ConnectorError) as end:
            await bus.close()
            if isinstance(end, StreamEnded):
                return await self._over(end)
            raise
        if used_up := await self._used_up(position, now):
            await bus.close()
            return await self._over(StreamEnded(Cause.ALLOWANCE, used_up))
        wake = self._around.jobs.wake
        self._listener = Listener(bus, position, self._schemas, self.clock, self._take, lambda: wake(NAME))
        return now + SILENT

    async def _begin(self, bus: Bus, session: Session, now: datetime) -> Position:
        """Where to begin: behind what was stored, where that is still good, else with what comes from now on."""
        channel = await channel_of(bus, self._app.settings.stream.channel)
        kinds = await told_kinds(bus, channel, self._kinds, self._members)
        self._looked_at = now
        stored, upto = self._stored()
        self._position = Position(session.org_id, f"/data/{channel}", "", tuple(sorted(kinds)), stored.taken)
        resumes = bool(stored.replay) and (stored.org, stored.topic) == (self._position.org, self._position.topic)
        if resumes and now - upto >= RETENTION:
            self._lost(stored, upto, now, HoleCause.STREAM_DOWN)
        elif resumes:
            self._upto = upto
            self._since = {kind: upto if kind in stored.kinds else now + SETTLE for kind in kinds}
            self._position = _replaced(self._position, stored.replay)
            return self._position
        self._upto = now + SETTLE
        self._since = dict.fromkeys(kinds, self._upto)
        return self._position

    def _stored(self) -> tuple[Position, datetime]:
        store, connection = self._app.store, self._app.connection.id
        position = Position.parse(store.position(connection, SOURCE)) or Position("", "")
        return position, store.swept(connection).get(SOURCE, self.clock.now())

    # What it tells

    def _take(self, told: Told) -> None:
        """Store a batch with its position. Raises `StateTrouble`; then it comes again."""
        now = self.clock.now()
        heard = hear(told.notices, self._kinds | set(DESCRIBED), now)
        if told.unread:
            _log.warning("events that cannot be read", count=told.unread)
            heard.unsaid += [Unsaid(kind, HoleCause.UNNAMED, self._upto - SKEW) for kind in self._since]
        self._open_holes(heard, now)
        upto = heard.upto if told.count else now - LAG
        self._upto = max(self._upto, upto or self._upto)
        self._position = _replaced(self._position, told.replay.hex() or self._position.replay).took(told.count, now)
        claim = Claim(source=SYSTEM, since=dict(self._since), upto=self._upto, way="stream")
        receive_all(
            self._app.connection,
            self._app.runtime,
            SYSTEM,
            heard.changes,
            SOURCE,
            position=self._position.text(),
            covered_to=self._upto,
            claim=claim,
        )
        self._since = {kind: max(since, self._upto) for kind, since in self._since.items()}
        self._wake(heard, now)
        if told.count and self._position.total(now) >= self._app.settings.stream.daily_events:
            raise StreamEnded(Cause.ALLOWANCE, "our own allowance")

    def _open_holes(self, heard: Heard, now: datetime) -> None:
        """Before the position moves: after a crash between the two the same hole is opened again."""
        for unsaid in heard.unsaid:
            if unsaid.kind in self._since:
                continuity.open_hole(self._app, SYSTEM, [unsaid.kind], unsaid.since, now, unsaid.cause)
                self._since[unsaid.kind] = now
                self._doubt(now)

    def _doubt(self, now: datetime) -> None:
        self.doubt_at = now
        self._around.jobs.wake(f"{SWEEP} {SYSTEM}")

    def _wake(self, heard: Heard, now: datetime) -> None:
        if heard.parts:
            self._doubt(now)
        if heard.changes:
            self._around.jobs.wake(DRAIN, now + ECHO if heard.ours else None)

    # How it ends

    async def _over(self, end: Exception) -> datetime:
        """What to do about the end of the stream. Raises what is a mistake of ours."""
        if isinstance(end, ConnectorError):
            return await self._down(end, Cause.AGAIN)
        if not isinstance(end, StreamEnded):
            await self.close()
            raise end
        now = self.clock.now()
        if end.cause is Cause.POSITION:
            self._lost(*self._stored(), now, HoleCause.REPLAY_LOST)
        elif end.cause is Cause.ALLOWANCE:
            self._lost(*self._stored(), now, HoleCause.ALLOWANCE)
        elif end.cause is Cause.SESSION and self._session is not None and not self._ends:
            await self._app.salesforce.new_session(self._session)
        return await self._down(end.error, end.cause)

    async def _down(self, error: ConnectorError, cause: Cause) -> datetime:
        """The stream is closed, and opened again later and later. Meanwhile everything is swept at its cadence."""
        await self.close()
        if error.system:
            self._around.sides.failed(error.system, error)
        now = self.clock.now()
        pause = growing(self._ends, self._ids.jitter(), *PAUSES[cause])
        self._ends += 1
        _log.warning("the event stream ended", why=error.sentence, times=self._ends, again_in=str(pause))
        if self._ends > 1 or pause >= timedelta(minutes=1):
            self._condition.is_now(error)
            if not self._bridged:
                self._doubt(now)
            self._bridged = True
        return now + pause

    def _lost(self, stored: Position, upto: datetime, now: datetime, cause: HoleCause) -> None:
        """What the stream would have told since `upto` is a hole, and the stream begins anew.

        Also after a rest for the allowance: what happened meanwhile is swept, and not delivered, and metered, as well.
        Only what no sweep has covered is missing. The hole first: after a crash between the two it is opened again.
        """
        kinds = stored.kinds or self._position.kinds
        claim = Claim(
            source=SYSTEM, since=dict.fromkeys(kinds, upto), upto=now, way=NAME, missing=dict.fromkeys(kinds, cause)
        )
        self._app.store.claim(self._app.connection.id, claim, now)
        receive_all(
            self._app.connection,
            self._app.runtime,
            SYSTEM,
            [],
            SOURCE,
            position=_replaced(stored, "").text(),
            covered_to=now,
        )

    # Looking after it

    async def _look(self, listener: Listener, now: datetime) -> None:
        """Once an hour: may each object still be listened to, and how many events may the org still deliver?"""
        before, self._looked_at = self._looked_at, now
        channel = self._position.topic.removeprefix("/data/")
        try:
            kinds = await told_kinds(listener.bus, channel, self._kinds, self._members)
        except StreamEnded as end:
            listener.ended = end
            self._around.jobs.wake(NAME)
            return
        self._revoked(frozenset(self._since) - kinds, before, now)
        self._since |= dict.fromkeys(kinds - self._since.keys(), now + SETTLE)
        self._position = _kinds_replaced(self._position, frozenset(self._since))
        if used_up := await self._used_up(self._position, now):
            listener.ended = StreamEnded(Cause.ALLOWANCE, used_up)
            self._around.jobs.wake(NAME)

    async def _members(self, channel: str) -> frozenset[str] | None:
        """What the channel tells of. While that cannot be asked for, it is what it was: events cost no API calls."""
        try:
            return await self._app.salesforce.channel_members(channel)
        except PASSING as error:
            _log.warning("nobody says of what the channel tells", why=error.sentence)
            return frozenset(self._stored()[0].kinds)

    async def _used_up(self, position: Position, now: datetime) -> str:
        """Which allowance of events is used up, our own or the org's; blank for none."""
        if position.total(now) >= self._app.settings.stream.daily_events:
            return "our own allowance"
        try:
            deliveries = await self._app.salesforce.deliveries()
        except PASSING as error:
            _log.warning("nobody says how many events are left", why=error.sentence)
            deliveries = None
        scarce = deliveries is not None and deliveries[1] * SCARCE < deliveries[0]
        return "hardly any events are left" if scarce else ""

    def _revoked(self, kinds: frozenset[str], since: datetime, now: datetime) -> None:
        """Only what concerns these kinds ends: they are swept like those that have no events."""
        for kind in sorted(kinds):
            _log.warning("the event stream no longer tells of an object", kind=kind)
            del self._since[kind]
            continuity.open_hole(self._app, SYSTEM, [kind], since, now, HoleCause.STREAM_DOWN)
        if kinds:
            self._condition.is_now(
                Unreachable(f"The event stream no longer tells of {', '.join(sorted(kinds))}.", "Check View All.")
            )
            self._doubt(now)


def _replaced(position: Position, replay: str) -> Position:
    return Position(position.org, position.topic, replay, position.kinds, position.taken)


def _kinds_replaced(position: Position, kinds: frozenset[str]) -> Position:
    return Position(position.org, position.topic, position.replay, tuple(sorted(kinds)), position.taken)
