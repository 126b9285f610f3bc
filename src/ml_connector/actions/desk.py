"""What a door on the web is given: webhooks, how each connection stands, sign-ins, figures. One for each process.

It has a store and a network of its own: the worker's may be at work, or wait for another program's lock, meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from ml_connector.actions import connect
from ml_connector.actions.acting import asks_for_proof, must_be, os_user
from ml_connector.actions.open import App, open_apps, open_home
from ml_connector.actions.proof import prove
from ml_connector.actions.status import Status, current_status
from ml_connector.actions.webhook import HookState, hook_state, verifier_tokens
from ml_connector.clients import quickbooks_custody
from ml_connector.clock import Clock
from ml_connector.custody import SealedTokens
from ml_connector.model.errors import ConnectorError, WrongUse
from ml_connector.model.people import Person
from ml_connector.service.hooks import LARGEST, Answer, Hooks
from ml_connector.settings import Web
from ml_connector.store import Store

PATIENCE = 2
"""Seconds for which a webhook waits for another program's lock: the vendor waits for 3 in all."""


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """A connection as a page shows it. `clocks` say when what it is signed in with ends."""

    name: str
    status: Status
    hooks: HookState
    clocks: Mapping[str, datetime]
    now: datetime

    @property
    def heard(self) -> list[tuple[str, datetime]]:
        """Up to when each source was read."""
        return sorted((name, datetime.fromisoformat(at)) for name, at in self.status.swept.items())


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in that a person has begun: its state serves once, `redirect` is where consent leads back to.

    `back` is the address that the browser came back to, and `realm_id` the company in it; blank before that.
    """

    state: str
    redirect: str
    begun_at: datetime
    back: str = ""
    realm_id: str = ""

    def __repr__(self) -> str:
        return f"Begun(realm_id={self.realm_id!r})"


class Desk:
    """The connections of a home, as a web door sees them."""

    def __init__(
        self, home: Path, apps: Mapping[str, App], hooks: Hooks, web: Web, signed_in: Callable[[str], None]
    ) -> None:
        """`signed_in` is told the id of a connection for which a person has signed in anew."""
        self.home, self.web = home, web
        self._signed_in = signed_in
        self._apps, self._hooks = apps, hooks
        self.clock: Clock = next(iter(apps.values())).world.clock

    @property
    def names(self) -> list[str]:
        """The connections that there are."""
        return list(self._apps)

    # --- webhooks

    async def take(self, body: bytes, signature: str) -> Answer:
        """A delivery: answered 200 only when it is on disk."""
        return await self._hooks.take(body, signature)

    def too_large(self) -> Answer:
        """The answer to a delivery that was not even read to its end."""
        return self._hooks.too_large()

    async def ready(self) -> str:
        """Why no webhook could be taken now; blank if one could. Raises nothing."""
        try:
            async with asyncio.timeout(PATIENCE + 0.5):
                await self._hooks.check()
        except ConnectorError as error:
            return error.sentence
        except TimeoutError:
            return "The state does not answer in time."
        return ""

    # --- people

    @property
    def open_to_the_terminal(self) -> bool:
        """Whether whoever reads the terminal may come in without proof: in a rehearsal, where nobody is asked."""
        return not any(asks_for_proof(app) for app in self._apps.values())

    def at_the_terminal(self) -> Person:
        """Who comes in by the link that was printed there."""
        return os_user()

    async def prove(self, connection: str, name: str, secret: str) -> Person:
        """The person, by password or token. Raises `NotProved`, and `WrongUse` for a connection that there is not."""
        return await asyncio.to_thread(prove, self._app(connection), name, secret)

    async def proved_by_token(self, token: str) -> Person | None:
        """The person of a token, whichever connection knows that person; None for none."""
        name = token.partition(":")[0]
        for connection in self._apps:
            try:
                return await self.prove(connection, name, token)
            except ConnectorError:
                continue
        return None

    # --- looking

    async def look(self, connection: str) -> Looked:
        """How a connection stands, from our own records."""
        return await asyncio.to_thread(self._looked, connection)

    def _looked(self, connection: str) -> Looked:
        app = self._app(connection)
        return Looked(
            name=connection,
            status=current_status(app),
            hooks=hook_state(app),
            clocks=_clocks(app),
            now=app.world.clock.now(),
        )

    async def metrics(self) -> bytes:
        """The figures of all connections, in Prometheus' text format."""
        from ml_connector.service.metrics import exposition

        def collected() -> bytes:
            clocks = {name: _clocks(app) for name, app in self._apps.items()}
            return exposition(self._apps, self._hooks.refused, clocks)

        return await asyncio.to_thread(collected)

    # --- signing in

    async def begin_quickbooks(self, connection: str, redirect: str) -> tuple[str, str]:
        """Where a person gives consent, and the state text that must come back to `redirect`.

        Raises `WrongUse` or `SignInNeeded` where a part of the app's keys is missing.
        """
        self._app(connection)
        async with open_home(self.home, connection) as home:
            return connect.authorize_url(home, redirect)

    async def came_back(self, connection: str, address: str, state: str) -> str:
        """The company of a consent, before its code is spent. Raises `SignInNeeded` or `WrongUse` where it is none of
        ours, or not the company of this connection."""
        self._app(connection)
        async with open_home(self.home, connection) as home:
            return connect.consent_of(home, address, state).realm_id

    async def finish_quickbooks(self, connection: str, consent: Begun, person: Person) -> str:
        """Spend the code and seal the tokens. Returns the company's name. Raises as `connect.finish_quickbooks`."""
        must_be(self._app(connection), person, "connect quickbooks", "admin")
        async with open_home(self.home, connection) as home:
            await connect.finish_quickbooks(home, consent.back, consent.state, consent.redirect)
            connected = await connect.name_company(home, person, "quickbooks")
        self._signed_in(connected.id)
        return connected.company

    async def finish_salesforce(self, connection: str, person: Person) -> str:
        """Sign in anew with what is sealed. Returns the id of the org. Raises `SignInNeeded` with what mends it."""
        must_be(self._app(connection), person, "connect salesforce", "admin")
        async with open_home(self.home, connection) as home:
            org = await connect.finish_salesforce(home)
            connected = connect.register(home, person, "salesforce")
        self._signed_in(connected.id)
        return org

    def consent_origin(self, connection: str) -> str:
        """The origin of the vendor's page on which people give consent."""
        quickbooks = self._app(connection).settings.quickbooks
        parts = urlsplit(quickbooks.authorize_url if quickbooks else "")
        return f"{parts.scheme}://{parts.netloc}"

    def _app(self, connection: str) -> App:
        if connection not in self._apps:
            raise WrongUse("There is no such connection.", "Open the page of one that there is.")
        return self._apps[connection]


