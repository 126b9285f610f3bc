"""The emulated org as a vendor: a function from request to response, with a door for acts and snapshots."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from ml_emulators.kit.clock import VirtualClock
from ml_emulators.kit.faults import NO_RECORD_FAULTS, RecordFaults
from ml_emulators.kit.hosts import LOGIN, place
from ml_emulators.kit.wire import Cost, Request, Response

from . import rights, seed
from .actions.user_actions import Actions, full_record
from .bulk import Bulk
from .calls import Answer, Call
from .errors import ApiError, OAuthError, bad_method, not_found
from .org import Org, Switches
from .query.pages import Locators
from .rest import limits, pretty, versions
from .rest.conditional import Watch
from .routes import Routes
from .rules import relations
from .rules.permissions import Permissions
from .saving import addresses
from .signin.identity import identity
from .signin.oauth import OAuth, Sessions, bearer, expired
from .signin.soap import Passwords, Soap
from .tooling import ChannelBook, Tooling
from .world import ChangeNotice, World

_LONGEST = 16_384
_HEADERS = {
    "Vary": "Accept-Encoding",
    "Cache-Control": "no-cache,must-revalidate,max-age=0,no-store,private",
    "X-Robots-Tag": "none",
    "Server": "sfdcedge",
    "X-Sfdc-Edge-Cache": "none",
}
_JSON = {"Content-Type": "application/json;charset=UTF-8"}
_CSV = {"Content-Type": "text/csv"}
_OVERRIDES = frozenset({"PATCH", "DELETE", "GET", "HEAD"})


class Salesforce:
    """One org. `base_url` is where its shell listens; set it when the port is known.

    `switches` may be changed at any time; `on_change` is called after each committed transaction, one
    `ChangeNotice` a record. Ids and secrets come from counters and `random`, so a run repeats from a seed.
    """

    name = "salesforce"

    def __init__(
        self,
        clock: VirtualClock,
        random: random.Random,
        base_url: str = "http://127.0.0.1:0",
        org: Org | None = None,
    ) -> None:
        self.base_url = base_url
        self._world = World(clock, random, org or Org())
        self._sessions = Sessions(self._world)
        self._oauth = OAuth(self._world, self._sessions)
        self._passwords = Passwords(self._world)
        self._soap = Soap(self._world, self._sessions, self._passwords)
        self._usage = limits.Usage()
        self._locators = Locators()
        self._permissions = Permissions(self._world)
        self._bulk = Bulk(self._world)
        self._tooling = Tooling(self._world, self._locators)
        watch = Watch(self._world)
        self._routes = Routes(self._locators, self._bulk, self._tooling, watch, lambda: self._usage.count(clock.now()))
        self._actions = Actions(self._world, self._sessions)
        seed.seed(self._world)
        self._fresh = self.snapshot()

    @property
    def switches(self) -> Switches:
        """What an administrator, or a test, may turn at any time."""
        return self._world.switches

    @property
    def on_change(self) -> list[Callable[[ChangeNotice], None]]:
        """Called after each committed transaction, one `ChangeNotice` a record."""
        return self._world.on_change

    @property
    def org(self) -> Org:
        """What the org was made with."""
        return self._world.org

    @property
    def world(self) -> World:
        """What the event emulator beside this one reads: schema, state, actors."""
        return self._world

    def join(self, book: ChannelBook) -> None:
        """An event bus stands beside this org from now on: the Tooling API sets its channels up."""
        self._tooling.join(book)

    def connection_info(self) -> dict[str, str]:
        """Where a client finds the org, and the keys of the app and of the integration user."""
        return {
            "base_url": self.base_url,
            "client_id": self._sessions.client_id,
            "client_secret": self._sessions.client_secret,
            "username": self._world.org.integration_user.username,
            "password": self._passwords.password(self._world.integration),
            "security_token": self._passwords.token(self._world.integration),
            "org_id": self._world.org_id,
            "account_external_id_field": "QBO_Id__c",
        }

    def token_is_live(self, token: str) -> bool:
        """Whether a session token would be accepted; does not extend it."""
        return self._sessions.peek(token) is not None

    def handle(self, request: Request) -> Response:
        """Answer one request; what the API refuses is an answer too, in the shape of its family."""
        self._settle()
        try:
            return self._respond(request, *self._answer(request))
        except OAuthError as error:
            return self._respond(request, Answer(error.status, error.body()), None)
        except ApiError as error:
            return self._respond(request, Answer(error.status, error.body()), None)

    def handle_meeting(self, request: Request, faults: RecordFaults) -> Response:
        """The same, where records may meet one of the faults."""
        self._world.record_faults = faults
        try:
            return self.handle(request)
        finally:
            self._world.record_faults = NO_RECORD_FAULTS

    def _settle(self) -> None:
        """What has become due by the clock or by a switch is done before anybody looks."""
        seed.tell_edition(self._world)
        relations.settle(self._world)
        addresses.adopt(self._world)
        self._permissions.settle()
        self._bulk.settle()

    def _answer(self, request: Request) -> tuple[Answer, int | None]:
        size = len(request.path) + len(request.query)
        if size > _LONGEST:
            return Answer(414, ApiError("URI_TOO_LONG", "The requested URI is too long").body()), None
        if size + sum(len(name) + len(value) for name, value in request.headers.items()) > _LONGEST:
            return Answer(431, ApiError("REQUEST_HEADER_TOO_LARGE", "URI and headers are too long").body()), None
        parts = request.segments()
        if parts == ["services", "data"]:
            return _listing(self._world, request), None
        if parts[:2] == ["services", "oauth2"] and len(parts) == 3:
            answer = self._oauth.answer(request, parts[2], self._instance(request))
            if answer is not None:
                return answer, None
        if parts[:2] == ["services", "Soap"]:
            return self._soap.answer(request, parts[2:], self._instance(request)), None
        if parts[:2] == ["services", "data"]:
            return self._data(request, parts[2], tuple(parts[3:]))
        if parts[:1] == ["id"] and len(parts) == 3:
            return self._identity(request, parts), None
        raise not_found()

    def _identity(self, request: Request, parts: list[str]) -> Answer:
        session = self._sessions.use(bearer(request))
        if session is None:
            raise expired()
        if parts[1:] != [self._world.org_id, session.actor.user_id]:
            raise not_found()
        return Answer(200, identity(self._world, session.actor, self._instance(request)))

    def _instance(self, request: Request) -> str:
        """Where the caller finds the org: on the host it used, or behind a login host at the org's My Domain."""
        host = place(request, self.base_url)
        return host.of(self.org.my_domain) if host.host in LOGIN else host.url

    def _data(self, request: Request, version: str, parts: tuple[str, ...]) -> tuple[Answer, int]:
        session = self._sessions.use(bearer(request))
        if session is None:
            raise expired()
        used = self._usage.count(self._world.clock.now(), 1)
        try:
            limits.check(self._world, used)
            rights.require_api(self._world, session.actor)
            params = request.params()
            call = Call(
                world=self._world,
                actor=session.actor,
                method=_method(request, params),
                version=version,
                parts=parts,
                params=params,
                headers=request.headers,
                raw=request.body,
            )
            return self._routes.answer(call), used
        except ApiError as error:
            return Answer(error.status, error.body()), used

    def _respond(self, request: Request, answer: Answer, used: int | None) -> Response:
        headers = _HEADERS | answer.headers
        if used is not None:
            headers["Sforce-Limit-Info"] = limits.header(self._world, used)
        if answer.raw is not None:
            return Response(answer.status, _CSV | headers, answer.raw)
        if answer.body is None:
            return Response(answer.status, headers)
        spaced = request.header("x-prettyprint") in ("1", "true")
        body = b"" if request.method == "HEAD" else pretty.encode(answer.body, pretty=spaced)
        return Response(answer.status, headers | _JSON, body)

    def cost(self, request: Request, response: Response) -> Cost:
        """Each authenticated REST call is one call, whatever is inside it; OAuth and the version list are free."""
        path = request.path.strip("/")
        metered = path.startswith("services/data/") and response.status not in (401, 414)
        return Cost(calls=int(metered))

    def kinds(self) -> list[str]:
        """The objects that the org has as it is set up now."""
        self._settle()
        return list(self._world.schema.objects)

    def records(self, kind: str) -> list[dict[str, Any]]:
        """All records of a kind, deleted ones last. Raises `KeyError` for an unknown kind."""
        self._settle()
        sobject = self._world.schema.objects[kind]
        table = self._world.state.tables[kind]
        rows = [*table.live.values(), *table.gone.values()]
        return [full_record(sobject, row) for row in rows]

    def act(self, operation: dict[str, Any]) -> dict[str, Any]:
        """Do what a user of the screens would do. Raises `ActError`."""
        self._settle()
        return self._actions.act(operation)

    def snapshot(self) -> Any:
        """Everything but clock, switches and listeners; costs references only."""
        world = self._world
        made = (world.secrets_made, world.purged)
        others = (self._sessions, self._usage, self._locators, self._bulk)
        parts = tuple(part.snapshot() for part in others)
        return (self._tooling.snapshot(), world.state.snapshot(), made, parts)

    def restore(self, kept: Any) -> None:
        """Back to a snapshot; any snapshot may be restored any number of times."""
        tooling, state, (self._world.secrets_made, self._world.purged), parts = kept
        sessions, usage, locators, bulk = parts
        self._tooling.restore(tooling)
        self._world.state.restore(state)
        self._world.related = bool(self._world.state.tables[relations.KIND].live)
        self._sessions.restore(sessions)
        self._usage.restore(usage)
        self._locators.restore(locators)
        self._bulk.restore(bulk)

    def reset(self) -> None:
        """A fresh org with all switches as they were at first."""
        self.restore(self._fresh)
        self._permissions.forget()
        fresh = Switches()
        for field in fields(Switches):
            setattr(self._world.switches, field.name, getattr(fresh, field.name))


def _listing(world: World, request: Request) -> Answer:
    if request.method not in ("GET", "HEAD"):
        raise bad_method(request.method)
    return Answer(200, versions.listing(world))


def _method(request: Request, params: dict[str, str]) -> str:
    asked = params.get("_HttpMethod", "").upper()
    return asked if request.method == "POST" and asked in _OVERRIDES else request.method
