"""The wiring: which systems there are, which flows, and how they are put together for one connection."""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from ml_connector.clock import Clock, Ids, RandomIds, WallClock
from ml_connector.engine.context import References
from ml_connector.engine.corridor import Connection, Outside
from ml_connector.engine.ports import CrashPoint, System, no_crash
from ml_connector.flows.dimensions import renames as dimension_names
from ml_connector.flows.dimensions import texts as dim_texts
from ml_connector.flows.invoices import account_summary, invoice_to_opportunity
from ml_connector.flows.orders import order_to_journal
from ml_connector.flows.parties import account_to_customer, customer_to_account
from ml_connector.model.errors import SignInNeeded, WrongUse
from ml_connector.model.rules import Rules
from ml_connector.settings import Settings, load
from ml_connector.store import Store
from ml_connector.store.pace import SharedPace
from ml_connector.systems.http import Caller, Network
from ml_connector.systems.limits import free_throttle, quickbooks_throttle
from ml_connector.systems.network import AiohttpNetwork
from ml_connector.systems.quickbooks import auth as quickbooks_auth
from ml_connector.systems.quickbooks.client import QuickBooks
from ml_connector.systems.salesforce.auth import ClientCredentials, SessionKeeper
from ml_connector.systems.salesforce.client import Salesforce
from ml_connector.vault import Secret, Vault

FLOWS = (
    dimension_names.DEPARTMENTS,
    dimension_names.CLASSES,
    customer_to_account.FLOW,
    account_to_customer.FLOW,
    invoice_to_opportunity.FLOW,
    dim_texts.FLOW,
    account_summary.FLOW,
    order_to_journal.FLOW,
)


class World(msgspec.Struct, frozen=True):
    """What comes from outside: the network, time, chance, and the simulator's crash points."""

    network: Network
    clock: Clock = WallClock()
    ids: Ids = RandomIds()
    crash: CrashPoint = no_crash


class App(msgspec.Struct, frozen=True):
    """One installation with its connection, ready to act."""

    settings: Settings
    rules: Rules
    store: Store
    vault: Vault
    world: World
    connection: Connection
    quickbooks: QuickBooks
    salesforce: Salesforce
    tables: References

    @property
    def outside(self) -> Outside:
        systems: dict[str, System] = {self.quickbooks.name: self.quickbooks, self.salesforce.name: self.salesforce}
        world, seal = self.world, self.vault.seal
        return Outside(self.store, systems, FLOWS, world.clock, world.ids, world.crash, self.tables, seal)


def connection_id(realm_id: str, org_id: str) -> str:
    """The name of a connection: its company and its org."""
    return f"{realm_id}-{org_id}"


class SealedTokens:
    """The QuickBooks tokens of one connection, sealed in the store (`systems.quickbooks.auth.TokenStore`)."""

    def __init__(self, store: Store, vault: Vault, realm_id: str, clock: Clock, holder: str = "") -> None:
        self._store = store
        self._vault = vault
        self._owner = f"quickbooks:{realm_id}"
        self._clock = clock
        self._holder = holder

    def load(self) -> quickbooks_auth.Tokens | None:
        sealed = self._store.sealed(self._owner, "tokens")
        if sealed is None:
            return None
        opened = self._vault.open(sealed, self._owner, "tokens")
        return msgspec.json.decode(opened, type=quickbooks_auth.Tokens)

    def store(self, tokens: quickbooks_auth.Tokens) -> None:
        sealed = self._vault.seal(msgspec.json.encode(tokens), self._owner, "tokens")
        self._store.put_sealed(self._owner, "tokens", sealed, self._clock.now())

    def take_turn(self, until: datetime) -> bool:
        return self._store.take_turn(self._owner, self._holder, until, self._clock.now())

    def end_turn(self) -> None:
        self._store.end_turn(self._owner, self._holder)


def keep_secret(store: Store, vault: Vault, owner: str, name: str, secret: str, clock: Clock) -> None:
    store.put_sealed(owner, name, vault.seal_text(Secret(secret), owner, name), clock.now())


def kept_secret(store: Store, vault: Vault, owner: str, name: str, remedy: str) -> str:
    """A secret as it was given at `connect`. Raises `SignInNeeded` if there is none."""
    sealed = store.sealed(owner, name)
    if sealed is None:
        raise SignInNeeded(f"The {name.replace('_', ' ')} of {owner.partition(':')[0]} is not known.", remedy)
    return vault.open_text(sealed, owner, name).reveal()


