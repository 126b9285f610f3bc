"""Sign-ins that live for months over real HTTP: rotated, lost, killed, revoked, and connected again."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import pytest

from emulators.salesforce.key_pairs import key_pair
from ml_connector.actions.connect import signed_in
from ml_connector.actions.open import Home
from ml_connector.app import App
from ml_connector.custody import SealedTokens
from ml_connector.model.errors import SignInNeeded, Unreachable
from ml_connector.service.token_lives import token_lives
from ml_connector.systems.http import Caller, NoAnswer, Request, Response
from ml_connector.systems.limits import free_throttle
from ml_connector.systems.network import AiohttpNetwork
from ml_connector.systems.quickbooks.auth import AppKeys, Endpoints, OAuth, Tokens
from ml_connector.systems.quickbooks.keeper import TokenKeeper
from ml_connector.systems.salesforce.auth import ClientCredentials, Credentials, JwtBearer
from ml_connector.systems.salesforce.client import Salesforce
from ml_connector.systems.salesforce.keeper import SessionKeeper
from ml_emulators.kit.faults import Fault
from ml_emulators.kit.gate import Gate
from ml_emulators.kit.shell import vendor_shell
from support.in_step import in_step
from support.live import Living
from support.network import FixedIds
from support.world import Installation
from systems.quickbooks.company import EmulatedCompany
from systems.salesforce.emulated import EmulatedOrg

TOKEN = "/oauth2/v1/tokens/bearer"
DAY = timedelta(days=1)


class Counting:
    """A network that counts what the token service answered; 0 stands for an answer that was lost."""

    def __init__(self, network: AiohttpNetwork) -> None:
        self.answers: Counter[int] = Counter()
        self._network = network

    async def send(self, request: Request) -> Response:
        try:
            answer = await self._network.send(request)
        except NoAnswer:
            self.answers[0] += request.path == TOKEN
            raise
        self.answers[answer.status] += request.path == TOKEN
        return answer


@asynccontextmanager
async def company_over_http() -> AsyncIterator[tuple[EmulatedCompany, TokenKeeper, Counting]]:
    company = EmulatedCompany()
    gate = Gate({"quickbooks": company.emulator}, company.faults, company.log, company.clock.now)
    shell = vendor_shell(gate, "quickbooks")
    await shell.start()
    company.emulator.base_url = shell.url
    info = company.emulator.connection_info()
    try:
        async with AiohttpNetwork() as sockets:
            network = Counting(sockets)
            caller = Caller(network, company.clock, FixedIds(), free_throttle(company.clock), "quickbooks")
            keys = AppKeys(client_id=info["client_id"], client_secret=info["client_secret"])
            oauth = OAuth(keys, Endpoints(token=info["token_url"]), caller, company.clock)
            yield company, TokenKeeper(oauth, company.drawer, company.clock), network
    finally:
        await shell.stop()


async def pass_until(company: EmulatedCompany, keeper: TokenKeeper) -> None:
    """The renewal job of the service: it looks when it said it would."""
    at = await keeper.keep()
    company.clock.advance(seconds=max((at - company.clock.now()).total_seconds(), 1))


def connect_again(company: EmulatedCompany) -> None:
    """A person consents anew, in another terminal."""
    granted = company.emulator.act({"op": "connect", "kind": "", "body": {}})["refresh_token"]
    now = company.clock.now()
    company.drawer.store(Tokens(access_token="", refresh_token=granted, access_expires_at=now, connected_at=now))


@pytest.mark.parametrize("grace", [3600, 0])
async def test_a_hundred_days_of_rotation_with_lost_answers(grace: int) -> None:
    """Each tenth answer of the token service is lost, whether the token was rotated or not."""
    chance = Random(7)
    async with company_over_http() as (company, keeper, network):
        company.emulator.switches.old_refresh_token_grace = grace
        begun, lost, asked, rotations = company.clock.now(), 0, 0, set[str]()
        while company.clock.now() - begun < 100 * DAY:
            before = stored(company).refresh_token
            if chance.random() < 0.1:
                company.fault("drop_after", path=TOKEN)
            refused, unheard = network.answers[400], network.answers[0]
            try:
                await pass_until(company, keeper)
            except SignInNeeded:
                asked += 1
                assert 1 <= network.answers[400] - refused <= 2, "the old token, and the one before"
                for _ in range(50):
                    with pytest.raises(SignInNeeded):
                        await keeper.keep()
                assert network.answers[400] - refused <= 2, "no loop"
                connect_again(company)
            if network.answers[0] > unheard:
                lost += company.emulator._service.authority.newest(before) != before
            rotations.add(stored(company).refresh_token)
        assert len(rotations) > 90
        assert lost >= 5
        assert asked == (0 if grace else lost), "one request for each lost answer that cannot be mended"


def stored(company: EmulatedCompany) -> Tokens:
    assert company.drawer.tokens is not None
    return company.drawer.tokens


async def test_an_idle_service_outlives_the_hundred_days() -> None:
    async with company_over_http() as (company, keeper, network):
        company.emulator.switches.refresh_window_seconds = int(DAY.total_seconds())
        begun = company.clock.now()
        while company.clock.now() - begun < 3 * DAY:
            await pass_until(company, keeper)
        assert network.answers == {200: 76}, "one renewal in 57 minutes"


# --- Salesforce


@pytest.mark.parametrize("by", ["secret", "certificate"])
async def test_ten_days_at_an_org_that_ends_sessions(by: str) -> None:
    """Sessions are killed in the middle of the day, and each call is answered all the same."""
    chance, org = Random(3), EmulatedOrg()
    shell = vendor_shell(org.gate, "salesforce")
    await shell.start()
    org.emulator.base_url = shell.url
    org.act("register_certificate", "", certificate=key_pair(1)[1])
    try:
        async with AiohttpNetwork() as network:
            caller = Caller(network, org.clock, FixedIds(), free_throttle(org.clock), "salesforce")
            sessions = SessionKeeper(caller, credentials(org, shell.url, by), org.clock, org_id=org.info["org_id"])
            salesforce = Salesforce(caller=caller, sessions=sessions, clock=org.clock)
            for _ in range(10 * 24):
                org.clock.advance(hours=1)
                if chance.random() < 0.2:
                    org.act("kill_sessions", "")
                assert await salesforce.find("Account", "Name", ["Nobody"]) == {"Nobody": []}
            assert 120 < caller.calls["token"] < 240
    finally:
        await shell.stop()


def credentials(org: EmulatedOrg, url: str, by: str) -> Credentials:
    if by == "secret":
        return ClientCredentials(url, org.info["client_id"], org.info["client_secret"])
    return JwtBearer(url, org.info["client_id"], org.info["username"], key_pair(1)[0])


# --- two processes on one state


class Pair:
    """Two processes of one installation, and what can come between them."""

    def __init__(self, folder: Path) -> None:
        self.home = Installation(folder)
        self.one, self.two = self.home.process(), self.home.process()

    @property
    def acts(self) -> dict[str, Callable[[], Any]]:
        return {
            "one calls": lambda: self.calls(self.one),
            "two calls": lambda: self.calls(self.two),
            "sessions end": lambda: self.home.emulation.act("quickbooks", "kill_sessions", "", {}),
            "an hour": lambda: self.home.clock.advance(timedelta(hours=1)),
            "a third is killed in its turn": self.killed,
        }

    async def calls(self, app: App) -> None:
        with suppress(Unreachable):  # while the turn of the one that was killed lasts
            await app.quickbooks.reference("company")

    def killed(self) -> None:
        assert self.home.settings.quickbooks is not None
        third = SealedTokens(self.home.custody("quickbooks"), self.home.settings.quickbooks.realm_id, "killed")
        third.take_turn(self.home.clock.now() + timedelta(minutes=5))

    def refused(self) -> int:
        """How often the token service said no."""
        return sum(entry.status == 400 for entry in self.home.emulation.log.entries if entry.path == TOKEN)

    async def both_work(self) -> None:
        self.home.clock.advance(timedelta(minutes=6))
        for app in (self.one, self.two):
            await app.quickbooks.keep_signed_in()
            await app.quickbooks.check_company()


async def test_two_processes_in_every_order(tmp_path: Path) -> None:
    """None of them ever asks a person, and none sends a refresh token twice at once."""
    pair = Pair(tmp_path)
    for names in product(pair.acts, repeat=3):
        for name in names:
            if (waiting := pair.acts[name]()) is not None and hasattr(waiting, "__await__"):
                await waiting
        await pair.both_work()
    assert pair.refused() == 0


# --- revoked, and connected again


@pytest.mark.parametrize(("why", "dead_for"), [("revoked", 3 * DAY), ("a lost answer", timedelta(hours=3))])
async def test_a_dead_sign_in_stops_one_side_loudly_and_the_same_process_goes_on_after_connect(
    tmp_path: Path, why: str, dead_for: timedelta
) -> None:
    living = Living(in_step(tmp_path))
    await living.live_for(timedelta(hours=2))
    home, sides = living.home, living.live.sides
    if why == "revoked":
        home.emulation.act("quickbooks", "disconnect", "", {})
    else:
        home.emulation.faults.add(Fault(kind="drop_after", vendor="quickbooks", path=TOKEN, count=1))
        home.clock.advance(DAY)  # the machine sleeps, and the token is rotated when it wakes
    await living.live_for(timedelta(hours=3))
    assert (sides.of("quickbooks").state, sides.of("salesforce").state) == ("dead", "live")
    assert token_lives(home.app)[0].dead_since is not None
    events = [event.action for event in home.store.audit_events(home.app.connection.id)]
    assert events.count("side dead") == 1

    name = home.emulation.act("salesforce", "create", "Account", {"Name": "Made while it was dead"})["Id"]
    refused = refusals(living)
    await living.live_for(dead_for)
    assert refusals(living) == refused, "a dead token is not sent again"
    due = home.store.due(home.app.connection.id, "account_to_customer", living.now, 100)
    assert name in [task.ref.id for task in due], "the knock is kept"

    reconnect(home)
    await living.live_for(timedelta(hours=1))
    assert (sides.of("quickbooks").state, sides.of("salesforce").state) == ("live", "live")
    assert home.store.unserved(home.app.connection.id) == {}


def refusals(living: Living) -> int:
    return sum(entry.status == 400 for entry in living.home.emulation.log.entries if entry.path == TOKEN)


def reconnect(home: Installation) -> None:
    """`connect quickbooks` in another terminal."""
    assert home.settings.quickbooks is not None
    granted = home.emulation.act("quickbooks", "connect", "", {})["refresh_token"]
    tokens = Tokens(access_token="", refresh_token=granted, access_expires_at=home.clock.now())
    SealedTokens(home.custody("quickbooks"), home.settings.quickbooks.realm_id).store(tokens)
    opened = Home(home.settings.home, home.settings, home.store, home.vault, home.app.world)
    signed_in(opened, home.app.connection.id, "quickbooks")
