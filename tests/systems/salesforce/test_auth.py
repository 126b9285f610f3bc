"""Signing in."""

from __future__ import annotations

from urllib.parse import parse_qs

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from emulators.salesforce.key_pairs import key_pair
from ml_connector.model.errors import BadAnswer, ConnectorError, SignInNeeded, Unreachable, WrongUse
from ml_connector.systems.http import Response
from ml_connector.systems.salesforce.auth import ClientCredentials, JwtBearer, audience, checked_host, read_session

from .org import HOST, NOON, ORG, USER, Org, answer, client, fault

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


@pytest.mark.parametrize(("status", "kind"), [(503, Unreachable), (404, WrongUse), (200, BadAnswer)])
async def test_a_page_instead_of_a_session(status: int, kind: type[Exception]) -> None:
    org = Org()
    org.tokens = [Response(status, {}, b"<html>maintenance</html>")]
    with pytest.raises(kind):
        await client(org).session()


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


# --- by certificate


@pytest.mark.parametrize(
    ("host", "aud"),
    [
        ("https://acme.my.salesforce.com", "https://login.salesforce.com"),
        ("https://acme--uat.sandbox.my.salesforce.com", "https://test.salesforce.com"),
        ("http://127.0.0.1:40002", "http://127.0.0.1:40002"),
        ("https://login.salesforce.com.evil.example", "https://login.salesforce.com.evil.example"),
    ],
)
def test_an_assertion_is_meant_for_one_login_host(host: str, aud: str) -> None:
    assert audience(host) == aud


def test_an_assertion_says_who_for_whom_and_for_three_minutes() -> None:
    form = JwtBearer(HOST, "key", "robot@acme.example", key_pair(1)[0]).form(NOON)
    claims = jwt.decode(form["assertion"], options={"verify_signature": False})
    assert claims == {
        "iss": "key", "sub": "robot@acme.example", "aud": "https://login.salesforce.com",
        "exp": int(NOON.timestamp()) + 180,
    }  # fmt: skip
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert "PRIVATE" not in repr(JwtBearer(HOST, "key", "robot", key_pair(1)[0]))
