"""Consent, rotation, lifetimes, revocation (reference section 1)."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from ml_emulators.kit.wire import Request, Response, dumps, loads

from ..client import Client, Json

REDIRECT = "http://localhost:8080/callback"
STALE = {"error": "invalid_grant", "error_description": "Incorrect or invalid refresh token"}


def authorize(qbo: Client, **changed: str) -> Response:
    asked = {
        "client_id": qbo.info["client_id"],
        "response_type": "code",
        "scope": "com.intuit.quickbooks.accounting",
        "redirect_uri": REDIRECT,
        "state": "s 1",
        **changed,
    }
    return qbo.server.handle(Request("GET", "/connect/oauth2", urlencode(asked)))


def came_back(answer: Response) -> dict[str, str]:
    assert answer.status == 302
    return {key: value[0] for key, value in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def exchange(qbo: Client, code: str, redirect: str = REDIRECT) -> Response:
    return qbo.token_request({"grant_type": "authorization_code", "code": code, "redirect_uri": redirect})


def refresh(qbo: Client, token: str) -> Response:
    return qbo.token_request({"grant_type": "refresh_token", "refresh_token": token})


def works(qbo: Client) -> bool:
    return qbo.send("GET", "/preferences").status == 200


def test_discovery_names_the_endpoints(qbo: Client) -> None:
    for path in ("openid_configuration", "openid_sandbox_configuration"):
        found = loads(qbo.server.handle(Request("GET", f"/.well-known/{path}")).body)
        assert found["authorization_endpoint"] == qbo.info["authorize_url"] == "http://127.0.0.1:9/connect/oauth2"
        assert found["token_endpoint"] == qbo.info["token_url"]
        assert found["revocation_endpoint"].endswith("/v2/oauth2/tokens/revoke")
        assert {"issuer", "jwks_uri", "userinfo_endpoint"} <= set(found)


def test_consent_gives_a_code_that_works_once(qbo: Client) -> None:
    back = came_back(authorize(qbo))
    assert (back["state"], back["realmId"]) == ("s 1", qbo.info["realm_id"])
    answer = exchange(qbo, back["code"])
    body = loads(answer.body)
    assert answer.status == 200
    assert list(body) == ["token_type", "access_token", "expires_in", "refresh_token", "x_refresh_token_expires_in"]
    assert (body["token_type"], body["expires_in"], body["x_refresh_token_expires_in"]) == ("bearer", 3600, 8640000)
    qbo.token = body["access_token"]
    assert works(qbo)
    second = exchange(qbo, back["code"])
    assert (second.status, loads(second.body)["error"]) == (400, "invalid_grant")
    assert not works(qbo), "a code used twice also kills the tokens that came from it"


@pytest.mark.parametrize(
    ("redirect", "minutes", "status"),
    [(REDIRECT, 10, 200), (REDIRECT, 11, 400), ("http://localhost:8080/other", 0, 400)],
)
def test_a_code_is_bound_to_its_address_and_ten_minutes(qbo: Client, redirect: str, minutes: int, status: int) -> None:
    code = came_back(authorize(qbo))["code"]
    qbo.clock.advance(timedelta(minutes=minutes))
    assert exchange(qbo, code, redirect).status == status


def test_the_user_may_refuse(qbo: Client) -> None:
    qbo.server.switches.deny_consent = True
    assert came_back(authorize(qbo)) == {"error": "access_denied", "state": "s 1"}


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "unknown"},
        {"redirect_uri": "http://evil.example/"},
        {"redirect_uri": REDIRECT + "?next=1"},
        {"redirect_uri": "http://[bad"},
    ],
)
def test_consent_never_sends_a_browser_to_a_wrong_place(qbo: Client, changed: dict[str, str]) -> None:
    assert authorize(qbo, **changed).status == 400


@pytest.mark.parametrize(
    ("form", "secret", "status", "error"),
    [
        ({"grant_type": "refresh_token", "refresh_token": "RT1-none"}, None, 400, "invalid_grant"),
        ({"grant_type": "refresh_token"}, None, 400, "invalid_request"),
        ({}, None, 400, "invalid_request"),
        ({"grant_type": "password"}, None, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "wrong", 401, "invalid_client"),
        ({"grant_type": "authorization_code", "code": "no", "redirect_uri": REDIRECT}, None, 400, "invalid_grant"),
    ],
)
def test_refusals_of_the_token_endpoint(
    qbo: Client, form: dict[str, str], secret: str | None, status: int, error: str
) -> None:
    answer = qbo.token_request(form, {"authorization": qbo.basic(secret)})
    assert (answer.status, loads(answer.body)["error"]) == (status, error)


def test_within_a_day_the_refresh_token_stays_and_then_it_changes(qbo: Client) -> None:
    first = qbo.refresh_token
    qbo.clock.advance(timedelta(hours=23, minutes=59))
    assert qbo.renew()["refresh_token"] == first
    qbo.clock.advance(timedelta(minutes=1))
    assert qbo.renew()["refresh_token"] != first
    assert qbo.server.connection_info()["refresh_token"] == qbo.refresh_token
    assert works(qbo)


def rotate(qbo: Client) -> str:
    """Rotate the refresh token; returns the old one."""
    old: str = qbo.refresh_token
    qbo.clock.advance(timedelta(hours=25))
    qbo.renew()
    assert qbo.refresh_token != old
    return old


def test_an_old_refresh_token_is_dead_and_takes_the_winner_along(qbo: Client) -> None:
    answer = refresh(qbo, rotate(qbo))
    assert (answer.status, loads(answer.body)) == (400, STALE)
    assert not works(qbo)
    assert loads(refresh(qbo, qbo.refresh_token).body) == STALE


def test_switch_the_winner_lives_on(qbo: Client) -> None:
    qbo.server.switches.reuse_revokes_connection = False
    assert refresh(qbo, rotate(qbo)).status == 400
    assert works(qbo)


@pytest.mark.parametrize(("waited", "status"), [(60, 200), (61, 400)])
def test_switch_grace_for_the_old_token(qbo: Client, waited: int, status: int) -> None:
    qbo.server.switches.old_refresh_token_grace = 60
    old = rotate(qbo)
    qbo.clock.advance(timedelta(seconds=waited))
    answer = refresh(qbo, old)
    assert answer.status == status
    assert status == 400 or loads(answer.body)["refresh_token"] == qbo.refresh_token


def test_an_access_token_lives_an_hour(qbo: Client) -> None:
    qbo.clock.advance(timedelta(minutes=59, seconds=59))
    assert works(qbo)
    qbo.clock.advance(timedelta(seconds=1))
    answer = qbo.send("GET", "/preferences")
    assert answer.status == 401
    assert loads(answer.body)["fault"]["error"][0]["detail"] == f"Token expired: {qbo.token}"


def test_an_hundred_idle_days_kill_the_connection(qbo: Client) -> None:
    for _ in range(3):
        qbo.clock.advance(timedelta(days=99))
        assert "access_token" in qbo.renew()
    qbo.clock.advance(timedelta(days=100))
    assert qbo.renew() == STALE


def test_five_years_end_it_in_any_case(qbo: Client) -> None:
    hard = {"x-include-refresh-token-hard-expires-in": "true"}
    seen: list[Json] = []
    for _ in range(40):
        answer = qbo.token_request({"grant_type": "refresh_token", "refresh_token": qbo.refresh_token}, hard)
        if answer.status != 200:
            break
        seen.append(loads(answer.body))
        qbo.refresh_token = seen[-1]["refresh_token"]
        qbo.clock.advance(timedelta(days=60))
    assert len(seen) == 31
    assert seen[0]["x_refresh_token_hard_expires_in"] == 5 * 365 * 86400
    assert seen[-1]["x_refresh_token_expires_in"] == seen[-1]["x_refresh_token_hard_expires_in"] == 25 * 86400
    assert "x_refresh_token_hard_expires_in" not in loads(Client().token_request({}).body)


@pytest.mark.parametrize("which", ["token", "refresh_token"])
def test_revoking_either_token_ends_the_connection(qbo: Client, which: str) -> None:
    def revoke(token: str, secret: str | None = None) -> Response:
        headers = {"authorization": qbo.basic(secret), "content-type": "application/json"}
        return qbo.server.handle(
            Request("POST", "/v2/oauth2/tokens/revoke", headers=headers, body=dumps({"token": token}))
        )

    assert revoke(qbo.token, "wrong").status == 401
    assert revoke("unknown").status == 400
    answer = revoke(getattr(qbo, which))
    assert (answer.status, answer.body) == (200, b"")
    assert not works(qbo)
    assert qbo.renew() == STALE


def test_the_user_disconnects_inside_quickbooks(qbo: Client) -> None:
    assert qbo.server.act({"op": "disconnect"}) == {"disconnected": 1}
    assert not works(qbo)
    assert qbo.renew() == STALE
    qbo.refresh_token = qbo.server.connect()
    qbo.renew()
    assert works(qbo)


def test_a_user_who_left_the_company(qbo: Client) -> None:
    qbo.server.switches.user_lost_access = True
    body = qbo.renew()
    assert (body["error"], body["x_error_reason"]) == ("invalid_grant", "user_not_in_realm")
    answer = qbo.send("GET", "/preferences")
    assert (answer.status, loads(answer.body)["Fault"]["Error"][0]["code"]) == (401, "120")


def test_another_app_cannot_use_the_token(qbo: Client) -> None:
    other = qbo.server.add_app()
    qbo.info |= {"client_id": other.client_id, "client_secret": other.client_secret}
    assert qbo.renew() == STALE


def test_a_token_opens_only_its_own_company(qbo: Client) -> None:
    from ml_emulators.quickbooks import Company

    qbo.server.add_company(Company(realm_id="999"))
    for realm in ("999", "1"):
        qbo.base = f"/v3/company/{realm}"
        answer = qbo.send("GET", "/preferences")
        assert (answer.status, loads(answer.body)["fault"]["error"][0]["code"]) == (403, "3100")


def test_orders_of_the_control_door(qbo: Client) -> None:
    qbo.server.kill_session()
    assert not works(qbo)
    qbo.renew()
    assert works(qbo)
    qbo.server.revoke_token()
    assert qbo.renew() == STALE


def test_switch_a_staged_secret_counts_beside_the_first(qbo: Client) -> None:
    def answers(secret: str) -> int:
        form = {"grant_type": "refresh_token", "refresh_token": qbo.info["refresh_token"]}
        return qbo.token_request(form, {"authorization": qbo.basic(secret)}).status

    first = qbo.info["client_secret"]
    assert (answers(first), answers("second")) == (200, 401)
    qbo.server.switches.staged_secret = "second"
    assert (answers(first), answers("second")) == (200, 200)
    qbo.server.switches.first_secret_taken = False
    assert (answers(first), answers("second")) == (401, 200)
