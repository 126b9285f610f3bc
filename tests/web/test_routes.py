"""Every route: what is public is named, all else needs a session; who may post, and where a sign-in ends."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Iterator
from contextlib import suppress
from http.cookiejar import Cookie
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec
import pytest
import requests
from litestar.routes import HTTPRoute

from ml_connector.web.guard import PUBLIC
from ml_connector.web.routes import ROUTES

from .conftest import Pages

OPEN = {
    ("POST", "/hooks/quickbooks"), ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/login"), ("POST", "/login"),
    ("GET", "/enter"), ("GET", "/style.css"),
}  # fmt: skip
"""What the world may reach. Whoever adds a route that belongs here, adds it here."""


def _all() -> Iterator[tuple[str, str]]:
    from litestar import Litestar

    for route in Litestar(ROUTES, openapi_config=None).routes:
        assert isinstance(route, HTTPRoute)
        for method in route.methods - {"OPTIONS", "HEAD"}:
            yield method, route.path


ALL = sorted(_all())


@pytest.mark.parametrize(("method", "path"), [pair for pair in ALL if pair not in OPEN])
def test_a_route_that_is_not_public_needs_a_session(pages: Pages, method: str, path: str) -> None:
    refused = pages.visitor().request(method, pages.url + path, timeout=30, allow_redirects=False)
    assert refused.status_code == 401
    looked = {"accept": "text/html"}
    sent = pages.visitor().request(method, pages.url + path, headers=looked, timeout=30, allow_redirects=False)
    assert sent.status_code == (303 if method == "GET" else 401)
    if method == "GET":
        assert sent.headers["location"] == f"/login?next={path}"


def test_what_is_public_is_what_the_table_says() -> None:
    assert {(method, path) for path, methods in PUBLIC.items() for method in methods if method != "HEAD"} == OPEN
    assert set(ALL) >= OPEN


@pytest.mark.parametrize(("method", "path"), [pair for pair in ALL if pair[0] == "POST" and pair not in OPEN])
def test_a_form_counts_only_from_a_page_of_this_session(pages: Pages, method: str, path: str) -> None:
    ana = pages.visitor("ana")
    refused = ana.request(method, pages.url + path, data={"csrf": "other"}, timeout=30, allow_redirects=False)
    assert refused.status_code == 403
    assert "older page" in refused.text
    for headers in ({"origin": "https://elsewhere.example"}, {"sec-fetch-site": "cross-site"}):
        form = {"csrf": pages.csrf(ana)}
        foreign = ana.request(method, pages.url + path, data=form, headers=headers, timeout=30, allow_redirects=False)
        assert (foreign.status_code, foreign.text) == (403, "This form was sent by a page of another host.\n")


@pytest.mark.parametrize("path", ["/", "/healthz", "/nothing", "/login", "/metrics", "/hooks/quickbooks"])
def test_every_answer_has_strict_headers(pages: Pages, path: str) -> None:
    headers = pages.visitor().get(pages.url + path, timeout=30, allow_redirects=False).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers
    assert "strict-transport-security" not in headers, "this is plain http, on this machine"


@pytest.mark.parametrize("host", ["elsewhere.example", "", "127.0.0.1.elsewhere.example", "[::1", "169.254.1.1"])
@pytest.mark.parametrize("path", ["/healthz", "/hooks/quickbooks", "/"])
def test_a_host_that_is_not_ours_is_not_answered(pages: Pages, host: str, path: str) -> None:
    """A page elsewhere whose name leads to this machine (DNS rebinding) gets nothing."""
    answer = pages.visitor().get(pages.url + path, headers={"host": host}, timeout=30, allow_redirects=False)
    assert answer.status_code in (400, 421)


def test_by_password_or_token_a_person_comes_in_and_leaves_again(pages: Pages) -> None:
    ana = pages.visitor("ana")
    assert "Overview" in ana.get(pages.url, timeout=30).text
    (cookie,) = [*cast("Iterable[Cookie]", ana.cookies)]
    assert (cookie.name, cookie.has_nonstandard_attr("HttpOnly"), cookie.secure) == ("mlc-session", True, False)
    ana.post(f"{pages.url}/logout", {"csrf": pages.csrf(ana)}, timeout=30)
    stolen = {"cookie": f"mlc-session={cookie.value}"}
    assert requests.get(pages.url, headers=stolen, timeout=30).status_code == 401, "it has ended on our side, too"


def test_behind_a_proxy_with_https_the_cookie_is_bound_to_the_host(pages: Pages) -> None:
    there = {"x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9"}
    form = {"name": "ana", "secret": pages.tokens["ana"]}
    answer = pages.visitor().post(f"{pages.url}/login", form, headers=there, timeout=30, allow_redirects=False)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-mlc-session=")
    assert all(word in cookie for word in ("Secure", "HttpOnly", "Path=/", "SameSite=lax"))
    assert "Domain" not in cookie
    assert "max-age" in answer.headers["strict-transport-security"]


def test_who_does_not_prove_it_does_not_come_in(pages: Pages) -> None:
    there = {"x-forwarded-for": "203.0.113.77"}
    for number in range(12):
        form = {"name": "ana", "secret": f"ana:{number:064x}"}
        answer = pages.visitor().post(f"{pages.url}/login", form, headers=there, timeout=30)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
    assert "Too many tries" in answer.text
    pages.visitor("ana")  # from another address


@pytest.mark.parametrize("there", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example", "x"])
def test_a_sign_in_leads_to_a_page_of_ours_only(pages: Pages, there: str) -> None:
    form = {"name": "ana", "secret": pages.tokens["ana"], "next": there}
    answer = pages.visitor().post(f"{pages.url}/login", form, timeout=30, allow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_figures_are_for_whoever_has_a_token(pages: Pages) -> None:
    with_token = {"authorization": f"Bearer {pages.tokens['ben']}"}
    text = requests.get(f"{pages.url}/metrics", headers=with_token, timeout=30).text
    for name in ("mlc_lag_seconds", "mlc_holds", "mlc_open_writes", "mlc_hooks_total", "mlc_sign_in_ends_seconds"):
        assert name in text
    for secret in (pages.vendors.line["quickbooks"]["client_secret"], *pages.tokens.values()):
        assert secret not in text
    other = {"authorization": f"Bearer ben:{0:064x}"}
    assert requests.get(f"{pages.url}/metrics", headers=other, timeout=30).status_code == 401
    assert requests.get(pages.url, headers=with_token, timeout=30).status_code == 401, "a machine sees no page"


def test_the_link_of_a_rehearsal_serves_once(rehearsal: Pages) -> None:
    first = rehearsal.visitor()
    assert first.get(f"{rehearsal.url}/enter?key=other", timeout=30).status_code == 403
    assert "REHEARSAL" in first.get(rehearsal.door.one_time_link, timeout=30).text
    assert rehearsal.visitor().get(rehearsal.door.one_time_link, timeout=30).status_code == 403


def test_where_people_are_known_there_is_no_such_link(pages: Pages) -> None:
    assert pages.door.one_time_link == ""
    assert pages.visitor().get(f"{pages.url}/enter?key=", timeout=30).status_code == 403


# --- webhooks on a socket


def _delivery(pages: Pages, *ids: str, realm: str = "") -> tuple[bytes, dict[str, str]]:
    line = pages.vendors.line["quickbooks"]
    body = msgspec.json.encode(
        [
            {"type": "qbo.invoice.updated.v1", "intuitentityid": key, "intuitaccountid": realm or line["realm_id"]}
            for key in ids
        ]
    )
    token = line["webhook_verifier_token"].encode()
    return body, {"intuit-signature": base64.b64encode(hmac.new(token, body, hashlib.sha256).digest()).decode()}


def _post(pages: Pages, body: Any, headers: dict[str, str]) -> int:
    return requests.post(f"{pages.url}/hooks/quickbooks", data=body, headers=headers, timeout=30).status_code


@pytest.mark.parametrize("kind", ["application/json", "application/cloudevents+json", "text/plain", ""])
def test_a_delivery_is_taken_whatever_its_content_is_called(pages: Pages, kind: str) -> None:
    body, headers = _delivery(pages, "1")
    before = len(pages.arrived)
    assert _post(pages, body, headers | ({"content-type": kind} if kind else {})) == 200
    assert len(pages.arrived) == before + 1


def test_who_sends_too_much_that_is_not_signed_is_not_heard_for_a_while(pages: Pages) -> None:
    body, headers = _delivery(pages, "1")
    here = {"x-forwarded-for": "198.51.100.7"}
    answers = [_post(pages, b"[]", here) for _ in range(70)]
    assert set(answers) == {403, 429}
    assert answers[0] == 403
    assert _post(pages, body, headers | here) == 429
    assert _post(pages, body, headers | {"x-forwarded-for": "198.51.100.8"}) == 200


def test_a_body_that_never_ends_is_not_read_to_its_end(pages: Pages) -> None:
    def much() -> Iterator[bytes]:
        for _ in range(64):
            yield b" " * 65536

    with suppress(requests.ConnectionError):  # it was closed while we were still sending
        assert _post(pages, much(), {"x-forwarded-for": "198.51.100.9"}) == 413
    assert requests.get(f"{pages.url}/healthz", timeout=30).text == "ok"


# --- connecting anew


def _consent(pages: Pages, browser: requests.Session) -> str:
    """The address that the vendor's page leads back to."""
    begun = browser.post(
        f"{pages.url}/connect/quickbooks", {"csrf": pages.csrf(browser)}, timeout=30, allow_redirects=False
    )
    assert begun.status_code == 303, begun.text
    given = requests.get(begun.headers["location"], timeout=30, allow_redirects=False)
    back: str = given.headers["location"]
    assert urlsplit(back).path == "/connect/quickbooks/callback"
    return back