def quickbooks_client(settings: Settings, store: Store, vault: Vault, world: World) -> QuickBooks:
    """The client of the connected company."""
    side, _ = settings.both()
    throttle = quickbooks_throttle(world.clock, SharedPace(store, f"quickbooks:{side.realm_id}"))
    caller = Caller(world.network, world.clock, world.ids, throttle, "QuickBooks")
    tokens = quickbooks_auth.TokenKeeper(
        quickbooks_oauth(settings, store, vault, caller, world.clock),
        SealedTokens(store, vault, side.realm_id, world.clock, world.ids.token()),
        world.clock,
    )
    return QuickBooks(realm_id=side.realm_id, base_url=side.base_url, caller=caller, tokens=tokens, clock=world.clock)


def quickbooks_oauth(
    settings: Settings, store: Store, vault: Vault, caller: Caller, clock: Clock
) -> quickbooks_auth.OAuth:
    side = settings.quickbooks
    if side is None:
        raise WrongUse("QuickBooks is not set up.", "Run  ml-connector init  first.")
    owner = f"quickbooks:{side.client_id}"
    secret = kept_secret(store, vault, owner, "client_secret", "Run  ml-connector connect quickbooks")
    keys = quickbooks_auth.AppKeys(client_id=side.client_id, client_secret=secret)
    defaults = quickbooks_auth.Endpoints()
    endpoints = quickbooks_auth.Endpoints(
        authorize=side.authorize_url or defaults.authorize, token=side.token_url or defaults.token
    )
    return quickbooks_auth.OAuth(keys, endpoints, caller, clock)


def salesforce_client(settings: Settings, store: Store, vault: Vault, world: World) -> Salesforce:
    """The client of the org; before the first sign-in any org may answer."""
    side = settings.salesforce
    if side is None:
        raise WrongUse("Salesforce is not set up.", "Run  ml-connector init  first.")
    owner = f"salesforce:{side.client_id}"
    secret = kept_secret(store, vault, owner, "client_secret", "Run  ml-connector connect salesforce")
    credentials = ClientCredentials(side.base_url, side.client_id, secret)
    throttle = free_throttle(world.clock, SharedPace(store, f"salesforce:{side.org_id}") if side.org_id else None)
    caller = Caller(world.network, world.clock, world.ids, throttle, "Salesforce")
    sessions = SessionKeeper(caller, credentials, api_version=side.api_version, org_id=side.org_id)
    return Salesforce(caller=caller, sessions=sessions, clock=world.clock)


def in_force(rules: Rules) -> Rules:
    """The rules with their template only if it was signed off as it stands (accounting-rules 0.4)."""
    signed = rules.template is not None and rules.template.signed
    return rules if signed else msgspec.structs.replace(rules, template=None)


def assemble(settings: Settings, rules: Rules, store: Store, vault: Vault, world: World) -> App:
    """Put the parts of one connection together. Raises `WrongUse` or `SignInNeeded` where one is missing."""
    quickbooks, salesforce = settings.both()
    connection = Connection(connection_id(quickbooks.realm_id, salesforce.org_id), rules, rules.zone)
    return App(
        settings=settings,
        rules=rules,
        store=store,
        vault=vault,
        world=world,
        connection=connection,
        quickbooks=quickbooks_client(settings, store, vault, world),
        salesforce=salesforce_client(settings, store, vault, world),
        tables=References(),
    )


def patient_collector() -> None:
    """A page of records is many small objects that live for a while: cycles among them are looked for less often."""
    gc.set_threshold(50_000, 20, 20)


@asynccontextmanager
async def open_app(
    home: Path, *, env: Mapping[str, str] | None = None, clock: Clock | None = None
) -> AsyncIterator[App]:
    """The installation in `home`, with real network, clock and chance."""
    patient_collector()
    settings = load(home, dict(os.environ) if env is None else env)
    store = Store.open(settings.state.url)
    ca_file, connections = settings.network.ca_file, settings.network.connections
    try:
        async with AiohttpNetwork(ca_file=ca_file, connections=connections) as network:
            world = World(network, clock or WallClock())
            yield assemble(settings, in_force(settings.rules), store, Vault.open_home(home), world)
    finally:
        store.close()
