"""One Subscribe stream as a state machine: requests in, responses out, no sockets and no waiting (reference 5.4).

Every method takes the time in seconds of any clock that only goes forward.
"""

from __future__ import annotations

from dataclasses import dataclass

from .bus import Bus, Delivered
from .channels import Topic
from .log import replay_id
from .refusals import Refusal
from .trouble import Trouble

LATEST, EARLIEST, CUSTOM = 0, 1, 2
MOST_PENDING = 100
MOST_BYTES = 3 * 1024 * 1024


@dataclass(frozen=True)
class Fetch:
    """What a FetchRequest asks."""

    topic: str = ""
    preset: int = LATEST
    replay_id: bytes = b""
    count: int = 0


@dataclass(frozen=True)
class Batch:
    """What a FetchResponse says; without events it is a keepalive."""

    events: tuple[Delivered, ...]
    latest: bytes
    pending: int


class Ended(Exception):
    """The stream ends without an error."""


class Subscription:
    """One stream: what was asked for and not delivered yet, where it stands, when it last said something."""

    def __init__(self, bus: Bus, trouble: Trouble, token: str) -> None:
        self.topic: Topic | None = None
        self.pending = 0
        self._bus = bus
        self._trouble = trouble
        self._token = token
        self._born = (trouble.breaks, trouble.stalls)
        self._turn = bus.set_back
        self._cursor = 0
        self._last_sent = 0.0
        self._empty_since = 0.0
        self._settles_at = 0.0

    def ask(self, fetch: Fetch, at: float) -> None:
        """A FetchRequest came. Raises `Refusal`."""
        if self.topic is None:
            self._begin(fetch, at)
        elif fetch.topic not in ("", self.topic.name):
            raise Refusal("subscription.fetch.topic.mismatch")
        if fetch.count <= 0:
            raise Refusal("subscription.fetch.requested.events.invalid")
        if not self.pending:
            self._last_sent = at
        self.pending = min(MOST_PENDING, self.pending + fetch.count)

    def _begin(self, fetch: Fetch, at: float) -> None:
        topic = self._bus.topic(fetch.topic)
        if not self._bus.may_subscribe(topic):
            raise Refusal("subscription.topic.cannot.subscribe")
        if fetch.preset not in (LATEST, EARLIEST, CUSTOM):
            raise Refusal("subscription.fetch.request.invalid")
        self._bus.settle()
        if fetch.preset == LATEST:
            self._cursor = self._bus.positions.last
            self._settles_at = at + self._bus.switches.settle_seconds
        elif fetch.preset == CUSTOM:
            self._cursor = self._bus.position_of(topic, fetch.replay_id)
        self.topic = topic

    @property
    def silent(self) -> bool:
        """Whether trouble has struck it so that it says nothing more and does not end."""
        return self._born[1] < self._trouble.stalls

    def take(self, at: float) -> Batch | None:
        """The next response, if one is due. Raises `Refusal` or `Ended` when the stream is over."""
        self._check_alive()
        if self.topic is None or self.silent:
            return None
        if not self.pending:
            self._idle(at)
            return None
        if at < self._settles_at:
            self._bus.settle()
            self._cursor = self._bus.positions.last
            return None
        return self._next(self.topic, at)

    def _check_alive(self) -> None:
        if self._born[0] < self._trouble.breaks:
            raise Refusal(self._trouble.break_code)
        if self._bus.switches.expire_streams and not self._bus.token_is_live(self._token):
            raise Refusal("service.auth.error")

    def _idle(self, at: float) -> None:
        switches = self._bus.switches
        if at - self._empty_since < switches.idle_close_seconds:
            return
        if switches.idle_close_code:
            raise Refusal(switches.idle_close_code)
        raise Ended

    def _next(self, topic: Topic, at: float) -> Batch | None:
        self._follow()
        allowed = self._bus.allowed()
        most = self.pending if allowed is None else min(self.pending, allowed)
        entries, seen = self._bus.read(topic, self._cursor, max(1, most))
        if not entries:
            return self._keepalive(seen, at)
        if most == 0:
            raise Refusal("subscription.limit.exceeded")
        events: list[Delivered] = []
        size = 0
        for entry in entries:
            event = self._bus.deliver(entry)
            size += len(event.payload)
            if events and size > MOST_BYTES:
                break
            events.append(event)
            self._cursor = entry.position
        return self._sent(tuple(events), events[-1].replay_id, at)

    def _follow(self) -> None:
        """When the org was set back to an earlier state, go on from there."""
        if self._turn != self._bus.set_back:
            self._turn = self._bus.set_back
            self._cursor = min(self._cursor, self._turn[1])

    def _sent(self, events: tuple[Delivered, ...], latest: bytes, at: float) -> Batch:
        self.pending -= len(events)
        self._last_sent = at
        self._empty_since = at
        self._bus.usage.count(self._bus.clock.now(), len(events))
        return Batch(events, latest, self.pending)

    def _keepalive(self, seen: int, at: float) -> Batch | None:
        at_end = seen == self._bus.positions.last
        self._cursor = seen
        if at - self._last_sent < self._bus.switches.keepalive_seconds:
            return None
        if at_end:
            self._cursor = self._bus.fresh_position()
        return self._sent((), replay_id(self._cursor), at)

    def due_in(self, at: float) -> float | None:
        """Seconds until something may come by time alone; None: only news or a request can bring it."""
        switches = self._bus.switches
        if self.topic is None or self.silent:
            return None
        if not self.pending:
            return max(0.0, self._empty_since + switches.idle_close_seconds - at)
        keepalive = max(0.0, self._last_sent + switches.keepalive_seconds - at)
        return min(keepalive, max(0.0, self._settles_at - at) or keepalive)
