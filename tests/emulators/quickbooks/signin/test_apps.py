"""Several apps on several companies of one server, the consent page, and who the user is (reference 1)."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest

from ml_emulators.kit.control_bodies import WebhookOrder
from ml_emulators.kit.wire import Request, Response, loads
from ml_emulators.quickbooks import Fault

from ..client import Client, Json
from ..endpoint import TARGET, Endpoint, customer

REDIRECT = "http://localhost:8080/callback"
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
OTHER = "4620816365000000002"


def question(qbo: Client, **changed: str) -> dict[str, str]:
    asked = {"client_id": qbo.info["client_id"], "response_type": "code", "redirect_uri": REDIRECT, "state": "s&1"}
    return {**asked, "scope": "com.intuit.quickbooks.accounting", **changed}


def ask(qbo: Client, headers: dict[str, str], **changed: str) -> Response:
    return qbo.server.handle(Request("GET", "/connect/oauth2", urlencode(question(qbo, **changed)), headers))


def click(qbo: Client, page: Response, button: str, **chosen: str) -> dict[str, str]:
    """Press a button of the page; what the app is told."""
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.body.decode())
    form = {**{name: unescape(value) for name, value in hidden}, **chosen, "decision": button}
    answer = qbo.server.handle(Request("POST", "/connect/oauth2", body=urlencode(form).encode()))
    assert answer.status == 302
    return {key: value[0] for key, value in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def open_other(qbo: Client, **more: Any) -> str:
    opened: str = qbo.server.act({"op": "open_company", "body": {"name": "Second & Co", **more}})["realm_id"]
    return opened


def token_of(qbo: Client, connection: Json, app: Json | None = None) -> str:
    """An access token for a connection that the control door made."""
    qbo.info |= {name: app[name] for name in ("client_id", "client_secret")} if app else {}
    answer = qbo.token_request({"grant_type": "refresh_token", "refresh_token": connection["refresh_token"]})
    token: str = loads(answer.body)["access_token"]
    return token


def status(qbo: Client, token: str, realm: str) -> int:
    qbo.token, qbo.base = token, f"/v3/company/{realm}"
    return qbo.send("GET", "/preferences").status


# The consent page


def test_a_browser_gets_a_page_and_a_script_is_sent_back(qbo: Client) -> None:
    assert ask(qbo, {"accept": "*/*"}).status == 302
    page = ask(qbo, BROWSER)
    assert (page.status, page.headers["X-Frame-Options"]) == (200, "DENY")
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


def test_connect_on_the_page(qbo: Client) -> None:
    back = click(qbo, ask(qbo, BROWSER), "connect")
    assert (back["state"], back["realmId"]) == ("s&1", qbo.info["realm_id"])
    form = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": REDIRECT}
    assert qbo.token_request(form).status == 200


def test_deny_on_the_page(qbo: Client) -> None:
    assert click(qbo, ask(qbo, BROWSER), "deny") == {"error": "access_denied", "state": "s&1"}


def test_the_company_is_chosen_on_the_page(qbo: Client) -> None:
    realm = open_other(qbo)
    page = ask(qbo, BROWSER)
    assert f'<option value="{realm}">Second &amp; Co ({realm})</option>' in page.body.decode()
    assert click(qbo, page, "connect", realm_id=realm)["realmId"] == realm


@pytest.mark.parametrize(
    ("switch", "headers", "expected"),
    [("always", {}, 200), ("never", BROWSER, 302), ("browsers", {}, 302), ("browsers", {"accept": "text/html"}, 302)],
)
def test_switch_who_gets_the_page(qbo: Client, switch: Any, headers: dict[str, str], expected: int) -> None:
    qbo.server.switches.consent_page = switch
    assert ask(qbo, headers).status == expected


def test_switch_the_company_without_a_page(qbo: Client) -> None:
    qbo.server.switches.consent_realm = open_other(qbo)
    assert f"realmId={OTHER}" in ask(qbo, {}).headers["Location"]


def test_what_was_asked_is_written_as_text(qbo: Client) -> None:
    page = ask(qbo, BROWSER, state='"><script>').body.decode()
    assert "<script>" not in page
    assert "&quot;&gt;&lt;script&gt;" in page


# Apps and companies


def test_each_app_has_its_own_connection_to_each_company(qbo: Client) -> None:
    realm, first = open_other(qbo), qbo.info["realm_id"]
    app = qbo.server.act({"op": "register_app", "body": {"name": "Books"}})
    mine = token_of(qbo, qbo.server.act({"op": "connect", "body": {"realm_id": realm}}))
    theirs = token_of(qbo, qbo.server.act({"op": "connect", "body": {"client_id": app["client_id"]}}), app)
    assert [status(qbo, mine, realm), status(qbo, mine, first)] == [200, 403]
    assert [status(qbo, theirs, first), status(qbo, theirs, realm)] == [200, 403]


def test_the_user_disconnects_one_app_of_two(qbo: Client) -> None:
    app, first = qbo.server.act({"op": "register_app", "body": {}}), qbo.info["realm_id"]
    own, body = qbo.token, {"client_id": app["client_id"]}
    theirs = token_of(qbo, qbo.server.act({"op": "connect", "body": body}), app)
    assert qbo.server.act({"op": "disconnect", "body": body}) == {"disconnected": 1}
    assert [status(qbo, own, first), status(qbo, theirs, first)] == [200, 401]


def test_records_of_one_company_are_not_in_the_other(qbo: Client) -> None:
    realm = open_other(qbo)
    customer(qbo, "Only here")
    token = token_of(qbo, qbo.server.act({"op": "connect", "body": {"realm_id": realm}}))
    assert status(qbo, token, realm) == 200
    assert qbo.query("select count(*) from Customer") == {"totalCount": 0}
    assert customer(qbo, "Only here")["Id"] == "1"


def test_redirect_uris_of_an_app_match_exactly(qbo: Client) -> None:
    app = qbo.server.act({"op": "register_app", "body": {"redirect_uris": ["https://app.example.com/back"]}})
    good = {"client_id": app["client_id"], "redirect_uri": "https://app.example.com/back"}
    assert ask(qbo, {}, **good).status == 302
    for uri in (REDIRECT, "https://app.example.com/back/", "https://app.example.com/back?x=1"):
        assert ask(qbo, {}, **{**good, "redirect_uri": uri}).status == 400


@pytest.mark.parametrize(
    "body",
    [
        {"op": "register_app", "body": {"redirect_uris": ["http://app.example.com/back"]}},
        {"op": "register_app", "body": {"redirect_uris": ["https://192.0.2.1/back"]}},
        {"op": "register_app", "body": {"redirect_uris": ["https://app.example.com/back?x=1"]}},
        {"op": "register_app", "body": {"redirect_uris": ["https://[bad"]}},
        {"op": "open_company", "body": {"realm_id": "4620816365000000001"}},
        {"op": "open_company", "body": {"country": 1}},
        {"op": "open_company", "body": {"colour": "red"}},
        {"op": "connect", "body": {"realm_id": "1"}},
        {"op": "connect", "body": {"client_id": "none"}},
        {"op": "set_webhook", "body": {"target": "http://app.example.com/"}},
        {"op": "set_webhook", "body": {"target": TARGET, "format": "xml"}},
    ],
)
def test_orders_that_are_refused(qbo: Client, body: Json) -> None:
    with pytest.raises(Fault):
        qbo.server.act(body)


def test_each_app_has_its_own_endpoint_and_verifier_token(qbo: Client, endpoint: Endpoint) -> None:
    app = qbo.server.act({"op": "register_app", "body": {}})
    theirs = "http://127.0.0.1:9/theirs"
    qbo.server.act({"op": "set_webhook", "body": {"client_id": app["client_id"], "target": theirs, "format": "legacy"}})
    customer(qbo)
    assert [post.target for post in endpoint.take()] == [TARGET], "the second app is not connected"
    qbo.server.act({"op": "connect", "body": {"client_id": app["client_id"]}})
    customer(qbo, "Moss")
    first, second = endpoint.take()
    assert (first.target, second.target) == (TARGET, theirs)
    assert loads(second.body)["eventNotifications"][0]["dataChangeEvent"]["entities"][0]["id"] == "2"
    assert first.headers["intuit-signature"] != second.headers["intuit-signature"]


def test_apps_and_companies_come_back_with_a_snapshot(qbo: Client) -> None:
    app = qbo.server.act({"op": "register_app", "body": {}})
    realm = open_other(qbo)
    before = qbo.server.snapshot()
    token = token_of(qbo, qbo.server.act({"op": "connect", "body": {"client_id": app["client_id"]}}), app)
    qbo.server.restore(before)
    assert status(qbo, token, realm) == 401
    connection = qbo.server.act({"op": "connect", "body": {"client_id": app["client_id"], "realm_id": realm}})
    assert status(qbo, token_of(qbo, connection), realm) == 200


def test_without_a_target_nothing_is_kept_for_an_app(qbo: Client) -> None:
    qbo.server.webhooks.point(WebhookOrder(None))
    customer(qbo)
    assert qbo.server.webhooks.view().waiting == 0


# OpenID


def signed_in(qbo: Client, scope: str) -> Json:
    back = click(qbo, ask(qbo, BROWSER, scope=scope), "connect")
    form = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": REDIRECT}
    body: Json = loads(qbo.token_request(form).body)
    return {**back, **body}


def call(qbo: Client, path: str, token: str) -> Response:
    return qbo.server.handle(Request("GET", path, headers={"authorization": f"Bearer {token}"}))


def test_an_id_token_that_the_published_key_proves(qbo: Client) -> None:
    told = signed_in(qbo, "openid com.intuit.quickbooks.accounting")
    key = jwt.PyJWKSet.from_dict(loads(call(qbo, "/op/v1/jwks", "").body)).keys[0].key
    options: Any = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(told["id_token"], key, ["RS256"], options, audience=qbo.info["client_id"])
    assert claims["iss"] == loads(call(qbo, "/.well-known/openid_configuration", "").body)["issuer"]
    assert (claims["realmid"], claims["exp"] - claims["iat"]) == (qbo.info["realm_id"], 3600)
    assert "id_token" not in signed_in(qbo, "com.intuit.quickbooks.accounting")


def test_the_user_is_told_as_far_as_the_scopes_go(qbo: Client) -> None:
    token = signed_in(qbo, "openid email profile")["access_token"]
    found = loads(call(qbo, "/v1/openid_connect/userinfo", token).body)
    assert set(found) == {"sub", "email", "emailVerified", "givenName", "familyName"}
    assert call(qbo, "/v1/openid_connect/userinfo", "x").status == 401
    assert call(qbo, "/v1/openid_connect/userinfo", qbo.token).status == 403


def test_a_sign_in_without_company_data_opens_no_company(qbo: Client) -> None:
    told = signed_in(qbo, "openid email")
    assert "realmId" not in told
    assert status(qbo, told["access_token"], qbo.info["realm_id"]) == 403


def test_keys_in_the_form_instead_of_the_header(qbo: Client) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": qbo.refresh_token}
    keys = {name: qbo.info[name] for name in ("client_id", "client_secret")}
    for sent, expected in ((keys, 200), ({**keys, "client_secret": "x"}, 401), ({}, 401)):
        body = urlencode({**form, **sent}).encode()
        assert qbo.server.handle(Request("POST", "/oauth2/v1/tokens/bearer", body=body)).status == expected


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/oauth2/v1/tokens/bearer"), ("POST", "/.well-known/openid_configuration")]
)
def test_wrong_methods(qbo: Client, method: str, path: str) -> None:
    answer = qbo.server.handle(Request(method, path))
    assert (answer.status, answer.headers["Allow"]) == (405, "POST" if method == "GET" else "GET")


def test_the_control_door_reaches_every_company() -> None:
    from ml_emulators.kit import control_calls as calls
    from ml_emulators.kit.control_bodies import Operation
    from ml_emulators.scenarios import Library, new_emulation

    emulation = new_emulation()
    opened = Operation("quickbooks", "open_company", body={"name": "Second"}, save_as="second")
    made = Operation("quickbooks", "create", "Customer", {"DisplayName": "There"}, realm="${second.realm_id}")
    report = emulation.run([opened, made])
    assert report.ok, report.failed
    context = calls.ControlContext(emulation, Library())
    where = {"system": "quickbooks", "kind": "Customer"}
    counts = [calls.state(context, {**where, **more}, None)["count"] for more in ({}, {"realm": OTHER})]
    assert counts == [0, 1]
    with pytest.raises(calls.DoorError):
        calls.state(context, {**where, "realm": "1"}, None)
