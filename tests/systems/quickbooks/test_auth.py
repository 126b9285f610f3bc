"""Signing in, and keeping the sign-in alive."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from structlog.testing import capture_logs

from ml_connector.model.errors import BadAnswer, SignInNeeded, Unreachable, WrongUse
from ml_connector.systems.http import Caller, NoAnswer, NotSent, Request, Response
from ml_connector.systems.limits import free_throttle
from ml_connector.systems.quickbooks.auth import AppKeys, Consent, Endpoints, OAuth, TokenKeeper, Tokens, consent
from support.network import START, FixedIds, FunctionNetwork, StillClock

from .company import REALM, Drawer, EmulatedCompany, ok

DAY = timedelta(days=1)


class Service:
    """A token service made of a function: every refresh gives the next pair."""

    def __init__(self, *answers: Response) -> None:
        self.clock = StillClock()
        self.answers = list(answers)
        self.refreshed = 0
        self.network = FunctionNetwork(self._answer)
        caller = Caller(self.network, self.clock, FixedIds(), free_throttle(self.clock), "quickbooks")
        self.oauth = OAuth(AppKeys(client_id="id", client_secret="s3cret"), Endpoints(), caller, self.clock)
        self.drawer = Drawer(Tokens(access_token="", refresh_token="RT0", access_expires_at=START - DAY))
        self.tokens = TokenKeeper(self.oauth, self.drawer, self.clock)

    async def _answer(self, request: Request) -> Response:
        await asyncio.sleep(0)
        if self.answers:
            return self.answers.pop(0)
        self.refreshed += 1
        n = self.refreshed
        return ok(
            {
                "access_token": f"AT{n}",
                "refresh_token": f"RT{n}",
                "expires_in": 3600,
                "x_refresh_token_expires_in": 8640000,
            }
        )


def refusal(error: str, status: int = 400, **more: str) -> Response:
    return ok({"error": error, **more}, status)


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


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refusal("invalid_grant", x_error_reason="user_not_in_realm"), SignInNeeded),
        (refusal("invalid_client", 401), WrongUse),
        (refusal("unsupported_grant_type"), Unreachable),
        (Response(400, {}, b"<html>"), Unreachable),
        (ok({"access_token": "", "refresh_token": "x", "expires_in": 1}), BadAnswer),
        (ok({"access_token": "x", "expires_in": 3600}), BadAnswer),
        (ok([]), BadAnswer),
    ],
)
async def test_refusals_say_what_to_do(answer: Response, error: type[Exception]) -> None:
    with pytest.raises(error):
        await Service(answer).tokens.token()


async def test_a_token_call_is_repeated_after_passing_trouble() -> None:
    assert await Service(Response(503), Response(429, {"retry-after": "1"})).tokens.token() == "AT1"


async def test_without_a_connection_a_person_is_asked() -> None:
    service = Service()
    service.drawer.tokens = None
    with pytest.raises(SignInNeeded):
        await service.tokens.token()


async def test_expiry_instants_are_kept() -> None:
    answer = {
        "access_token": "A", "refresh_token": "R", "expires_in": 3600, "token_type": "bearer",
        "x_refresh_token_expires_in": 8726400, "x_refresh_token_hard_expires_in": 157494248,
    }  # fmt: skip
    service = Service(ok(answer))
    await service.tokens.token()
    tokens = service.drawer.stored[0]

    assert tokens.access_expires_at == START + timedelta(hours=1)
    assert tokens.refresh_expires_at == START + 101 * DAY
    assert tokens.hard_expires_at == START + timedelta(seconds=157494248)
    assert service.network.sent[0].headers["x-include-refresh-token-hard-expires-in"] == "true"


async def test_no_token_shows_in_text_or_log() -> None:
    with capture_logs() as lines:
        service = Service()
        await service.tokens.token()
    tokens = service.drawer.stored[0]
    shown = (
        f"{tokens!r} {tokens} {AppKeys(client_id='id', client_secret='s3cret')!r} {Consent('C0DE', '4620')!r} {lines}"
    )

    assert not any(secret in shown for secret in ("AT1", "RT0", "RT1", "s3cret", "C0DE"))


# --- the conversation


def test_a_callback_for_this_company_gives_its_code() -> None:
    params = {"code": "c", "state": "st", "realmId": REALM}

    assert consent(params, "st") == consent(params, "st", REALM) == Consent("c", REALM)


@pytest.mark.parametrize(
    ("params", "state", "error"),
    [
        ({"code": "c", "state": "other", "realmId": REALM}, "st", WrongUse),
        ({"code": "c", "realmId": REALM}, "st", WrongUse),
        ({"code": "c", "state": "", "realmId": REALM}, "", WrongUse),
        ({"error": "access_denied", "state": "st"}, "st", SignInNeeded),
        ({"state": "st", "realmId": REALM}, "st", WrongUse),
        ({"code": "c", "state": "st", "realmId": "999"}, "st", WrongUse),
        ({"code": "c", "state": "st", "realmId": "../../evil"}, "st", WrongUse),
    ],
)
def test_a_callback_that_is_not_ours_is_refused(params: dict[str, str], state: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        consent(params, state, REALM)


async def test_from_consent_to_a_working_client_and_back() -> None:
    company = EmulatedCompany()
    url = company.oauth.authorize_url("http://localhost:8000/callback", "st4te")
    moved = await company.network.send(Request("GET", url))
    query = {name: values[0] for name, values in parse_qs(urlsplit(moved.header("location")).query).items()}
    found = consent(query, "st4te", REALM)
    company.drawer.store(await company.oauth.exchange(found.code, "http://localhost:8000/callback"))
    assert (await company.client.check_company()).company_name

    await company.oauth.revoke(company.drawer.stored[-1].refresh_token)
    with pytest.raises(SignInNeeded):
        await company.client.check_company()


async def test_a_sign_in_for_another_company_opens_nothing() -> None:
    company = EmulatedCompany()
    company.client._calls._base = company.client._calls._base.replace(REALM, "4620816365000000009")
    with pytest.raises(SignInNeeded):
        await company.client.check_company()


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
