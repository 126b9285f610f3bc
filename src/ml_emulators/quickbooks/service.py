"""Everything one running emulator holds, and the cheap copy of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from typing import Any

from ml_emulators.kit.clock import VirtualClock
from ml_emulators.kit.faults import NO_RECORD_FAULTS, RecordFaults
from ml_emulators.kit.wire import Response
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.settings import App, ChangeNotice, Company, Counters, Switches
from ml_emulators.quickbooks.signin.tokens import Authority, Tokens
from ml_emulators.quickbooks.state import Books
from ml_emulators.quickbooks.webhooks.endpoints import Endpoints
from ml_emulators.quickbooks.webhooks.outbox import OutboxState

Replays = dict[tuple[Any, ...], tuple[datetime, Response, bytes]]
"""By requestid: when, the answer, and what was asked."""
Windows = dict[tuple[str, ...], deque[float]]


@dataclass(frozen=True)
class Registered:
    """Who is known at the server: its companies and apps, the default app, and what was first granted to it."""

    companies: tuple[Company, ...]
    apps: dict[str, App]
    app: App
    granted: str


@dataclass(frozen=True)
class Snapshot:
    """A state to come back to; opaque to callers."""

    books: dict[str, Books]
    tokens: Tokens
    replays: Replays
    windows: Windows
    counters: Counters
    random: Any
    webhooks: tuple[OutboxState, ...] = ()
    registered: Registered | None = None


@dataclass
class Service:
    """The state behind the routes. `books` holds one company for each realm id."""

    clock: VirtualClock
    random: Random
    base_url: str
    authority: Authority
    books: dict[str, Books]
    switches: Switches = field(default_factory=Switches)
    replays: Replays = field(default_factory=dict)
    windows: Windows = field(default_factory=dict)
    counters: Counters = field(default_factory=Counters)
    on_change: list[Callable[[ChangeNotice], None]] = field(default_factory=list)
    companies: list[Company] = field(default_factory=list)
    ordered: RecordFaults = NO_RECORD_FAULTS
    """Faults that records meet in the request that is being served."""
    endpoints: Endpoints = field(init=False)

    def __post_init__(self) -> None:
        self.endpoints = Endpoints(self.switches, self.clock, self.authority.connected)
        self.on_change.append(self.endpoints.publish)

    def publish(self, notices: list[ChangeNotice], app: str = "") -> None:
        """Say to every listener what was committed, by which app (blank: a user)."""
        for notice in notices:
            authored = replace(notice, app=app) if app else notice
            for listener in self.on_change:
                listener(authored)

    def context(self, realm_id: str, now: datetime, include: frozenset[str] = frozenset()) -> WriteContext:
        """What a write on the books of a company needs. Raises `KeyError` for an unknown realm."""
        return WriteContext(self.books[realm_id], now, self.switches, include, self.base_url, ordered=self.ordered)

    def snapshot(self) -> Snapshot:
        """Books, tokens, replays, limits, counters, chance; switches and the registry stay out of it."""
        return Snapshot(
            {realm: books.copy() for realm, books in self.books.items()},
            self.authority.tokens.copy(),
            self.replays.copy(),
            {key: window.copy() for key, window in self.windows.items()},
            deepcopy(self.counters),
            self.random.getstate(),
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot; it stays good for another time."""
        self.books = {realm: books.copy() for realm, books in snapshot.books.items()}
        self.authority.tokens = snapshot.tokens.copy()
        self.replays = snapshot.replays.copy()
        self.windows = {key: window.copy() for key, window in snapshot.windows.items()}
        self.counters = deepcopy(snapshot.counters)
        self.random.setstate(snapshot.random)
