"""The outbox of webhooks: changes are gathered to deliveries, tried, and tried again (reference 9.1). Pure.

An endpoint acknowledges with 200. Until then the delivery is repeated by the ladder of waits, and what comes after
it waits behind it. All times are those of the virtual clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from ml_emulators.kit.clock import VirtualClock
from ml_emulators.kit.control_bodies import WebhookAttempt, WebhookDelivery, WebhookOrder, WebhookState, WebhookTroubles
from ml_emulators.kit.webhooks import Post
from ml_emulators.quickbooks.settings import App, ChangeNotice, Switches
from ml_emulators.quickbooks.webhooks.bodies import SIGNATURE, Event, cloud_events, legacy, sign
from ml_emulators.quickbooks.webhooks.troubles import Troubles

MOST_EVENTS = 100
LADDER = tuple(timedelta(seconds=s) for s in (0, 10, 20, 30, 300, 1_200, 7_200, 14_400, 21_600))
KEEP = 100


@dataclass(frozen=True)
class Delivery:
    """Events that go out together, and every attempt so far."""

    number: int
    events: tuple[Event, ...]
    due: datetime
    attempts: tuple[WebhookAttempt, ...] = ()


@dataclass(frozen=True)
class OutboxState:
    """The state to come back to; opaque to callers."""

    waiting: tuple[Event, ...]
    queue: tuple[Delivery, ...]
    done: tuple[Delivery, ...]
    counted: tuple[int, int]
    troubles: Troubles


def wait_after(failures: int) -> timedelta:
    """How long after the n-th failed attempt (from 1) the next one comes."""
    return LADDER[min(failures, len(LADDER)) - 1]


def aggregated(events: Iterable[Event]) -> list[Event]:
    """Of several changes of the same sort to one record only the newest; copies are left alone."""
    newest: dict[tuple[object, ...], Event] = {}
    for event in events:
        notice = event.notice
        key = (notice.realm_id, notice.entity, notice.id, notice.operation, notice.deleted_id, event.copy)
        newest.pop(key, None)
        newest[key] = event
    return list(newest.values())


def batches(events: Iterable[Event], *, several_companies: bool) -> list[tuple[Event, ...]]:
    """At most 100 events together, and of one company only unless they may be mixed."""
    groups: dict[str, list[Event]] = {}
    for event in events:
        groups.setdefault("" if several_companies else event.notice.realm_id, []).append(event)
    return [
        tuple(group[first : first + MOST_EVENTS])
        for group in groups.values()
        for first in range(0, len(group), MOST_EVENTS)
    ]


class Webhooks:
    """The one endpoint of an app: gets the changes of the companies that authorised it (`connected`)."""

    def __init__(
        self, switches: Switches, clock: VirtualClock, app: Callable[[], App], connected: Callable[[str], bool]
    ) -> None:
        self.on_news: list[Callable[[], None]] = []
        self._switches = switches
        self._clock = clock
        self._app = app
        self._connected = connected
        self._target: str | None = None
        self._format: Literal["cloudevents", "legacy"] = "cloudevents"
        self._numbered = self._made = 0
        self.clear()

    def clear(self) -> None:
        """Nothing waits, nothing was delivered, nothing goes wrong; the target stays."""
        self._troubles = Troubles()
        self.forget()

    def forget(self) -> None:
        """Drop what waits, is due and was delivered."""
        self._waiting: list[Event] = []
        self._queue: list[Delivery] = []
        self._done: list[Delivery] = []

    # What the control door orders and shows

    def point(self, order: WebhookOrder) -> None:
        """Another target and format; none drops what waits, as nobody is to get it."""
        self._target, self._format = order.target, order.format
        if order.target is None:
            self._waiting, self._queue = [], []
        self._announce()

    def trouble(self, order: WebhookTroubles) -> None:
        """Plan losses, delays, copies or another order of the next events."""
        self._troubles.order(order)

    def view(self) -> WebhookState:
        """The target, what waits, and the deliveries by number, done or due."""
        deliveries = [_shown(delivery, True) for delivery in self._done] + [
            _shown(delivery, False) for delivery in self._queue
        ]
        deliveries.sort(key=lambda delivery: delivery.number)
        return WebhookState(self._target, self._format, len(self._waiting), deliveries, list(self._troubles.plans))

    # From the books

    def publish(self, notice: ChangeNotice) -> None:
        """A committed change: it waits for its delivery, unless nobody is to know of it."""
        if self._target is None or not self._connected(notice.realm_id):
            return
        if notice.app == self._app().client_id and not self._switches.webhook_self_echo:
            return
        self._numbered += 1
        due = notice.instant + timedelta(seconds=self._switches.webhook_window_seconds)
        event = Event(self._numbered, notice, due)
        self._waiting.extend(self._troubles.outcomes(event))
        self._announce()

    def _announce(self) -> None:
        for listener in self.on_news:
            listener()

    # To the sender

    def next(self, now: datetime) -> Post | None:
        """The attempt that is due first, as it is to be posted; None when nothing is."""
        if self._target is None:
            return None
        if not self._blocked():
            self._gather(now)
        for delivery in self._queue[:1] if self._switches.webhook_blocking else self._queue:
            if delivery.due <= now:
                return self._post(delivery, self._target)
        return None

    def _blocked(self) -> bool:
        return bool(self._queue) and self._switches.webhook_blocking

    def wakes_at(self) -> datetime | None:
        """The first instant at which something is due; behind a failed delivery only its next attempt counts."""
        if self._target is None:
            return None
        if self._blocked():
            return self._queue[0].due
        return min([*(entry.due for entry in self._queue), *(entry.due for entry in self._waiting)], default=None)

    def answered(self, number: int, status: int | None, now: datetime, error: str = "") -> None:
        """An attempt is over. What was dropped or set back meanwhile is not missed."""
        for place, delivery in enumerate(self._queue):
            if delivery.number != number:
                continue
            attempts = (*delivery.attempts, WebhookAttempt(now, status, error))
            tried = replace(delivery, attempts=attempts, due=now + wait_after(len(attempts)))
            if status != 200:
                self._queue[place] = tried
                return
            del self._queue[place]
            self._done = [*self._done[1 - KEEP :], tried]
            return

    def _gather(self, now: datetime) -> None:
        """Once the oldest change has waited long enough, everything that waits goes out with it."""
        if not any(event.due <= now for event in self._waiting):
            return
        ready = [event for event in self._waiting if event.due <= now or not event.held]
        self._waiting = [event for event in self._waiting if event.due > now and event.held]
        outgoing = aggregated(ready) if self._switches.webhook_aggregate else ready
        for events in batches(outgoing, several_companies=self._switches.webhook_several_companies):
            self._made += 1
            self._queue.append(Delivery(self._made, self._troubles.reordered(events), now))

    def _post(self, delivery: Delivery, target: str) -> Post:
        app, switches = self._app(), self._switches
        kind = "application/json"
        if self._format == "legacy":
            body = legacy(delivery.events, switches)
        else:
            body, kind = cloud_events(delivery.events, app, switches), switches.webhook_content_type
        headers = {"Content-Type": kind, SIGNATURE: sign(body, app.webhook_verifier_token)}
        return Post(delivery.number, target, headers, body)

    # Back and forth

    def snapshot(self) -> OutboxState:
        """Queues, counters and plans, as a value that later work does not change."""
        return OutboxState(
            tuple(self._waiting),
            tuple(self._queue),
            tuple(self._done),
            (self._numbered, self._made),
            self._troubles.copy(),
        )

    def restore(self, state: OutboxState) -> None:
        """Go back; the target and the counters stay, for the endpoint lives outside and has seen their numbers."""
        self._waiting, self._queue, self._done = list(state.waiting), list(state.queue), list(state.done)
        self._numbered, self._made = max(self._numbered, state.counted[0]), max(self._made, state.counted[1])
        self._troubles = state.troubles.copy()
        self._announce()


def _shown(delivery: Delivery, acknowledged: bool) -> WebhookDelivery:
    notices = [event.notice for event in delivery.events]
    return WebhookDelivery(
        delivery.number,
        list(dict.fromkeys(notice.realm_id for notice in notices)),
        [f"{notice.entity} {notice.id} {notice.operation}" for notice in notices],
        acknowledged,
        list(delivery.attempts),
        None if acknowledged else delivery.due,
    )
