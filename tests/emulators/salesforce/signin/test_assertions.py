"""Sign-in by JWT bearer: only what the app's certificate signed, for a user who approved, a few minutes long."""

from __future__ import annotations

from typing import Any

import pytest

from emulators.salesforce.key_pairs import assertion, key_pair
from emulators.salesforce.orgs import NOON, TestOrg, V
from ml_emulators.salesforce import ActError

TOKEN = "/services/oauth2/token"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
NOW = int(NOON.timestamp())


@pytest.fixture
def org() -> TestOrg:
    org = TestOrg()
    org.act("register_certificate", "", certificate=key_pair(1)[1])
    return org


def claims(org: TestOrg, **changes: Any) -> dict[str, Any]:
    usual = {
        "iss": org.vendor.connection_info()["client_id"],
        "sub": org.vendor.org.integration_user.username,
        "aud": "https://login.salesforce.com",
        "exp": NOW + 180,
    }
    return usual | changes


def sign_in(org: TestOrg, given: dict[str, Any], **signed: Any) -> Any:
    return org.form(TOKEN, {"grant_type": GRANT, "assertion": assertion(given, **signed)})


def test_an_assertion_gives_a_token_like_client_credentials(org: TestOrg) -> None:
    reply = sign_in(org, claims(org))
    assert reply.status == 200
    assert list(reply.body) == ["access_token", "signature", "scope", "instance_url", "id", "token_type", "issued_at"]
    bearer = {"authorization": f"Bearer {reply.body['access_token']}"}
    assert org.raw("GET", f"{V}/limits", headers=bearer).status == 200


@pytest.mark.parametrize(
    "aud",
    ["https://login.salesforce.com", "https://test.salesforce.com", "https://acme.my.salesforce.com", "own", "host"],
)
def test_the_audience_may_be_a_login_host_or_the_org(org: TestOrg, aud: str) -> None:
    org.vendor.base_url = "http://127.0.0.1:4711"
    named = {"own": "http://127.0.0.1:4711", "host": "https://sf.localhost"}.get(aud, aud)
    form = {"grant_type": GRANT, "assertion": assertion(claims(org, aud=named))}
    assert org.form(TOKEN, form, {"host": "sf.localhost"}).status == 200


def test_digits_in_quotes_are_an_expiry_too(org: TestOrg) -> None:
    assert sign_in(org, claims(org, exp=str(NOW + 180))).status == 200


def test_the_subject_chooses_the_user(org: TestOrg) -> None:
    who = org.vendor.org.sales_user.username
    token = sign_in(org, claims(org, sub=who)).body["access_token"]
    reply = org.raw("GET", "/services/oauth2/userinfo", headers={"authorization": f"Bearer {token}"})
    assert (reply.body["preferred_username"], reply.body["user_id"][:3]) == (who, "005")


@pytest.mark.parametrize(
    ("changes", "error", "description"),
    [
        ({"iss": "nobody"}, "invalid_client_id", "client identifier invalid"),
        ({"sub": "nobody@acme.example"}, "invalid_grant", "user hasn't approved this consumer"),
        ({"sub": ""}, "invalid_grant", "user hasn't approved this consumer"),
        ({"sub": "pat.past@acme.example"}, "inactive_user", "user is inactive"),
        ({"aud": "https://example.com"}, "invalid_grant", "audience is invalid"),
        ({"aud": "https://login.salesforce.com/services"}, "invalid_grant", "audience is invalid"),
        ({"exp": NOW}, "invalid_grant", "expired assertion"),
        ({"exp": NOW + 331}, "invalid_grant", "assertion lifetime is too long"),
        ({"exp": "soon"}, "invalid_grant", "invalid assertion"),
    ],
)
def test_refused_claims(org: TestOrg, changes: dict[str, Any], error: str, description: str) -> None:
    given = claims(org, **changes)
    reply = sign_in(org, given)
    assert (reply.status, reply.body) == (400, {"error": error, "error_description": description})


def test_a_user_who_is_not_approved_beforehand_is_refused(org: TestOrg) -> None:
    org.switches.admin_approved = False
    assert sign_in(org, claims(org)).body["error_description"] == "user hasn't approved this consumer"


@pytest.mark.parametrize("signed", [{"number": 2}, {"algorithm": "HS256"}], ids=["another key", "another algorithm"])
def test_a_signature_of_somebody_else_is_refused(org: TestOrg, signed: dict[str, Any]) -> None:
    reply = sign_in(org, claims(org), **signed)
    assert (reply.status, reply.body["error_description"]) == (400, "invalid assertion")


def test_an_altered_claim_breaks_the_signature(org: TestOrg) -> None:
    head, _, signature = assertion(claims(org)).split(".")
    body = assertion(claims(org, sub=org.vendor.org.sales_user.username)).split(".")[1]
    reply = org.form(TOKEN, {"grant_type": GRANT, "assertion": f"{head}.{body}.{signature}"})
    assert reply.body["error_description"] == "invalid assertion"


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", "....", "é.é.é", "e30.W10.e30"])
def test_no_jwt_at_all(org: TestOrg, text: str) -> None:
    reply = org.form(TOKEN, {"grant_type": GRANT, "assertion": text})
    assert (reply.status, reply.body["error_description"]) == (400, "invalid assertion")


def test_without_a_certificate_nothing_is_signed_well() -> None:
    org = TestOrg()
    assert sign_in(org, claims(org)).body["error_description"] == "invalid assertion"


def test_a_client_with_another_clock_may_be_let_in(org: TestOrg) -> None:
    org.switches.check_assertion_expiry = False
    assert sign_in(org, claims(org, exp=NOW + 999_999)).status == 200


def test_only_a_certificate_can_be_registered(org: TestOrg) -> None:
    with pytest.raises(ActError):
        org.act("register_certificate", "", certificate="-----BEGIN NOTHING-----")


def test_certificates_and_sessions_come_back_with_a_snapshot(org: TestOrg) -> None:
    token = sign_in(org, claims(org)).body["access_token"]
    kept = org.vendor.snapshot()
    org.vendor.reset()
    assert sign_in(org, claims(org)).status == 400
    org.vendor.restore(kept)
    assert org.vendor.token_is_live(token)
    assert sign_in(org, claims(org)).status == 200


def test_client_credentials_are_refused_on_a_login_host(org: TestOrg) -> None:
    info = org.vendor.connection_info()
    form = {"grant_type": "client_credentials", "client_id": info["client_id"], "client_secret": info["client_secret"]}
    reply = org.form(TOKEN, form, {"host": "login.salesforce.com"})
    assert (reply.status, reply.body["error_description"]) == (400, "request not supported on this domain")