def _clocks(app: App) -> dict[str, datetime]:
    """When the parts of the QuickBooks sign-in end; nothing where it cannot be opened."""
    realm_id = app.settings.quickbooks.realm_id if app.settings.quickbooks else ""
    try:
        custody = quickbooks_custody(app.settings, app.store, app.vault, app.world.clock)
        tokens = SealedTokens(custody, realm_id).load()
    except ConnectorError:
        return {}
    if tokens is None:
        return {}
    ends = {
        "quickbooks access token": tokens.access_expires_at,
        "quickbooks refresh token": tokens.refresh_expires_at,
        "quickbooks consent": tokens.hard_expires_at,
    }
    return {what: at for what, at in ends.items() if at is not None}


@asynccontextmanager
async def open_desk(
    home: Path,
    arrived: Callable[[Collection[str]], None],
    signed_in: Callable[[str], None] = lambda _: None,
    *,
    clock: Clock | None = None,
) -> AsyncIterator[Desk]:
    """The desk of a home. `arrived` is told which connections got something, `signed_in` for which a person has signed
    in; both from other threads.
    """
    async with open_apps(home) as found:
        apps = {name: app for name, app in found.items() if isinstance(app, App)}
        if not apps:
            raise next(error for error in found.values() if isinstance(error, ConnectorError))
        first = next(iter(apps.values()))
        store = Store.open(first.settings.state.url, patience=PATIENCE)
        intake = [msgspec.structs.replace(app, store=store) for app in apps.values()]
        try:
            hooks = Hooks(store, lambda: _all_tokens(intake), clock or first.world.clock, arrived)
            yield Desk(home, apps, hooks, first.settings.web, signed_in)
        finally:
            store.close()


def _all_tokens(apps: Sequence[App]) -> list[str]:
    """The verifier tokens of all connections: those of the same Intuit app share them."""
    return list(dict.fromkeys(token for app in apps for token in verifier_tokens(app)))


__all__ = ["LARGEST", "Begun", "Desk", "Looked", "open_desk"]
