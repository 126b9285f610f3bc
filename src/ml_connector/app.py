"""The wiring: which systems there are, which flows, and how they are put together for one connection."""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec

from ml_connector.clients import quickbooks_client, salesforce_client
from ml_connector.clock import Timekeeper, WallClock
from ml_connector.custody import Digests, SealedHeads, mark_older_state
from ml_connector.engine.conflicts import content_of, seal_name
from ml_connector.engine.context import ReferenceCache
from ml_connector.engine.corridor import Connection, Runtime
from ml_connector.engine.ports import System
from ml_connector.files import LocalHolders
from ml_connector.flows import older_digests
from ml_connector.flows.dimensions import renames as dimension_names
from ml_connector.flows.dimensions import texts as dim_texts
from ml_connector.flows.invoices import account_summary, invoice_to_opportunity
from ml_connector.flows.orders import entry_deleted, order_to_journal
from ml_connector.flows.parties import account_to_customer, contact_links, customer_to_account
from ml_connector.model.errors import ConnectorError, WrongUse
from ml_connector.model.plans import Digest
from ml_connector.model.rules import Rules
from ml_connector.restored import notice, notice_older
from ml_connector.settings import Settings, load, load_all
from ml_connector.signing import Signer
from ml_connector.store import Store
from ml_connector.store.rows import ConflictRow
from ml_connector.systems.network import AiohttpNetwork
from ml_connector.systems.quickbooks.client import QuickBooks
from ml_connector.systems.salesforce.client import Salesforce
from ml_connector.vault import Vault
from ml_connector.world import World

FLOWS = (
    dimension_names.DEPARTMENTS,
    dimension_names.CLASSES,
    customer_to_account.FLOW,
    account_to_customer.FLOW,
    contact_links.FLOW,
    invoice_to_opportunity.FLOW,
    dim_texts.FLOW,
    account_summary.FLOW,
    order_to_journal.FLOW,
    entry_deleted.FLOW,
)


class App(msgspec.Struct, frozen=True):
    """A connection of an installation, ready to act."""

    settings: Settings
    rules: Rules
    store: Store
    vault: Vault
    world: World
    connection: Connection
    quickbooks: QuickBooks
    salesforce: Salesforce
    tables: ReferenceCache
    digest: Digest

    @property
    def signer(self) -> Signer:
        """Makes and knows the signatures in the settings of this connection."""
        return Signer(self.vault, self.connection.id, self.settings.name)

    @property
    def unsigned(self) -> tuple[str, ...]:
        """In words, what of the settings does not count, because it is not signed as it stands."""
        return tuple(self.signer.unsigned(self.settings.rules))

    @property
    def runtime(self) -> Runtime:
        """What the engine is given: systems, flows, clock, chance, crash points and the seal of lost values."""
        systems: dict[str, System] = {self.quickbooks.name: self.quickbooks, self.salesforce.name: self.salesforce}
        world, seal = self.world, self.vault.seal
        return Runtime(self.store, systems, FLOWS, world.clock, world.ids, world.crash, self.tables, seal, self.digest)


def connection_id(realm_id: str, org_id: str) -> str:
    """The name of a connection: its company and its org."""
    return f"{realm_id}-{org_id}"


def in_force(settings: Settings, vault: Vault) -> Rules:
    """The rules of the settings, as far as they are signed. Raises `WrongUse` while a side is not connected."""
    settings.both()
    return signer_of(settings, vault).in_force(settings.rules)


def signer_of(settings: Settings, vault: Vault) -> Signer:
    """Who signs the settings of a connection, and knows those signatures."""
    return Signer(vault, connection_id(settings.rules.realm_id, settings.rules.org_id), settings.name)


def assemble(settings: Settings, rules: Rules, store: Store, vault: Vault, world: World) -> App:
    """Put the parts of one connection together. Raises `WrongUse` or `SignInNeeded` where one is missing."""
    quickbooks, salesforce = settings.both()
    store.keeper, store.marker, store.holders = SealedHeads(vault, settings.home), vault, LocalHolders(settings.home)
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
        tables=ReferenceCache(),
        digest=Digests(store, vault, connection.id, world.clock),
    )


def key_older_digests(app: App) -> None:
    """Put keyed digests in place of those of an older version, once: nothing is asked or sent anew because of it."""

    def lost(row: ConflictRow) -> str:
        value = app.vault.open(row.sealed, app.connection.id, seal_name(row.id)).decode()
        return app.digest(content_of(app.connection.id, row.record, row.field, value))

    app.store.look_at_marks(app.connection.id, contact_links.FLOW.name, app.world.clock.now())
    keyed = partial(older_digests.keyed, digest=app.digest)
    app.store.key_digests(app.connection.id, older_digests.ROLES, keyed, lost)


def patient_collector() -> None:
    """A page of records is many small objects that live for a while: cycles among them are looked for less often."""
    gc.set_threshold(50_000, 20, 20)


@asynccontextmanager
async def open_app(
    home: Path, name: str = "", *, env: Mapping[str, str] | None = None, clock: Timekeeper | None = None
) -> AsyncIterator[App]:
    """A connection of the installation in `home`, without a name the only one, with real network, clock and chance."""
    settings = load(home, dict(os.environ) if env is None else env, name)
    async with _shared(home, settings, clock) as shared:
        yield shared.app(settings)


@asynccontextmanager
async def open_apps(
    home: Path, *, env: Mapping[str, str] | None = None, clock: Timekeeper | None = None
) -> AsyncIterator[dict[str, App | ConnectorError]]:
    """All connections of the installation in `home` by name, on one store and one network.

    In the place of one that cannot be opened stands what is wrong with it: the others go on. Raises `WrongUse` where
    the settings of the installation are wrong.
    """
    loaded = load_all(home, dict(os.environ) if env is None else env)
    usable = [settings for settings in loaded.values() if isinstance(settings, Settings)]
    if not usable:
        raise next(error for error in loaded.values() if isinstance(error, WrongUse))
    async with _shared(home, usable[0], clock) as shared:
        yield {name: shared.app_or_error(settings) for name, settings in loaded.items()}


class _Shared(msgspec.Struct, frozen=True):
    """What all connections of an installation have in common."""

    store: Store
    vault: Vault
    world: World

    def app(self, settings: Settings) -> App:
        """Raises `ConnectorError` where a part of the connection is missing."""
        app = assemble(settings, in_force(settings, self.vault), self.store, self.vault, self.world)
        notice_older(self.store, app.connection.id, self.world.clock)
        mark_older_state(self.store, self.vault, app.connection.id, self.world.clock)
        key_older_digests(app)
        return app

    def app_or_error(self, settings: Settings | WrongUse) -> App | ConnectorError:
        try:
            return settings if isinstance(settings, WrongUse) else self.app(settings)
        except ConnectorError as error:
            return error


@asynccontextmanager
async def _shared(home: Path, settings: Settings, clock: Timekeeper | None) -> AsyncIterator[_Shared]:
    patient_collector()
    store = Store.open(settings.state.url)
    ca_file, connections = settings.network.ca_file, settings.network.connections
    try:
        async with AiohttpNetwork(ca_file=ca_file, connections=connections) as network:
            shared = _Shared(store, Vault.open_home(home), World(network, clock or WallClock()))
            store.keeper, store.marker = SealedHeads(shared.vault, home), shared.vault
            notice(store, home, shared.world.clock)
            yield shared
    finally:
        store.close()