def test_the_company_is_shown_before_its_code_is_spent(pages: Pages) -> None:
    ana = pages.visitor("ana")
    realm = pages.vendors.line["quickbooks"]["realm_id"]
    origin = "://".join(urlsplit(pages.vendors.line["quickbooks"]["authorize_url"])[:2])
    assert (
        f"form-action 'self' {origin};"
        in ana.get(f"{pages.url}/connect", timeout=30).headers["content-security-policy"]
    )
    shown = ana.get(_consent(pages, ana), timeout=30)
    assert f"company {realm}" in shown.text
    form = {"csrf": pages.csrf(ana), "realm_id": realm}
    done = ana.post(f"{pages.url}/connect/quickbooks/confirm", form, timeout=30)
    assert (done.status_code, "QuickBooks is connected" in done.text) == (200, True)
    assert ana.post(f"{pages.url}/connect/quickbooks/confirm", form, timeout=30).status_code == 400, "once"


def test_a_state_serves_once_and_in_its_own_session(pages: Pages) -> None:
    ana, ben = pages.visitor("ana"), pages.visitor("ben")
    back = _consent(pages, ana)
    assert ben.get(back, timeout=30).status_code == 400
    assert ana.get(back.replace("state=", "state=x"), timeout=30).status_code != 200
    assert ana.get(back, timeout=30).status_code == 400, "the other try has spent it"


