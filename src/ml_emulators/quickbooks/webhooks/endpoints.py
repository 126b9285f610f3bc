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
from ml_emulators.quickbooks.webhooks.outbox import Kept, Webhooks

Connected = Callable[[str, str], bool]
_APART = 1_000_000_000
"""Deliveries of the n-th app (from 0) are numbered from n times this on."""


@dataclass
class _Line:
    """One app and its queue."""

    app: App
    hooks: Webhooks


class Switchboard:
    """Orders and views of the control door are about the first app; the others are pointed one by one."""

    def __init__(self, switches: Switches, clock: VirtualClock, connected: Connected) -> None:
        self.on_news: list[Callable[[], None]] = []
        self._switches = switches
        self._clock = clock
        self._connected = connected
        self._lines: list[_Line] = []

    def settle(self, apps: Sequence[App]) -> None:
        """The apps as they are registered now, in order; the target of a place stays with it."""
        for place, app in enumerate(apps):
            if place < len(self._lines):
                self._lines[place].app = app
            else:
                self._lines.append(self._line(app))
        del self._lines[len(apps) :]

    def _line(self, app: App) -> _Line:
        def connected(realm_id: str) -> bool:
            return self._connected(line.app.client_id, realm_id)

        line = _Line(app, Webhooks(self._switches, self._clock, lambda: line.app, connected))
        line.hooks.on_news.append(self._ring)
        return line

    def _ring(self) -> None:
        for listener in self.on_news:
            listener()

    def of(self, client_id: str) -> Webhooks | None:
        """One app's endpoint, if it is registered."""
        return next((line.hooks for line in self._lines if line.app.client_id == client_id), None)

    def hear(self, notice: ChangeNotice) -> None:
        for line in self._lines:
            line.hooks.hear(notice)

    # The outbox of the control door

    def point(self, order: WebhookOrder) -> None:
        self._lines[0].hooks.point(order)

    def trouble(self, order: WebhookTroubles) -> None:
        self._lines[0].hooks.trouble(order)

    def view(self) -> WebhookState:
        """The first app's state, with the deliveries of every app."""
        views = [line.hooks.view() for line in self._lines]
        every = [
            msgspec.structs.replace(one, number=place * _APART + one.number)
            for place, view in enumerate(views)
            for one in view.deliveries
        ]
        return msgspec.structs.replace(views[0], deliveries=every)

    def forget(self) -> None:
        for line in self._lines:
            line.hooks.forget()

    def clear(self) -> None:
        for line in self._lines:
            line.hooks.clear()

    # To the sender

    def next(self, now: datetime) -> Post | None:
        return next(self._due(now), None)

    def _due(self, now: datetime) -> Iterator[Post]:
        for place, line in enumerate(self._lines):
            post = line.hooks.next(now)
            if post is not None:
                yield post._replace(number=place * _APART + post.number)

    def wakes_at(self) -> datetime | None:
        known = [line.hooks.wakes_at() for line in self._lines]
        return min((at for at in known if at is not None), default=None)

    def answered(self, number: int, status: int | None, now: datetime, error: str = "") -> None:
        place, own = divmod(number, _APART)
        for line in self._lines[place : place + 1]:
            line.hooks.answered(own, status, now, error)

    # Back and forth

    def snapshot(self) -> tuple[Kept, ...]:
        return tuple(line.hooks.snapshot() for line in self._lines)

    def restore(self, kept: Sequence[Kept]) -> None:
        for line, one in zip(self._lines, kept, strict=False):
            line.hooks.restore(one)
        for line in self._lines[len(kept) :]:
            line.hooks.forget()
