"""Signing in."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from structlog.testing import capture_logs

from ml_connector.model.errors import BadAnswer, SignInNeeded, Unreachable, WrongUse
from ml_connector.systems.http import Request, Response
from ml_connector.systems.quickbooks.auth import AppKeys, Consent, consent
from support.network import START

from .company import REALM, EmulatedCompany, ok
from .tokens import DAY, Service, refusal


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
