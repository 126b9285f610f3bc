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
from ml_connector.flows import older_digests
from ml_connector.flows.dimensions import renames as dimension_names
from ml_connector.flows.dimensions import texts as dim_texts
from ml_connector.flows.invoices import account_summary, invoice_to_opportunity
from ml_connector.flows.orders import entry_deleted, order_to_journal
from ml_connector.flows.parties import account_to_customer, contact_links, customer_to_account
from ml_connector.model.plans import Digest
from ml_connector.model.rules import Rules
from ml_connector.settings import Settings, load
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
    """One installation with its connection, ready to act."""

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
        return Signer(self.vault, self.connection.id)

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
    quickbooks, salesforce = settings.both()
    return Signer(vault, connection_id(quickbooks.realm_id, salesforce.org_id)).in_force(settings.rules)


def assemble(settings: Settings, rules: Rules, store: Store, vault: Vault, world: World) -> App:
    """Put the parts of one connection together. Raises `WrongUse` or `SignInNeeded` where one is missing."""
    quickbooks, salesforce = settings.both()
    store.keeper, store.marker = SealedHeads(vault, settings.home), vault
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

    keyed = partial(older_digests.keyed, digest=app.digest)
    app.store.key_digests(app.connection.id, older_digests.ROLES, keyed, lost)


def patient_collector() -> None:
    """A page of records is many small objects that live for a while: cycles among them are looked for less often."""
    gc.set_threshold(50_000, 20, 20)


@asynccontextmanager
async def open_app(
    home: Path, *, env: Mapping[str, str] | None = None, clock: Timekeeper | None = None
) -> AsyncIterator[App]:
    """The installation in `home`, with real network, clock and chance."""
    patient_collector()
    settings = load(home, dict(os.environ) if env is None else env)
    store = Store.open(settings.state.url)
    ca_file, connections = settings.network.ca_file, settings.network.connections
    try:
        async with AiohttpNetwork(ca_file=ca_file, connections=connections) as network:
            world = World(network, clock or WallClock())
            vault = Vault.open_home(home)
            app = assemble(settings, in_force(settings, vault), store, vault, world)
            mark_older_state(store, vault, app.connection.id, world.clock)
            key_older_digests(app)
            yield app
    finally:
        store.close()
