"""The QuickBooks Online emulator, seen from outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from ml_emulators.kit.clock import VirtualClock
from ml_emulators.kit.faults import NO_RECORD_FAULTS, RecordFaults
from ml_emulators.kit.wire import Cost, Request, Response, loads
from ml_emulators.quickbooks import registry, user_actions
from ml_emulators.quickbooks.kinds.catalog import KINDS
from ml_emulators.quickbooks.metering import measure
from ml_emulators.quickbooks.routes import route
from ml_emulators.quickbooks.rules.company import open_books
from ml_emulators.quickbooks.service import Registered, Service, Snapshot
from ml_emulators.quickbooks.settings import App, ChangeNotice, Company, Counters, Switches
from ml_emulators.quickbooks.signin import routes as oauth
from ml_emulators.quickbooks.signin.tokens import Authority, Tokens
from ml_emulators.quickbooks.values import Json, from_seconds, stamp
from ml_emulators.quickbooks.webhooks.endpoints import Endpoints

DEFAULT_COMPANY = Company()


class QuickBooks:
    """One QuickBooks Online server with its companies and apps; a plain function from request to answer.

    All times come from `clock`, all ids and tokens from counters and `random`: a run repeats from its seed.
    """

    name = "quickbooks"

    def __init__(
        self,
        clock: VirtualClock,
        random: Random,
        base_url: str = "http://127.0.0.1:0",
        company: Company = DEFAULT_COMPANY,
    ) -> None:
        self.switches = Switches()
        authority = Authority({}, Tokens(), random, self.switches)
        self._service = Service(clock, random, base_url, authority, {}, self.switches)
        self._service.companies.append(company)
        self.app = registry.new_app(self._service)
        self._open()

    @property
    def webhooks(self) -> Endpoints:
        """What is to be delivered to the apps' endpoints."""
        return self._service.endpoints

    @property
    def _companies(self) -> list[Company]:
        return self._service.companies

    def _open(self) -> None:
        service = self._service
        now = service.clock.now()
        for company in self._companies:
            service.books[company.realm_id] = open_books(company, now, service.switches)
        self._granted = service.authority.grant(self.app.client_id, self._companies[0].realm_id, now)

    @property
    def base_url(self) -> str:
        """Where the server is reached; set it once the port is known."""
        return self._service.base_url

    @base_url.setter
    def base_url(self, url: str) -> None:
        self._service.base_url = url.rstrip("/")

    @property
    def counters(self) -> Counters:
        """What was answered and sent so far, for tests."""
        return self._service.counters

    @property
    def on_change(self) -> list[Callable[[ChangeNotice], None]]:
        """Called in order after each committed change."""
        return self._service.on_change

    def add_company(self, company: Company) -> str:
        """Open another company on this server; returns a refresh token of the default app for it."""
        registry.open_company(self._service, company)
        return self.connect(company.realm_id)

    def add_app(self) -> App:
        """Register another app."""
        return registry.new_app(self._service)

    def connect(self, realm_id: str | None = None, app: App | None = None) -> str:
        """A user grants consent, without the browser; returns a live refresh token."""
        realm = realm_id or self._companies[0].realm_id
        return self._service.authority.grant((app or self.app).client_id, realm, self._service.clock.now())

    def connection_info(self) -> Json:
        """What a connector needs to know, as in the JSON line of the `emulators` command."""
        base = self.base_url
        return {
            "base_url": base,
            "token_url": f"{base}{oauth.TOKEN}",
            "authorize_url": f"{base}{oauth.AUTHORIZE}",
            "discovery_url": f"{base}{oauth.DISCOVERY}",
            "realm_id": self._companies[0].realm_id,
            "client_id": self.app.client_id,
            "client_secret": self.app.client_secret,
            "refresh_token": self._service.authority.newest(self._granted),
            "webhook_verifier_token": self.app.webhook_verifier_token,
        }

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        return route(self._service, request)

    def handle_meeting(self, request: Request, faults: RecordFaults) -> Response:
        """Answer one request; each record that it asks for, writes or is answered with may meet one of `faults`."""
        self._service.ordered = faults
        try:
            return self.handle(request)
        finally:
            self._service.ordered = NO_RECORD_FAULTS

    def cost(self, request: Request, response: Response) -> Cost:
        """Metered reads, write calls (a batch is one), and calls; OAuth costs nothing."""
        measured = measure(request, response)
        return Cost(reads=measured.reads, writes=measured.writes, calls=measured.calls)

    @property
    def realms(self) -> list[str]:
        """The companies that are open, the first one first."""
        return list(self._service.books)

    def kinds(self) -> list[str]:
        """All kinds of record, the read-only ones too."""
        return list(KINDS)

    def records(self, kind: str, realm_id: str | None = None) -> list[dict[str, Any]]:
        """All records of a kind by Id; deleted ones as stubs with `status` Deleted. Raises KeyError."""
        books = self._service.books[realm_id or self._companies[0].realm_id]
        table = books.tables[kind]
        living = [loads(books.wire(kind, number)) for number in table.rows]
        return [*living, *(_stub(number, at) for number, at in table.gone.items())]

    def act(self, operation: dict[str, Any]) -> dict[str, Any]:
        """Do what a user of the screens would do; raises `Fault` as the service would refuse it."""
        return user_actions.perform(self._service, operation)

    def reset(self) -> None:
        """Back to new companies without records; apps and switches stay, every token is void."""
        service = self._service
        service.books.clear()
        service.replays.clear()
        service.windows.clear()
        service.counters = Counters()
        self.webhooks.clear()
        service.authority.tokens = Tokens()
        self._open()

    def kill_session(self) -> None:
        """Every access token is void at once; refresh tokens live."""
        self._service.authority.tokens.access.clear()

    def revoke_token(self) -> None:
        """Every connection ends, as if the user had disconnected the apps."""
        for realm in self._service.books:
            self._service.authority.disconnect(realm)

    def snapshot(self) -> Snapshot:
        """The whole state but the clock and the switches; cheap."""
        apps = dict(self._service.authority.apps)
        registered = Registered(tuple(self._companies), apps, self.app, self._granted)
        return replace(self._service.snapshot(), webhooks=self.webhooks.snapshot(), registered=registered)

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot, as often as wanted."""
        self._service.restore(snapshot)
        if snapshot.registered is not None:
            known = snapshot.registered
            self._service.companies[:] = known.companies
            self.app, self._granted = known.app, known.granted
            self._service.authority.apps.clear()
            self._service.authority.apps.update(known.apps)
            self.webhooks.register(list(known.apps.values()))
        self.webhooks.restore(snapshot.webhooks)


def _stub(number: int, at: int) -> Json:
    updated = {"LastUpdatedTime": stamp(from_seconds(at))}
    return {"domain": "QBO", "status": "Deleted", "Id": str(number), "MetaData": updated}
