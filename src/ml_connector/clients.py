"""How the client of each vendor is made: its sign-in, its pace, its way out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from ml_connector.clock import Clock
from ml_connector.custody import Custody, SealedPair, SealedTokens, Way, note_sign_in, secrets_of, signed_in
from ml_connector.model.errors import Busy, LimitReached, Unreachable, WrongUse
from ml_connector.settings import Salesforce as SalesforceSettings
from ml_connector.settings import Settings, destination, event_bus
from ml_connector.store import Store
from ml_connector.store.pace import SharedPace
from ml_connector.store.records import TURN
from ml_connector.systems.http import Caller
from ml_connector.systems.limits import free_throttle, quickbooks_throttle
from ml_connector.systems.quickbooks import auth as quickbooks_auth
from ml_connector.systems.quickbooks.client import QuickBooks
from ml_connector.systems.quickbooks.keeper import TokenKeeper
from ml_connector.systems.salesforce.auth import ClientCredentials, Credential, JwtBearer, Session
from ml_connector.systems.salesforce.certificate import Certified
from ml_connector.systems.salesforce.client import Salesforce
from ml_connector.systems.salesforce.keeper import SessionKeeper
from ml_connector.vault import Vault
from ml_connector.world import World

if TYPE_CHECKING:
    from ml_connector.systems.salesforce.pubsub.client import EventBus


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


async def revoke_quickbooks(settings: Settings, store: Store, vault: Vault, world: World) -> bool | None:
    """End the sign-in of the company at Intuit, and forget its tokens. Whether Intuit has heard of it.

    None where there was no sign-in. Raises `Busy` while it is being renewed.
    """
    realm_id = settings.both()[0].realm_id
    custody = quickbooks_custody(settings, store, vault, world.clock)
    sealed = SealedTokens(custody, realm_id, world.ids.token())
    if not sealed.take_turn(world.clock.now() + TURN):
        raise Busy(
            "The QuickBooks sign-in is being renewed.", "Nothing was changed. Run the command again in a moment."
        )
    try:
        tokens = sealed.load()
        if tokens is None:
            return None
        caller = Caller(world.network, world.clock, world.ids, free_throttle(world.clock), "QuickBooks")
        await quickbooks_oauth(settings, store, vault, caller, world.clock).revoke(tokens.refresh_token)
        return True
    except (Unreachable, LimitReached):  # the caller tells people to end it there
        return False
    finally:
        sealed.forget()
        sealed.end_turn()


def quickbooks_custody(settings: Settings, store: Store, vault: Vault, clock: Clock) -> Custody:
    """The secrets of the QuickBooks side, for the hosts of the settings."""
    return Custody(store, vault, destination(settings, "quickbooks"), clock)


def salesforce_custody(settings: Settings, store: Store, vault: Vault, clock: Clock) -> Custody:
    """The secrets of the Salesforce side, for the host of the settings."""
    return Custody(store, vault, destination(settings, "salesforce"), clock)


CLIENT_SECRET, SIGNING_KEY = "client_secret", "signing_key"
"""Under which names the secret of an app, and the key of its certificate with the certificate, are sealed."""


class QuickBooksKeys:
    """The keys of the Intuit app as they are sealed now (`systems.quickbooks.auth.Keys`)."""

    def __init__(self, custody: Custody, client_id: str) -> None:
        self._custody = custody
        self._client_id = client_id
        self._owner = f"quickbooks:{client_id}"

    def options(self) -> Sequence[quickbooks_auth.AppKeys]:
        """Read anew each time: another process may have got another secret. Raises `SignInNeeded` without one."""
        remedy = "Run  ml-connector connect quickbooks"
        return [
            quickbooks_auth.AppKeys(client_id=self._client_id, client_secret=secret)
            for secret in secrets_of(self._custody, self._owner, CLIENT_SECRET, remedy)
        ]

    def proved(self, keys: quickbooks_auth.AppKeys) -> None:
        """The older secret goes."""
        SealedPair(self._custody, self._owner, CLIENT_SECRET).proved(keys.client_secret)


class SalesforceKeys:
    """What the app of an org signs in with, as it is sealed now (`systems.salesforce.auth.Credentials`)."""

    def __init__(self, custody: Custody, salesforce: SalesforceSettings, by: Way | None = None) -> None:
        """`by`: the way to sign in; without it the one that was last taken, so that a process that runs follows."""
        self._custody = custody
        self._app = salesforce
        self._by = by
        self._owner = f"salesforce:{salesforce.client_id}"

    @property
    def host(self) -> str:
        """The My Domain address of the settings."""
        return self._app.base_url

    def options(self) -> Sequence[ClientCredentials | JwtBearer]:
        """Read anew each time: another process may have got others. Raises `SignInNeeded` where there is none."""
        host, client_id = self._app.base_url, self._app.client_id
        if self._way() == "certificate":
            kept = secrets_of(self._custody, self._owner, SIGNING_KEY, "Run  ml-connector connect salesforce --jwt")
            signing = [Certified.read(text) for text in kept]
            return [JwtBearer(host, client_id, certified.username, certified.key) for certified in signing]
        kept = secrets_of(self._custody, self._owner, CLIENT_SECRET, "Run  ml-connector connect salesforce")
        return [ClientCredentials(host, client_id, secret) for secret in kept]

    def _way(self) -> Way:
        last = None if self._by else signed_in(self._custody, self._owner)
        return self._by or ("secret" if last is None else last.by)

    def proved(self, credential: Credential) -> None:
        """The older one goes, and the sign-in is noted."""
        if isinstance(credential, JwtBearer):
            pair = SealedPair(self._custody, self._owner, SIGNING_KEY)
            for text in pair.values():
                if Certified.read(text).key == credential.key:
                    pair.proved(text)
        elif isinstance(credential, ClientCredentials):
            SealedPair(self._custody, self._owner, CLIENT_SECRET).proved(credential.client_secret)
        note_sign_in(self._custody, self._owner, "certificate" if isinstance(credential, JwtBearer) else "secret")


def quickbooks_oauth(
    settings: Settings, store: Store, vault: Vault, caller: Caller, clock: Clock
) -> quickbooks_auth.OAuth:
    """The sign-in of the Intuit app of the settings. Raises `WrongUse` or `SignInNeeded` where a part is missing."""
    quickbooks = settings.quickbooks
    if quickbooks is None:
        raise WrongUse("QuickBooks is not set up.", "Run  ml-connector init  first.")
    keys = QuickBooksKeys(quickbooks_custody(settings, store, vault, clock), quickbooks.client_id)
    keys.options()
    defaults = quickbooks_auth.Endpoints()
    endpoints = quickbooks_auth.Endpoints(
        authorize=quickbooks.authorize_url or defaults.authorize,
        token=quickbooks.token_url or defaults.token,
        # Where the vendor is stood in for, so is this: no token leaves for another host.
        revoke=urljoin(quickbooks.token_url, urlsplit(defaults.revoke).path)
        if quickbooks.environment == "rehearsal"
        else defaults.revoke,
    )
    return quickbooks_auth.OAuth(keys, endpoints, caller, clock)


def salesforce_client(
    settings: Settings, store: Store, vault: Vault, world: World, by: Way | None = None
) -> Salesforce:
    """The client of the org; before the first sign-in any org may answer. `by`: as `SalesforceKeys`."""
    salesforce = settings.salesforce
    if salesforce is None:
        raise WrongUse("Salesforce is not set up.", "Run  ml-connector init  first.")
    credentials = SalesforceKeys(salesforce_custody(settings, store, vault, world.clock), salesforce, by)
    credentials.options()
    pace = SharedPace(store, f"salesforce:{salesforce.org_id}") if salesforce.org_id else None
    caller = Caller(world.network, world.clock, world.ids, free_throttle(world.clock, pace), "Salesforce")
    api_version, org_id, jitter = salesforce.api_version, salesforce.org_id, world.ids.jitter()
    sessions = SessionKeeper(caller, credentials, world.clock, api_version=api_version, org_id=org_id, jitter=jitter)
    return Salesforce(caller=caller, sessions=sessions, clock=world.clock)


def event_bus_client(settings: Settings) -> Callable[[Session], EventBus] | None:
    """What opens a channel to the event bus for a session; None where nothing is to be listened to."""
    place = event_bus(settings)
    if place is None:
        return None
    from ml_connector.systems.salesforce.pubsub.client import EventBus, authorities  # gRPC is slow to load

    target, tls = place
    trusted = authorities(settings.network.ca_file) if tls else None
    return lambda session: EventBus(target, session, trusted)
