"""Signing in."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from ml_connector.model.errors import BadAnswer, ConnectorError, SignInNeeded, Unreachable, WrongUse
from ml_connector.systems.http import NotSent, Response
from ml_connector.systems.salesforce.auth import ClientCredentials, checked_host, read_session, refusal

from .org import HOST, ORG, USER, Org, answer, client, fault, rows_for, token_answer

EXPIRED = fault(401, "INVALID_SESSION_ID", "Session expired or invalid")


@pytest.mark.parametrize(
    ("pasted", "host"),
    [
        ("https://acme.my.salesforce.com", "https://acme.my.salesforce.com"),
        (" https://Acme.my.salesforce.com/lightning/page/home ", "https://acme.my.salesforce.com"),
        ("acme--uat.sandbox.my.salesforce.com", "https://acme--uat.sandbox.my.salesforce.com"),
        ("http://127.0.0.1:40002", "http://127.0.0.1:40002"),
        ("http://[::1]:40002/", "http://[::1]:40002"),
    ],
)
def test_addresses_are_taken_as_they_are_pasted(pasted: str, host: str) -> None:
    assert checked_host(pasted) == host


@pytest.mark.parametrize(
    ("pasted", "remedy"),
    [
        ("https://acme.lightning.force.com/one", "https://acme.my.salesforce.com"),
        ("https://acme.my.salesforce-setup.com", "https://acme.my.salesforce.com"),
        ("https://login.salesforce.com", "My Domain"),
        ("test.salesforce.com", "My Domain"),
        ("http://acme.my.salesforce.com", "My Domain"),
        ("https://user:word@acme.my.salesforce.com", "My Domain"),
        ("https://acme.my.salesforce.com:99999", "My Domain"),
        ("", "My Domain"),
        ("https://", "My Domain"),
        ("https://a b", "My Domain"),
        ("https://[::1", "My Domain"),
    ],
)
def test_addresses_without_an_api_come_with_a_remedy(pasted: str, remedy: str) -> None:
    with pytest.raises(WrongUse) as caught:
        checked_host(pasted)
    assert remedy in caught.value.remedy


async def test_the_secret_goes_in_a_form_to_the_my_domain_host() -> None:
    org = Org()
    session = await client(org).session()
    (request,) = [r for r in org.seen if r.method == "POST"]
    assert request.url == f"{HOST}/services/oauth2/token"
    assert parse_qs(request.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["key"],
        "client_secret": ["very secret"],
    }
    assert (session.org_id, session.user_id, session.instance_url) == (ORG, USER, HOST)


@pytest.mark.parametrize(
    ("error", "description", "kind", "words"),
    [
        ("invalid_client_id", "client identifier invalid", SignInNeeded, "consumer key"),
        ("invalid_client", "invalid client credentials", SignInNeeded, "secret"),
        ("invalid_grant", "no client credentials user enabled", SignInNeeded, "Run As"),
        ("invalid_grant", "user is not admin approved", SignInNeeded, "not approved"),
        ("invalid_grant", "Client credentials flow not enabled", SignInNeeded, "both places"),
        ("invalid_grant", "request not supported on this domain", WrongUse, "My Domain"),
        ("invalid_grant", "something new", SignInNeeded, "invalid_grant"),
        ("unsupported_grant_type", "grant type not supported", WrongUse, "My Domain"),
        ("inactive_user", "", SignInNeeded, "inactive"),
        ("inactive_org", "", SignInNeeded, "inactive"),
        ("<script>", "", SignInNeeded, "unknown reason"),
    ],
)
async def test_refusals_say_what_to_do(error: str, description: str, kind: type[Exception], words: str) -> None:
    org = Org()
    org.tokens = [answer({"error": error, "error_description": description}, 400)]
    with pytest.raises(kind, match=words):
        await client(org).session()


@pytest.mark.parametrize(("status", "kind"), [(503, Unreachable), (404, WrongUse), (200, BadAnswer)])
async def test_a_page_instead_of_a_session(status: int, kind: type[Exception]) -> None:
    org = Org()
    org.tokens = [Response(status, {}, b"<html>maintenance</html>")]
    with pytest.raises(kind):
        await client(org).session()


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


async def test_no_secret_is_shown_or_logged() -> None:
    org = Org(lambda request, body: EXPIRED)
    salesforce = client(org)
    with capture_logs() as logs, pytest.raises(SignInNeeded) as caught:
        await salesforce.read("Opportunity", ["006000000000001AAA"])
    shown = repr(await salesforce.session()) + repr(ClientCredentials(HOST, "key", "very secret")) + str(caught.value)
    assert "00D!one" not in shown + repr(logs)
    assert "secret" not in shown + repr(logs)


@given(st.binary(max_size=300), st.sampled_from([200, 400, 401, 403, 500]))
def test_no_answer_of_the_token_endpoint_breaks_the_client(body: bytes, status: int) -> None:
    with pytest.raises(ConnectorError):
        read_session(Response(status, {}, body), HOST)


@pytest.mark.parametrize(
    "change",
    [
        {"access_token": ""},
        {"access_token": "a\r\nX-Evil: 1"},
        {"access_token": None},
        {"instance_url": "http://evil.example.com"},
        {"instance_url": "https://evil.example.com"},
        {"instance_url": "https://acme.my.salesforce.com.evil.example"},
        {"instance_url": "https://evilsalesforce.com"},
        {"instance_url": "https://salesforce.com.evil"},
        {"instance_url": "https://acme.my.salesforce.com:8443"},
        {"instance_url": "https://evil.example\\.salesforce.com"},
        {"instance_url": "ftp://acme.my.salesforce.com"},
        {"instance_url": 3},
        {"id": "https://login.salesforce.com/id"},
        {"id": None},
    ],
)
def test_a_session_that_cannot_be_used_is_a_bad_answer(change: dict[str, object]) -> None:
    good = {"access_token": "t", "instance_url": HOST, "id": f"https://login.salesforce.com/id/{ORG}/{USER}"}
    assert read_session(answer(good), HOST).token == "t"
    with pytest.raises(BadAnswer):
        read_session(answer({**good, **change}), HOST)


def test_refusals_quote_no_description() -> None:
    assert "hidden" not in str(refusal(400, {"error": "odd_reason", "error_description": "hidden"}))