@pytest.mark.parametrize("realm", ["12ab", "", "1/../2", "9130000000000001"])
def test_a_company_that_is_not_ours_costs_no_code(pages: Pages, realm: str) -> None:
    ana = pages.visitor("ana")
    back = _consent(pages, ana)
    ours = pages.vendors.line["quickbooks"]["realm_id"]
    before = pages.vendors.ask("GET", "/requests?limit=1")["totals"]
    assert ana.get(back.replace(f"realmId={ours}", f"realmId={realm}"), timeout=30).status_code >= 400
    assert pages.vendors.ask("GET", "/requests?limit=1")["totals"] == before


def test_who_is_no_administrator_connects_nothing(pages: Pages) -> None:
    ben = pages.visitor("ben")
    refused = ben.post(f"{pages.url}/connect/salesforce", {"csrf": pages.csrf(ben)}, timeout=30)
    assert (refused.status_code, "needs the role admin" in refused.text) == (403, True)
    ana = pages.visitor("ana")
    assert ana.post(f"{pages.url}/connect/salesforce", {"csrf": pages.csrf(ana)}, timeout=30).status_code == 200


def test_an_unknown_page_and_a_wrong_method_say_so(pages: Pages) -> None:
    ana = pages.visitor("ana")
    assert ana.get(f"{pages.url}/nothing", timeout=30).status_code == 404
    assert ana.get(f"{pages.url}/logout", timeout=30).status_code == 405
