"""The tiny company on both emulators with a database: built once a process, put back by copy before each run."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from ml_connector.app import App, assemble
from ml_connector.custody import SealedTokens
from ml_connector.engine.ports import CrashPoint
from ml_connector.model.refs import Change
from ml_connector.store import Store
from ml_connector.systems.http import Network
from ml_connector.systems.quickbooks import webhooks
from ml_connector.systems.quickbooks import writing as outbox
from ml_connector.systems.quickbooks.auth import Tokens
from ml_connector.systems.salesforce import writing
from ml_connector.world import World
from ml_emulators.kit.control_bodies import WebhookOrder
from ml_emulators.quickbooks import QuickBooks, batch, faults
from support.tables import Rows, put_back, rows_of
from support.world import Installation, SimClock, SimIds

Hear = Callable[[str], None]
ENDPOINT = "http://127.0.0.1:9/hooks/quickbooks"
"""Where webhooks would go; they are fetched here instead."""


class Killed(BaseException):
    """The process is gone: nothing may catch this."""


class _Dead:
    """What a killed process finds where its database was."""

    def begin(self) -> Any:
        raise Killed

    connect = begin


class HeardStore(Store):
    """The store of one process, which says after each of its milestones that it is passed."""

    def __init__(self, engine: Any, hear: Hear) -> None:
        super().__init__(engine)
        self._hear = hear

    def intake(self, *given: Any, **named: Any) -> int:
        count = super().intake(*given, **named)
        self._hear("knocks stored")
        return count

    def take_lease(self, connection: str, holder: str, now: datetime) -> int | None:
        token = super().take_lease(connection, holder, now)
        if token is not None:
            self._hear("connection taken")
        return token

    def release_lease(self, connection: str, token: int) -> None:
        super().release_lease(connection, token)
        self._hear("connection released")


class OwnClock(SimClock):
    """The clock of the connector's machine: the vendors' time, and what it is wrong by."""

    def __init__(self, clock: Any) -> None:
        super().__init__(clock)
        self.wrong_by = timedelta(0)

    def now(self) -> datetime:
        return self.clock.now() + self.wrong_by


class ProcessClock(SimClock):
    """The clock of the machine, as one process sees it. Its heartbeat stops while the process is asleep.

    It is measured by the vendors' time: a wrong clock does not make a heart beat faster.
    """

    def __init__(self, machine: OwnClock) -> None:
        super().__init__(machine.clock)
        self._machine = machine

    def now(self) -> datetime:
        return self._machine.now()

    def running(self) -> datetime:
        return self.clock.now()


class Process:
    """One process of the connector: its own memory, the common database."""

    def __init__(self, store: Store, app: App, clock: ProcessClock) -> None:
        self.app = app
        self.clock = clock
        self._store = store

    def die(self) -> None:
        """From here on it can neither write nor tidy up behind itself."""
        self._store.engine = _Dead()  # type: ignore[assignment]  # answers like an engine whose process is gone


class Moment(msgspec.Struct, frozen=True):
    """Both vendors and the database as they were at some time."""

    vendors: Mapping[str, Any]
    database: sqlite3.Connection | Rows


class Testbed:
    """Both vendors and the database. `back_to` makes everything as it was at a moment."""

    def __init__(self, url: str = "sqlite://") -> None:
        with TemporaryDirectory(prefix="crash-runs-") as folder:  # the keys are in memory from here on
            self.home = Installation(Path(folder), store_url=url)
        self.clock = OwnClock(self.home.clock)
        self._switches = {
            name: {each.name: getattr(vendor.switches, each.name) for each in fields(vendor.switches)}
            for name, vendor in self.home.emulation.vendors.items()
        }
        self.refusing = False
        self.webhooks_on()
        self.start = self.moment()

    def webhooks_on(self) -> None:
        """From here on QuickBooks has something to tell; what happened before is not told any more."""
        outbox = self.home.emulation.webhooks
        assert outbox is not None
        outbox.point(WebhookOrder(target=ENDPOINT))
        outbox.forget()

    @property
    def connection(self) -> str:
        return self.home.app.connection.id

    def moment(self) -> Moment:
        return Moment(self.home.emulation.snapshot(), self.backup())

    def back_to(self, moment: Moment, chance: str) -> None:
        home = self.home
        home.emulation.restore(moment.vendors)
        home.emulation.faults.clear()
        home.emulation.log.clear()
        home.network.sent.clear()
        for name, values in self._switches.items():
            for switch, value in values.items():
                setattr(home.emulation.vendors[name].switches, switch, value)
        self.clock.wrong_by = timedelta(0)
        self.refusing = False
        home.ids = SimIds(Random(chance))
        self.bring_back(moment.database)

    def _sqlite(self) -> sqlite3.Connection | None:
        if self.home.store.engine.dialect.name != "sqlite":
            return None
        connection = self.home.store.engine.raw_connection().driver_connection
        assert isinstance(connection, sqlite3.Connection)
        return connection

    def backup(self) -> sqlite3.Connection | Rows:
        """A copy of the database as it is."""
        ours = self._sqlite()
        if ours is None:
            return rows_of(self.home.store)
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        ours.backup(copy)
        return copy

    def bring_back(self, copy: sqlite3.Connection | Rows) -> None:
        """The database as it was when the copy was taken."""
        if isinstance(copy, sqlite3.Connection):
            ours = self._sqlite()
            assert ours is not None
            copy.backup(ours)
        else:
            put_back(self.home.store, copy)

    def process(self, crash: CrashPoint, hear: Hear, network: Network) -> Process:
        """A process as it starts: nothing in memory but what the database keeps."""
        home = self.home
        store, clock = HeardStore(home.store.engine, hear), ProcessClock(self.clock)
        app = assemble(home.settings, home.rules, store, home.vault, World(network, clock, home.ids, crash))
        return Process(store, app, clock)

    def connect_again(self) -> None:
        """A person connects QuickBooks again: a fresh consent, its tokens kept as `connect` keeps them."""
        company = self.home.emulation.vendors["quickbooks"]
        assert isinstance(company, QuickBooks)
        tokens = Tokens(access_token="", refresh_token=company.connect(), access_expires_at=self.home.clock.now())
        owner = self.home.rules.realm_id
        SealedTokens(self.home.custody("quickbooks"), owner).store(tokens)

    def webhooks(self, form: str) -> Iterator[list[Change]]:
        """What QuickBooks has to deliver now, in one of its formats: bodies whose signature was checked, as knocks."""
        outbox, realm = self.home.emulation.webhooks, self.home.rules.realm_id
        assert outbox is not None
        outbox.point(msgspec.convert({"target": ENDPOINT, "format": form}, WebhookOrder))
        token = self.home.emulation.vendors["quickbooks"].connection_info()["webhook_verifier_token"]
        now = self.home.clock.now()
        while (post := outbox.next(now)) is not None:
            outbox.answered(post.number, 200, now)
            assert webhooks.is_signed(post.body, post.headers[webhooks.SIGNATURE_HEADER], token)
            yield webhooks.parse(post.body, now).changes.get(realm, [])

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """QuickBooks may refuse half of a batch: it throttles every second item while `refusing` is set."""
        before = batch.run

        def run(context: Any, items: Sequence[Any], random: Random) -> dict[str, Any]:
            if not self.refusing:
                return before(context, list(items), random)
            self.refusing = False
            taken, later = list(items[: len(items) // 2]), items[len(items) // 2 :]
            answers = before(context, taken, random)["BatchItemResponse"] if taken else []
            no = faults.throttled().body()
            return {"BatchItemResponse": [*answers, *({"Fault": no, "bId": item["bId"]} for item in later)]}

        batch.run = run
        try:
            yield
        finally:
            batch.run = before


@contextmanager
def small_batches(wanted: bool) -> Iterator[None]:
    """Two records a request where the vendors allow more, so that few records make several batches."""
    before = writing.CHUNK, dict(outbox.BATCH_SIZES)
    if wanted:
        writing.CHUNK = 2
        outbox.BATCH_SIZES.update({name: 2 for name, size in before[1].items() if size > 1})
    try:
        yield
    finally:
        writing.CHUNK = before[0]
        outbox.BATCH_SIZES.update(before[1])
