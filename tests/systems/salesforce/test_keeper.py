"""Keeping a session."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from ml_connector.model.errors import SignInNeeded, Unreachable, WrongUse
from ml_connector.systems.http import Caller, NotSent, Request, Response
from ml_connector.systems.limits import free_throttle
from ml_connector.systems.salesforce.auth import ClientCredentials, Credential
from ml_connector.systems.salesforce.client import Salesforce
from ml_connector.systems.salesforce.keeper import SessionKeeper

from .org import HOST, NOON, ORG, FakeClock, FakeIds, Org, answer, client, fault, rows_for, token_answer

EXPIRED = fault(401, "INVALID_SESSION_ID", "Session expired or invalid")


async def test_another_org_is_refused() -> None:
    with pytest.raises(WrongUse, match="00D000000000002EAA"):
        await client(Org(), org_id="00D000000000002EAA").session()


async def test_the_pinned_version_must_be_spoken() -> None:
    with pytest.raises(WrongUse, match=r"does not speak API version 71\.0 \(its newest is 67\.0\)"):
        await client(Org(), api_version="71.0").session()


async def test_twenty_calls_at_once_sign_in_once() -> None:
    org = Org(rows_for())
    salesforce = client(org)
    await asyncio.gather(*(salesforce.find("Contact", "Email", [f"{n}@example.com"]) for n in range(20)))
    assert sum(r.url.endswith("/token") for r in org.seen) == 1


async def test_an_expired_session_is_renewed_once_for_all_and_the_calls_repeated() -> None:
    def expires(request: object, body: object) -> Response | None:
        return EXPIRED if "00D!one" in str(getattr(request, "headers", "")) else None

    org = Org(expires, rows_for({"Id": "003000000000001AAA", "Email": "a@example.com"}))
    org.tokens = [token_answer("00D!one"), token_answer("00D!two")]
    salesforce = client(org)
    found = await asyncio.gather(*(salesforce.find("Contact", "Email", ["a@example.com"]) for _ in range(8)))
    assert all(len(answers["a@example.com"]) == 1 for answers in found)
    assert sum(r.url.endswith("/token") for r in org.seen) == 2


async def test_a_session_that_is_refused_at_once_needs_a_person() -> None:
    org = Org(lambda request, body: EXPIRED)
    with pytest.raises(SignInNeeded, match="just given out"):
        await client(org).find("Contact", "Email", ["a@example.com"])
    assert sum(r.url.endswith("/token") for r in org.seen) == 2


async def test_after_a_failed_sign_in_the_next_call_tries_again() -> None:
    org = Org()
    org.tokens = [*[NotSent("No connection.", "Later.")] * 4, token_answer()]
    salesforce = client(org)
    with pytest.raises(Unreachable):
        await salesforce.session()
    assert (await salesforce.session()).org_id == ORG


def sign_ins(org: Org) -> int:
    return sum(request.url.endswith("/token") for request in org.seen)


async def test_a_session_is_renewed_before_it_can_end() -> None:
    org, clock = Org(), FakeClock()
    org.tokens = [token_answer("00D!one"), token_answer("00D!two")]
    salesforce = client(org, clock)
    assert await salesforce.keep_signed_in() == NOON + timedelta(minutes=90)
    clock.at = NOON + timedelta(minutes=89, seconds=59)
    assert (await salesforce.session()).token == "00D!one"
    clock.at = NOON + timedelta(minutes=90)
    assert (await salesforce.session()).token == "00D!two"
    assert await salesforce.keep_signed_in() == NOON + timedelta(minutes=180)


async def test_a_renewal_that_fails_ahead_of_time_is_nobodys_trouble_yet() -> None:
    org, clock = Org(), FakeClock()
    salesforce = client(org, clock)
    await salesforce.session()
    clock.at = NOON + timedelta(minutes=90)
    org.tokens = [Response(501, {}, b"<html>")]
    assert [(await salesforce.session()).token for _ in range(5)] == ["00D!one"] * 5
    assert sign_ins(org) == 2, "asked again once a minute"
    clock.at += timedelta(minutes=1)
    org.tokens = [token_answer("00D!two")]
    assert (await salesforce.session()).token == "00D!two"


async def test_a_clock_that_was_ahead_keeps_no_session_until_then() -> None:
    org, clock = Org(), FakeClock()
    org.tokens = [token_answer("00D!one"), token_answer("00D!two")]
    clock.at = NOON + timedelta(days=20)
    salesforce = client(org, clock)
    await salesforce.session()
    clock.at = NOON
    assert (await salesforce.session()).token == "00D!two"


async def test_a_second_refusal_of_a_session_that_another_call_made_leads_to_a_new_one() -> None:
    """All sessions were ended twice: neither is a verdict about the app."""
    org, clock = Org(), FakeClock()
    org.tokens = [token_answer("00D!one"), token_answer("00D!two"), token_answer("00D!three")]
    caller = Caller(org, clock, FakeIds(), free_throttle(clock), "salesforce")
    sessions = SessionKeeper(caller, ClientCredentials(HOST, "key", "very secret"), clock)
    salesforce = Salesforce(caller=caller, sessions=sessions, clock=clock)
    first = await sessions.session()
    second = await sessions.renew(first)
    sessions._session = first

    def ended(request: Request, body: object) -> Response | None:
        if "00D!one" in request.headers["Authorization"]:
            sessions._session = second  # which another call has got while this one was under way
            return EXPIRED
        return EXPIRED if "00D!two" in request.headers["Authorization"] else None

    org.rules = [ended, rows_for()]
    assert await salesforce.find("Contact", "Email", ["a@example.com"]) == {"a@example.com": []}
    assert (await sessions.session()).token == "00D!three"


class Two:
    """An app whose secret is renewed."""

    host = HOST

    def __init__(self) -> None:
        self.took: list[Credential] = []

    def options(self) -> Sequence[Credential]:
        return [ClientCredentials(HOST, "key", secret) for secret in ("new", "old")]

    def proved(self, credential: Credential) -> None:
        self.took.append(credential)


@pytest.mark.parametrize("refusal", [("invalid_client", ""), ("invalid_grant", "invalid assertion")])
@pytest.mark.parametrize("taken", ["new", "old", ""])
async def test_while_a_secret_is_renewed_either_lets_us_in(taken: str, refusal: tuple[str, str]) -> None:
    org, clock, two = Org(), FakeClock(), Two()

    def signs_in(request: Request) -> Response:
        good = taken and f"client_secret={taken}".encode() in request.body
        return token_answer() if good else answer({"error": refusal[0], "error_description": refusal[1]}, 400)

    plain = org._answer
    org._answer = lambda request: signs_in(request) if request.url.endswith("/token") else plain(request)  # type: ignore[method-assign]
    keeper = SessionKeeper(Caller(org, clock, FakeIds(), free_throttle(clock), "salesforce"), two, clock)
    if taken:
        await keeper.session()
        assert two.took == [ClientCredentials(HOST, "key", taken)]
    else:
        with pytest.raises(SignInNeeded):
            await keeper.session()
        assert two.took == []


async def test_another_refusal_is_not_about_the_secret() -> None:
    org, clock, two = Org(), FakeClock(), Two()
    org.tokens = [answer({"error": "inactive_user", "error_description": ""}, 400)]
    keeper = SessionKeeper(Caller(org, clock, FakeIds(), free_throttle(clock), "salesforce"), two, clock)
    with pytest.raises(SignInNeeded, match="inactive or frozen"):
        await keeper.session()
    assert sign_ins(org) == 1
