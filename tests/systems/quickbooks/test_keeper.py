"""Keeping the sign-in alive."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from urllib.parse import parse_qs

import msgspec
import pytest

from ml_connector.model.errors import BadAnswer, LimitReached, SignInNeeded, Unreachable
from ml_connector.systems.http import NoAnswer, NotSent, Request, Response
from ml_connector.systems.quickbooks.auth import Tokens
from ml_connector.systems.quickbooks.keeper import TokenKeeper
from support.network import START

from .company import EmulatedCompany, ok
from .tokens import DAY, Service, refusal


async def test_ten_calls_at_once_make_one_refresh() -> None:
    service = Service()
    tokens = await asyncio.gather(*(service.tokens.token() for _ in range(10)))

    assert set(tokens) == {"AT1"}
    assert service.refreshed == 1


async def test_the_rotated_token_is_stored_before_the_new_one_is_used() -> None:
    service = Service()
    service.drawer.broken = True
    with pytest.raises(OSError, match="disk full"):
        await service.tokens.token()
    service.drawer.broken = False

    assert await service.tokens.token() == "AT1"
    assert [tokens.refresh_token for tokens in service.drawer.stored] == ["RT1"]
    assert service.refreshed == 1


async def test_a_token_is_renewed_shortly_before_it_ends() -> None:
    service = Service()
    assert await service.tokens.token() == "AT1"
    service.clock.advance(minutes=56)
    assert await service.tokens.token() == "AT1"
    service.clock.advance(minutes=2)

    assert await service.tokens.token() == "AT2"
    assert b"refresh_token=RT1" in service.network.sent[-1].body


async def test_who_finds_a_refused_token_renewed_by_another_uses_that() -> None:
    service = Service()
    await service.tokens.token()
    first, second = await asyncio.gather(service.tokens.renew("AT1"), service.tokens.renew("AT1"))

    assert (first, second, service.refreshed) == ("AT2", "AT2", 2)


async def test_tokens_stored_by_another_process_are_taken_over() -> None:
    service = Service()
    await service.tokens.token()
    service.drawer.tokens = Tokens(access_token="AT9", refresh_token="RT9", access_expires_at=START + DAY)

    assert await service.tokens.renew("AT1") == "AT9"
    assert service.refreshed == 1


async def test_while_another_process_renews_nothing_is_sent() -> None:
    """One refresh token used twice at once would end the connection."""
    service = Service()
    service.drawer.renewed_elsewhere = True
    with pytest.raises(Unreachable, match="Another process is renewing"):
        await service.tokens.token()
    assert service.network.sent == []

    service.drawer.renewed_elsewhere = False
    assert await service.tokens.token() == "AT1"


async def test_what_another_process_renewed_meanwhile_is_used() -> None:
    service = Service()
    service.drawer.taken = lambda: service.drawer.store(
        Tokens(access_token="AT9", refresh_token="RT9", access_expires_at=START + DAY)
    )

    assert await service.tokens.token() == "AT9"
    assert service.network.sent == []


async def test_who_slept_through_its_turn_sends_nothing() -> None:
    service = Service()
    service.drawer.taken = lambda: service.clock.advance(minutes=4)

    with pytest.raises(NotSent):
        await service.tokens.token()
    assert service.network.sent == []


async def test_after_invalid_grant_nothing_is_asked_until_someone_reconnects() -> None:
    service = Service(refusal("invalid_grant", error_description="Incorrect or invalid refresh token"))
    for _ in range(3):
        with pytest.raises(SignInNeeded):
            await service.tokens.token()
    assert len(service.network.sent) == 1

    service.drawer.tokens = Tokens(access_token="", refresh_token="NEW", access_expires_at=START - DAY)
    assert await service.tokens.token() == "AT1"


async def test_without_a_connection_a_person_is_asked() -> None:
    service = Service()
    service.drawer.tokens = None
    with pytest.raises(SignInNeeded):
        await service.tokens.token()


async def test_a_month_of_use_survives_every_rotation() -> None:
    company = EmulatedCompany()
    for _ in range(60):
        await company.client.reference("preferences")
        company.clock.advance(hours=12)

    assert len({tokens.refresh_token for tokens in company.drawer.stored}) >= 28


async def test_an_access_token_that_dies_early_costs_one_refresh_and_one_repeat() -> None:
    company = EmulatedCompany()
    await company.client.reference("preferences")
    company.fault("status", status=401, path="/preferences")
    await company.client.reference("preferences")

    assert company.caller.calls == {"read": 3, "token": 2}


async def test_a_token_that_is_never_accepted_ends_in_sign_in_needed() -> None:
    company = EmulatedCompany()
    company.fault("status", status=401, path="/preferences", count=None)
    with pytest.raises(SignInNeeded):
        await company.client.reference("preferences")

    assert company.caller.calls == {"read": 2, "token": 2}


async def test_trouble_with_the_token_means_that_the_write_was_not_sent() -> None:
    def lost(_: Request) -> Response:
        raise NoAnswer("Nothing.", "Wait.")

    service = Service()
    service.network._answer = lost
    with pytest.raises(NoAnswer):
        await service.tokens.token()


# --- the last evidence


def gone() -> Response:
    return refusal("invalid_grant", error_description="Incorrect or invalid refresh token")


def sent_tokens(service: Service) -> list[str]:
    """The refresh tokens that were sent, in order."""
    return [parse_qs(request.body.decode())["refresh_token"][0] for request in service.network.sent]


async def test_the_token_before_is_tried_once_before_a_sign_in_is_dead() -> None:
    service = Service()
    await service.tokens.token()
    service.clock.advance(minutes=58)
    service.answers = [gone()]

    assert await service.tokens.token() == "AT2"
    assert sent_tokens(service) == ["RT0", "RT1", "RT0"]


async def test_a_refusal_of_both_is_a_verdict_for_every_process() -> None:
    service = Service()
    await service.tokens.token()
    service.clock.advance(minutes=58)
    service.answers = [gone(), gone()]
    with pytest.raises(SignInNeeded):
        await service.tokens.token()
    assert service.drawer.stored[-1].dead_since == service.clock.now()

    another = TokenKeeper(service.oauth, service.drawer, service.clock)
    for keeper in (service.tokens, another):
        with pytest.raises(SignInNeeded, match="expired or was withdrawn"):
            await keeper.token()
    assert len(service.network.sent) == 3


async def test_who_lost_access_is_told_so_and_nothing_else_is_tried() -> None:
    service = Service()
    await service.tokens.token()
    service.clock.advance(minutes=58)
    service.answers = [refusal("invalid_grant", x_error_reason="user_not_in_realm")]
    for _ in range(2):
        with pytest.raises(SignInNeeded, match="no longer has access"):
            await service.tokens.token()
    assert len(service.network.sent) == 2


async def test_whoever_connects_while_the_old_token_is_refused_is_believed() -> None:
    service = Service()
    granted = Tokens(access_token="AT9", refresh_token="RT9", access_expires_at=START + DAY)

    def connects_meanwhile(_: Request) -> Response:
        service.drawer.store(granted)
        return gone()

    service.network._answer = connects_meanwhile
    assert await service.tokens.token() == "AT9"
    assert service.drawer.tokens == granted


async def test_a_sign_in_made_meanwhile_is_not_overwritten() -> None:
    service = Service()
    granted = Tokens(access_token="AT9", refresh_token="RT9", access_expires_at=START + DAY)

    def connects_meanwhile(_: Request) -> Response:
        service.drawer.store(granted)
        return ok({"access_token": "AT1", "refresh_token": "RT1", "expires_in": 3600})

    service.network._answer = connects_meanwhile
    assert await service.tokens.token() == "AT9"
    assert service.drawer.tokens == granted


async def test_the_token_that_the_vendor_took_is_kept_and_not_one_that_it_refused() -> None:
    """Odd answers, one after the other, never cost the one token that is good."""
    service = Service(
        ok({"access_token": "", "refresh_token": "odd", "expires_in": 1}),
        gone(),
        ok({"access_token": "", "refresh_token": "odder", "expires_in": 1}),
        gone(),
    )
    for _ in range(2):
        with pytest.raises(BadAnswer):
            await service.tokens.token()
    assert await service.tokens.token() == "AT1"
    assert sent_tokens(service) == ["RT0", "odd", "RT0", "odder", "RT0"]


# --- ahead of time


@pytest.mark.parametrize(("jitter", "minutes"), [(0.0, 57), (0.5, 54.5), (1.0, 52)])
async def test_processes_that_began_together_do_not_renew_together(jitter: float, minutes: float) -> None:
    service = Service()
    keeper = TokenKeeper(service.oauth, service.drawer, service.clock, jitter)
    await keeper.token()
    assert await keeper.keep() == START + timedelta(minutes=minutes)
    service.clock.advance(minutes=minutes, seconds=-1)
    assert await keeper.token() == "AT1"
    service.clock.advance(seconds=1)
    assert await keeper.token() == "AT2"


@pytest.mark.parametrize("trouble", [Response(429, {"retry-after": "4000"}), Response(501), Response(200, {}, b"<p>")])
async def test_a_renewal_that_fails_ahead_of_time_is_nobodys_trouble_yet(trouble: Response) -> None:
    """No call pays for it while the token lives, and the token service is asked once a minute."""
    service = Service()
    await service.tokens.token()
    service.clock.advance(minutes=57, seconds=10)
    service.network._answer = lambda _: trouble
    assert [await service.tokens.token() for _ in range(5)] == ["AT1"] * 5
    assert len(service.network.sent) == 2
    assert await service.tokens.keep() == service.clock.now() + timedelta(minutes=1)

    service.clock.advance(minutes=2, seconds=30)
    with pytest.raises((Unreachable, LimitReached, BadAnswer)):
        await service.tokens.token()
    assert service.drawer.tokens is not None
    assert service.drawer.tokens.dead_since is None, "trouble is no verdict"


async def test_a_token_keeps_its_consent_and_the_one_before() -> None:
    service = Service()
    assert service.drawer.tokens is not None
    service.drawer.tokens = msgspec.structs.replace(service.drawer.tokens, connected_at=START - DAY)
    await service.tokens.token()
    tokens = service.drawer.stored[-1]
    assert (tokens.connected_at, tokens.renewed_at, tokens.previous_refresh_token) == (START - DAY, START, "RT0")


async def test_a_second_refusal_of_a_token_that_another_process_stored_leads_to_a_renewal() -> None:
    """The vendor has ended all sessions twice; the refresh token is as good as before."""
    company = EmulatedCompany()
    await company.client.reference("preferences")
    refused = [company.drawer.stored[-1].access_token]
    other = TokenKeeper(company.oauth, company.drawer, company.clock)
    refused.append(await other.renew(refused[0]))
    company.emulator.act({"op": "kill_sessions", "kind": "", "body": {}})

    await company.client.check_company()
    assert company.drawer.stored[-1].access_token not in refused
    assert company.caller.calls["token"] == 3
