"""The endpoints of all apps as one outbox: each app has its own target, format, token and queue (reference 9.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from ml_emulators.kit.clock import VirtualClock
from ml_emulators.kit.control_bodies import WebhookOrder, WebhookState, WebhookTroubles
from ml_emulators.kit.webhooks import Post
from ml_emulators.quickbooks.settings import App, ChangeNotice, Switches
from ml_emulators.quickbooks.webhooks.outbox import OutboxState, Webhooks

Connected = Callable[[str, str], bool]
_APART = 1_000_000_000
"""Deliveries of the n-th app (from 0) are numbered from n times this on."""


@dataclass
class _Endpoint:
    """One app and its queue."""

    app: App
    webhooks: Webhooks


class Endpoints:
    """Orders and views of the control door are about the first app; the others are pointed one by one."""

    def __init__(self, switches: Switches, clock: VirtualClock, connected: Connected) -> None:
        self.on_news: list[Callable[[], None]] = []
        self._switches = switches
        self._clock = clock
        self._connected = connected
        self._endpoints: list[_Endpoint] = []

    def register(self, apps: Sequence[App]) -> None:
        """The apps as they are registered now, in order; the target of a place stays with it."""
        for place, app in enumerate(apps):
            if place < len(self._endpoints):
                self._endpoints[place].app = app
            else:
                self._endpoints.append(self._endpoint(app))
        del self._endpoints[len(apps) :]

    def _endpoint(self, app: App) -> _Endpoint:
        def connected(realm_id: str) -> bool:
            return self._connected(endpoint.app.client_id, realm_id)

        endpoint = _Endpoint(app, Webhooks(self._switches, self._clock, lambda: endpoint.app, connected))
        endpoint.webhooks.on_news.append(self._announce)
        return endpoint

    def _announce(self) -> None:
        for listener in self.on_news:
            listener()

    def of(self, client_id: str) -> Webhooks | None:
        """One app's endpoint, if it is registered."""
        return next((endpoint.webhooks for endpoint in self._endpoints if endpoint.app.client_id == client_id), None)

    def publish(self, notice: ChangeNotice) -> None:
        """Tell every endpoint of a change; each decides whether its app is to know."""
        for endpoint in self._endpoints:
            endpoint.webhooks.publish(notice)

    # The outbox of the control door

    def point(self, order: WebhookOrder) -> None:
        """Point the first app's endpoint."""
        self._endpoints[0].webhooks.point(order)

    def trouble(self, order: WebhookTroubles) -> None:
        """Plan trouble for the first app's endpoint."""
        self._endpoints[0].webhooks.trouble(order)

    def view(self) -> WebhookState:
        """The first app's state, with the deliveries of every app."""
        views = [endpoint.webhooks.view() for endpoint in self._endpoints]
        every = [
            msgspec.structs.replace(delivery, number=place * _APART + delivery.number)
            for place, view in enumerate(views)
            for delivery in view.deliveries
        ]
        return msgspec.structs.replace(views[0], deliveries=every)

    def forget(self) -> None:
        """Drop what waits, is due and was delivered, at every endpoint."""
        for endpoint in self._endpoints:
            endpoint.webhooks.forget()

    def clear(self) -> None:
        """Drop it and the plans of trouble too, at every endpoint."""
        for endpoint in self._endpoints:
            endpoint.webhooks.clear()

    # To the sender

    def next(self, now: datetime) -> Post | None:
        """What is due first at any endpoint; None when nothing is."""
        return next(self._due(now), None)

    def _due(self, now: datetime) -> Iterator[Post]:
        for place, endpoint in enumerate(self._endpoints):
            post = endpoint.webhooks.next(now)
            if post is not None:
                yield post._replace(number=place * _APART + post.number)

    def wakes_at(self) -> datetime | None:
        """The first instant at which something is due; None when nothing waits."""
        known = [endpoint.webhooks.wakes_at() for endpoint in self._endpoints]
        return min((at for at in known if at is not None), default=None)

    def answered(self, number: int, status: int | None, now: datetime, error: str = "") -> None:
        """How an attempt went: the HTTP status, or None and why there was none."""
        place, own = divmod(number, _APART)
        for endpoint in self._endpoints[place : place + 1]:
            endpoint.webhooks.answered(own, status, now, error)

    # Back and forth

    def snapshot(self) -> tuple[OutboxState, ...]:
        """The state of every endpoint."""
        return tuple(endpoint.webhooks.snapshot() for endpoint in self._endpoints)

    def restore(self, states: Sequence[OutboxState]) -> None:
        """Back to a snapshot; endpoints that came later are emptied."""
        for endpoint, state in zip(self._endpoints, states, strict=False):
            endpoint.webhooks.restore(state)
        for endpoint in self._endpoints[len(states) :]:
            endpoint.webhooks.forget()
