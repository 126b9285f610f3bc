"""A whole installation in one process: both emulated vendors, the store, the wiring, virtual time, chance from a seed.

Only the sockets are missing: the network's one seam hands each request to the emulators' own gate.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

from ml_connector.actions.apply import approve
from ml_connector.actions.drain import drain
from ml_connector.actions.plan import make_plan
from ml_connector.app import App, assemble, connection_id
from ml_connector.clock import MovedClock
from ml_connector.custody import DIGESTS, Custody, SealedTokens, seal_secret
from ml_connector.engine.ports import CrashPoint, no_crash
from ml_connector.engine.worker import DrainReport
from ml_connector.model.rules import Rules, Template
from ml_connector.settings import QuickBooks as QuickBooksSettings
from ml_connector.settings import Salesforce, Settings, State, destination
from ml_connector.systems.http import NoAnswer, NotSent, Request, Response
from ml_connector.systems.quickbooks.auth import Tokens
from ml_connector.vault import Vault
from ml_connector.world import World
from ml_emulators.kit import emulator_faults
from ml_emulators.kit.clock import VirtualClock
from ml_emulators.kit.emulation import Emulation
from ml_emulators.kit.gate import Answer
from ml_emulators.kit.wire import Request as WireRequest
from ml_emulators.scenarios import load, new_emulation

from .stores import fresh

TODAY = date(2026, 11, 20)
QUICKBOOKS_URL = "http://127.0.0.1:41001"
SALESFORCE_URL = "http://127.0.0.1:41002"
Hook = Callable[[str, Request], Awaitable[None]]


class SimClock(MovedClock):
    """The emulators' clock, for a process of the connector; sleeping moves it."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self.clock = clock

    def now(self) -> datetime:
        return self.clock.now()

    async def move(self, by: timedelta) -> None:
        self.clock.advance(by)


class SimIds:
    def __init__(self, random: Random) -> None:
        self.random = random

    def token(self) -> str:
        return f"{self.random.getrandbits(128):032x}"

    def jitter(self) -> float:
        return self.random.random()


