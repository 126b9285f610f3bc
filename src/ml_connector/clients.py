"""How the client of each vendor is made: its sign-in, its pace, its way out."""

from __future__ import annotations

from ml_connector.clock import Clock
from ml_connector.custody import Custody, SealedTokens, open_secret
from ml_connector.model.errors import WrongUse
from ml_connector.settings import Settings, destination
from ml_connector.store import Store
from ml_connector.store.pace import SharedPace
from ml_connector.systems.http import Caller
from ml_connector.systems.limits import free_throttle, quickbooks_throttle
from ml_connector.systems.quickbooks import auth as quickbooks_auth
from ml_connector.systems.quickbooks.client import QuickBooks
from ml_connector.systems.quickbooks.keeper import TokenKeeper
from ml_connector.systems.salesforce.auth import ClientCredentials, SessionKeeper
from ml_connector.systems.salesforce.client import Salesforce
from ml_connector.vault import Vault
from ml_connector.world import World


def quickbooks_client(settings: Settings, store: Store, vault: Vault, world: World) -> QuickBooks:
    """The client of the connected company."""
    quickbooks, _ = settings.both()
    throttle = quickbooks_throttle(world.clock, SharedPace(store, f"quickbooks:{quickbooks.realm_id}"))
    caller = Caller(world.network, world.clock, world.ids, throttle, "QuickBooks")
    tokens = TokenKeeper(
        quickbooks_oauth(settings, store, vault, caller, world.clock),
        SealedTokens(quickbooks_custody(settings, store, vault, world.clock), quickbooks.realm_id, world.ids.token()),
        world.clock,
        world.ids.jitter(),
    )
    realm_id, base_url = quickbooks.realm_id, quickbooks.base_url
    return QuickBooks(realm_id=realm_id, base_url=base_url, caller=caller, tokens=tokens, clock=world.clock)


def quickbooks_custody(settings: Settings, store: Store, vault: Vault, clock: Clock) -> Custody:
    """The secrets of the QuickBooks side, for the hosts of the settings."""
    return Custody(store, vault, destination(settings, "quickbooks"), clock)


def salesforce_custody(settings: Settings, store: Store, vault: Vault, clock: Clock) -> Custody:
    """The secrets of the Salesforce side, for the host of the settings."""
    return Custody(store, vault, destination(settings, "salesforce"), clock)


def quickbooks_oauth(
    settings: Settings, store: Store, vault: Vault, caller: Caller, clock: Clock
) -> quickbooks_auth.OAuth:
    """The sign-in of the Intuit app of the settings. Raises `WrongUse` or `SignInNeeded` where a part is missing."""
    quickbooks = settings.quickbooks
    if quickbooks is None:
        raise WrongUse("QuickBooks is not set up.", "Run  ml-connector init  first.")
    owner = f"quickbooks:{quickbooks.client_id}"
    custody = quickbooks_custody(settings, store, vault, clock)
    secret = open_secret(custody, owner, "client_secret", "Run  ml-connector connect quickbooks")
    keys = quickbooks_auth.AppKeys(client_id=quickbooks.client_id, client_secret=secret)
    defaults = quickbooks_auth.Endpoints()
    endpoints = quickbooks_auth.Endpoints(
        authorize=quickbooks.authorize_url or defaults.authorize, token=quickbooks.token_url or defaults.token
    )
    return quickbooks_auth.OAuth(keys, endpoints, caller, clock)


def salesforce_client(settings: Settings, store: Store, vault: Vault, world: World) -> Salesforce:
    """The client of the org; before the first sign-in any org may answer."""
    salesforce = settings.salesforce
    if salesforce is None:
        raise WrongUse("Salesforce is not set up.", "Run  ml-connector init  first.")
    owner = f"salesforce:{salesforce.client_id}"
    custody = salesforce_custody(settings, store, vault, world.clock)
    secret = open_secret(custody, owner, "client_secret", "Run  ml-connector connect salesforce")
    credentials = ClientCredentials(salesforce.base_url, salesforce.client_id, secret)
    pace = SharedPace(store, f"salesforce:{salesforce.org_id}") if salesforce.org_id else None
    caller = Caller(world.network, world.clock, world.ids, free_throttle(world.clock, pace), "Salesforce")
    sessions = SessionKeeper(caller, credentials, api_version=salesforce.api_version, org_id=salesforce.org_id)
    return Salesforce(caller=caller, sessions=sessions, clock=world.clock)
