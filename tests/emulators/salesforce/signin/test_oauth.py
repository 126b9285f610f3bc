"""The token endpoint and the life of a session (salesforce reference 1)."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest

from emulators.salesforce.key_pairs import assertion, key_pair
from emulators.salesforce.orgs import FORM, TestOrg, V

TOKEN = "/services/oauth2/token"


def _form(org: TestOrg, **changes: str) -> dict[str, str]:
    info = org.vendor.connection_info()
    base = {"grant_type": "client_credentials", "client_id": info["client_id"], "client_secret": info["client_secret"]}
    return base | changes


def test_a_token_has_the_shape_the_vendor_documents(org: TestOrg) -> None:
    reply = org.form(TOKEN, _form(org))
    body = reply.body
    assert reply.status == 200
    assert list(body) == ["access_token", "signature", "scope", "instance_url", "id", "token_type", "issued_at"]
    assert len(body["access_token"]) == 112
    assert body["access_token"].startswith(org.vendor.connection_info()["org_id"][:15] + "!")
    assert body["issued_at"] == "1767614430000"
    assert body["instance_url"] == org.vendor.base_url
    assert body["id"].split("/")[-2] == org.vendor.connection_info()["org_id"]
    assert body["token_type"] == "Bearer"
    assert "Sforce-Limit-Info" not in reply.headers


@pytest.mark.parametrize(
    ("host", "login"),
    [("", "http://127.0.0.1:0"), ("acme.my.salesforce.com", "http://login.salesforce.com")],
)
def test_the_identity_address_is_one_that_the_caller_can_reach(org: TestOrg, host: str, login: str) -> None:
    body = org.form(TOKEN, _form(org), {"host": host}).body
    assert body["id"].startswith(f"{login}/id/00D")


def test_key_and_secret_may_come_as_basic_credentials(org: TestOrg) -> None:
    info = org.vendor.connection_info()
    pair = base64.b64encode(f"{info['client_id']}:{info['client_secret']}".encode()).decode()
    reply = org.form(TOKEN, {"grant_type": "client_credentials"}, {"authorization": f"Basic {pair}"})
    assert reply.status == 200


@pytest.mark.parametrize(
    ("changes", "switch", "error", "description"),
    [
        ({"client_id": "nobody"}, {}, "invalid_client_id", "client identifier invalid"),
        ({"client_secret": "wrong"}, {}, "invalid_client", "invalid client credentials"),
        ({"grant_type": "password"}, {}, "unsupported_grant_type", "grant type not supported"),
        ({"grant_type": ""}, {}, "unsupported_grant_type", "grant type not supported"),
        ({}, {"run_as_user": False}, "invalid_grant", "no client credentials user enabled"),
        ({}, {"admin_approved": False}, "invalid_grant", "user is not admin approved"),
        ({}, {"client_credentials_enabled": False}, "invalid_grant", "client credentials flow not enabled"),
        ({}, {"user_active": False}, "inactive_user", "user is inactive"),
    ],
)
def test_refusals(org: TestOrg, changes: dict[str, str], switch: dict[str, Any], error: str, description: str) -> None:
    for name, value in switch.items():
        setattr(org.switches, name, value)
    reply = org.form(TOKEN, _form(org, **changes))
    assert (reply.status, reply.body) == (400, {"error": error, "error_description": description})


def test_a_body_that_is_no_form_is_an_unsupported_grant(org: TestOrg) -> None:
    reply = org.raw("POST", TOKEN, b'{"grant_type":"client_credentials"}', {"content-type": "application/json"})
    assert (reply.status, reply.body["error"]) == (400, "unsupported_grant_type")


def test_a_wrong_secret_may_be_a_401(org: TestOrg) -> None:
    org.switches.wrong_secret_status = 401
    assert org.form(TOKEN, _form(org, client_secret="x")).status == 401


EXPIRED = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


@pytest.mark.parametrize(
    ("idle", "status"), [(timedelta(minutes=119), 200), (timedelta(minutes=120), 401), (timedelta(days=3), 401)]
)
def test_a_session_ends_after_two_idle_hours(org: TestOrg, idle: timedelta, status: int) -> None:
    assert org.get("/limits").status == 200
    org.clock.advance(idle)
    reply = org.get("/limits")
    assert reply.status == status
    if status == 401:
        assert reply.body == EXPIRED


def test_use_keeps_a_session_alive(org: TestOrg) -> None:
    for _ in range(5):
        assert org.get("/limits").status == 200
        org.clock.advance(timedelta(minutes=100))
    assert org.get("/limits").status == 200


def test_the_session_time_out_is_a_switch(org: TestOrg) -> None:
    org.switches.session_minutes = 15
    assert org.get("/limits").status == 200
    org.clock.advance(timedelta(minutes=15))
    assert org.get("/limits").body == EXPIRED


def test_killed_sessions_are_refused(org: TestOrg) -> None:
    assert org.get("/limits").status == 200
    assert org.act("kill_sessions", "") == {"killed": 1}
    assert org.get("/limits").body == EXPIRED


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "INVALID_SESSION_ID"),
        ({"authorization": "Bearer nonsense"}, "INVALID_SESSION_ID"),
        ({"authorization": "Digest abc"}, "INVALID_AUTH_HEADER"),
        ({"authorization": "Bearer "}, "INVALID_AUTH_HEADER"),
    ],
)
def test_a_call_needs_a_token(org: TestOrg, headers: dict[str, str], code: str) -> None:
    reply = org.raw("GET", f"{V}/limits", headers=headers)
    assert (reply.status, reply.code) == (401, code)


def test_a_second_login_gives_another_token_unless_switched(org: TestOrg) -> None:
    other = org.form(TOKEN, _form(org)).body["access_token"]
    assert other != org.token
    org.switches.same_token_on_new_login = True
    assert org.form(TOKEN, _form(org)).body["access_token"] in (other, org.token)


def test_revoke(org: TestOrg) -> None:
    token = org.token
    assert org.form("/services/oauth2/revoke", {"token": token}).status == 200
    assert org.get("/limits").status == 401
    again = org.form("/services/oauth2/revoke", {"token": token})
    assert (again.status, again.body["error"]) == (400, "invalid_token")


def test_userinfo_names_org_and_user(org: TestOrg) -> None:
    body = org.send("GET", "/services/oauth2/userinfo").body
    assert body["organization_id"] == org.vendor.connection_info()["org_id"]
    assert body["user_id"].startswith("005")
    assert body["preferred_username"] == "integration@acme.example"


def test_the_identity_address_tells_who_it_is(org: TestOrg) -> None:
    info = org.vendor.connection_info()
    user = org.send("GET", "/services/oauth2/userinfo").body["user_id"]
    reply = org.raw("GET", f"/id/{info['org_id']}/{user}", headers={"authorization": f"Bearer {org.token}"})
    assert (reply.status, reply.body["username"], reply.body["user_id"]) == (200, info["username"], user)
    assert reply.body["urls"]["rest"] == f"{org.vendor.base_url}/services/data/v{{version}}/"
    in_query = org.raw("GET", f"/id/{info['org_id']}/{user}?format=json&oauth_token={org.token}")
    assert in_query.body == reply.body
    assert org.raw("GET", f"/id/{info['org_id']}/{user}?oauth_token=wrong").status == 401
    assert org.raw("GET", f"/services/data/v67.0/limits?oauth_token={org.token}").status == 401
    assert reply.body["utcOffset"] == -8 * 3_600_000


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"token": "gone"}, "invalid_token"),
        ({"token": "x", "token_type_hint": "id_token"}, "unsupported_token_type"),
    ],
)
def test_refused_revocations(org: TestOrg, form: dict[str, str], error: str) -> None:
    reply = org.form("/services/oauth2/revoke", form)
    assert (reply.status, reply.body["error"]) == (400, error)


def test_introspect(org: TestOrg) -> None:
    form = _form(org) | {"token": org.token}
    body = org.form("/services/oauth2/introspect", form).body
    assert (body["active"], body["username"]) == (True, "integration@acme.example")
    assert body["exp"] == 1767614430 + 7200
    dead = org.form("/services/oauth2/introspect", _form(org) | {"token": "gone"})
    assert dead.body == {"active": False}


def test_the_same_seed_gives_the_same_secrets() -> None:
    assert TestOrg(seed=3).token == TestOrg(seed=3).token
    assert TestOrg(seed=3).token != TestOrg(seed=4).token


def test_an_unknown_endpoint_is_not_found(org: TestOrg) -> None:
    assert org.raw("POST", "/services/oauth2/nothing", b"", FORM).status == 404


@pytest.mark.parametrize(
    ("switch", "error"),
    [
        ({"address_allowed": False}, ("invalid_grant", "ip restricted or invalid login hours")),
        ({"app_blocked": True}, ("OAUTH_APP_BLOCKED", "this app is blocked by admin")),
    ],
)
@pytest.mark.parametrize("by", ["secret", "certificate"])
def test_who_is_kept_out_whatever_the_flow(
    org: TestOrg, switch: dict[str, bool], error: tuple[str, str], by: str
) -> None:
    form = _form(org)
    if by == "certificate":
        org.act("register_certificate", "", certificate=key_pair(1)[1])
        now = int(org.clock.now().timestamp())
        claims = {"iss": form["client_id"], "sub": org.vendor.org.integration_user.username}
        signed = assertion({**claims, "aud": "https://login.salesforce.com", "exp": now + 180})
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": signed}
    assert org.form(TOKEN, form).status == 200
    org.act("set_switch", "", **switch)
    reply = org.form(TOKEN, form)
    assert (reply.status, reply.body["error"], reply.body["error_description"]) == (400, *error)


def test_a_staged_secret_counts_beside_the_first(org: TestOrg) -> None:
    def answers(**changes: str) -> int:
        return org.form(TOKEN, _form(org, **changes)).status

    assert answers(client_secret="second") == 400
    org.act("set_switch", "", staged_secret="second")
    assert (answers(), answers(client_secret="second")) == (200, 200)
    org.act("set_switch", "", first_secret_taken=False)
    assert (answers(), answers(client_secret="second")) == (400, 200)