class EmulatedNetwork:
    """The network of the connector: the emulators' gate. `before` may act when a request is about to leave."""

    def __init__(self, emulation: Emulation) -> None:
        self.emulation = emulation
        self.before: Hook | None = None
        self.sent: list[tuple[str, str, str]] = []

    async def send(self, request: Request, clock: MovedClock | None = None) -> Response:
        """With `clock`, the one who waits for an answer that is slow is a process with that clock."""
        waiting = clock or SimClock(self.emulation.clock)
        vendor = "quickbooks" if request.url.startswith(QUICKBOOKS_URL) else "salesforce"
        if self.before is not None:
            await self.before(vendor, request)
        parts = urlsplit(request.url)
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.sent.append((vendor, request.method, parts.path))
        outcome = self.emulation.serve(
            vendor, WireRequest(request.method, parts.path, parts.query, headers, bytes(request.body))
        )
        if isinstance(outcome, Answer):
            assert not emulator_faults.is_fault(outcome.response), "the emulator has a fault: its log has the traceback"
            if outcome.delay:
                await waiting.sleep(timedelta(seconds=outcome.delay))
            body = outcome.response.body[: len(outcome.response.body) // 2] if outcome.cut else outcome.response.body
            if outcome.cut:
                raise NoAnswer("The connection broke.", "Again.")
            names = {name.lower(): value for name, value in outcome.response.headers.items()}
            return Response(outcome.response.status, names, body)
        if outcome.delay:
            await waiting.sleep(timedelta(seconds=outcome.delay))
        raise (NoAnswer if outcome.done or outcome.delay else NotSent)("No answer came.", "Again.")


class Line:
    """The network as one process sees it: when an answer is slow, it is that process that waits."""

    def __init__(self, network: EmulatedNetwork, clock: MovedClock) -> None:
        self._network = network
        self._clock = clock

    async def send(self, request: Request) -> Response:
        return await self._network.send(request, self._clock)


class Installation:
    """One home on one pair of emulators. `app` is the process of the moment; `restart` makes a new one."""

    def __init__(
        self,
        folder: Path,
        *,
        scenario: str = "tiny",
        scale: int = 1,
        seed: int = 1,
        store_url: str = "sqlite://",
        org: Mapping[str, Any] | None = None,
    ) -> None:
        """`org` names switches of Salesforce that stand before the scenario is loaded: the kind of org."""
        self.clock = VirtualClock()
        self.clock.freeze(datetime(2026, 11, 21, 2, tzinfo=UTC))
        self.emulation = new_emulation(
            seed, clock=self.clock, quickbooks_url=QUICKBOOKS_URL, salesforce_url=SALESFORCE_URL, keep=2_000
        )
        self.emulation.set_switches("salesforce", org or {})
        load(self.emulation, scenario, scale, seed, TODAY)
        self.clock.freeze()
        self.network = EmulatedNetwork(self.emulation)
        self.ids = SimIds(Random(seed))
        self.begin(folder, store_url)

    def begin(self, folder: Path, store_url: str = "sqlite://") -> None:
        """An empty state, that people have just connected: the first one, or one in place of another that is lost."""
        self.store = fresh(store_url)
        self.vault = Vault.create(folder) if not (folder / "keys").exists() else Vault.open_home(folder)
        self.store.marker = self.vault
        self.settings = _settings(folder, self.emulation)
        self.rules = rules_for(self.emulation, self.settings)
        _connect(self)
        self.app = self.process()

    def process(self, crash: CrashPoint = no_crash, network: Any = None) -> App:
        """A process as it starts: nothing in memory but what the store keeps."""
        clock = SimClock(self.clock)
        world = World(network or Line(self.network, clock), clock, self.ids, crash)
        return assemble(self.settings, self.rules, self.store, self.vault, world)

    async def approve_all(self, app: App | None = None) -> None:
        """Plan and approve, as the people of the company would, without applying yet."""
        app = app or self.app
        view = await make_plan(app, "preparer")
        row = self.store.plan(app.connection.id, view.id)
        approve(app, row, view.plan, "approver")

    async def run(self, app: App | None = None) -> DrainReport:
        """Approve what is planned and do all that is due, until nothing is due any more."""
        app = app or self.app
        await self.approve_all(app)
        report = await drain(app)
        await self.approve_all(app)
        return await drain(app) if report.written else report

    def custody(self, system: Any) -> Custody:
        """The secrets of a side, for the hosts of the settings."""
        return Custody(self.store, self.vault, destination(self.settings, system), SimClock(self.clock))

    def state(self, system: str, kind: str) -> list[dict[str, Any]]:
        return self.emulation.vendors[system].records(kind)


def _settings(folder: Path, emulation: Emulation) -> Settings:
    quickbooks = emulation.vendors["quickbooks"].connection_info()
    salesforce = emulation.vendors["salesforce"].connection_info()
    return Settings(
        home=folder,
        rules=Rules(realm_id=quickbooks["realm_id"], org_id=salesforce["org_id"]),
        state=State(url="sqlite://"),
        quickbooks=QuickBooksSettings(
            environment="rehearsal",
            client_id=quickbooks["client_id"],
            realm_id=quickbooks["realm_id"],
            base_url=quickbooks["base_url"],
            token_url=quickbooks["token_url"],
            authorize_url=quickbooks["authorize_url"],
        ),
        salesforce=Salesforce(
            base_url=salesforce["base_url"], client_id=salesforce["client_id"], org_id=salesforce["org_id"]
        ),
    )


def account_ids(emulation: Emulation) -> dict[str, str]:
    """QuickBooks account ids by account number."""
    return {row["AcctNum"]: row["Id"] for row in emulation.vendors["quickbooks"].records("Account") if "AcctNum" in row}


def rules_for(emulation: Emulation, settings: Settings, template: str = "T1") -> Rules:
    ids = account_ids(emulation)
    return Rules(
        realm_id=settings.rules.realm_id,
        org_id=settings.rules.org_id,
        start_date=date(2026, 10, 1),
        template=Template(
            id=template,  # type: ignore[arg-type]  # T0 to T3
            unbilled=ids["1250"],
            deferred_default=ids["2450"],
            discounts=ids.get("4900", ""),
            signed_off_by="approver",
            signed_off_at="2026-11-20T00:00:00Z",
        ),
    )


def _connect(home: Installation) -> None:
    """Secrets and a live refresh token sealed in the store, as `connect` leaves them."""
    quickbooks = home.emulation.vendors["quickbooks"].connection_info()
    salesforce = home.emulation.vendors["salesforce"].connection_info()
    clock = SimClock(home.clock)
    for name, info in (("quickbooks", quickbooks), ("salesforce", salesforce)):
        owner = f"{name}:{info['client_id']}"
        seal_secret(home.custody(name), owner, "client_secret", info["client_secret"])
    tokens = Tokens(access_token="", refresh_token=quickbooks["refresh_token"], access_expires_at=clock.now())
    SealedTokens(home.custody("quickbooks"), quickbooks["realm_id"]).store(tokens)
    name = connection_id(quickbooks["realm_id"], salesforce["org_id"])
    home.store.add_connection(name, quickbooks["realm_id"], salesforce["org_id"], "Company", clock.now())
    # Two homes that are compared come to the same keys of records.
    sealed = home.vault.seal(b"the same in every home of a test", name, DIGESTS)
    home.store.put_sealed(name, DIGESTS, sealed, clock.now())


__all__ = ["EmulatedNetwork", "Installation", "SimClock", "SimIds", "account_ids"]
