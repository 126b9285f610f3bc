"""SOAP `login()` as old clients use it: below v65, by username, password and token (salesforce reference 0)."""

from __future__ import annotations

import re

import pytest

from emulators.salesforce.orgs import TestOrg, V

ENVELOPE = (
    '<?xml version="1.0" encoding="utf-8"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    '<n:login xmlns:n="urn:{kind}.soap.sforce.com"><n:username>{user}</n:username><n:password>{word}</n:password>'
    "</n:login></e:Body></e:Envelope>"
)


def login(org: TestOrg, version: str = "59.0", kind: str = "partner", **changes: str) -> tuple[int, str]:
    info = org.vendor.connection_info()
    given = {"user": info["username"], "word": info["password"] + info["security_token"], "kind": kind} | changes
    letter = {"partner": "u", "enterprise": "c"}[kind]
    reply = org.raw("POST", f"/services/Soap/{letter}/{version}", ENVELOPE.format(**given).encode())
    assert reply.headers["Content-Type"] == "text/xml;charset=UTF-8"
    return reply.status, reply.text


def inside(text: str, name: str) -> str:
    element = re.search(f"<{name}>(.*?)</{name}>", text)
    assert element, text
    return element[1]


@pytest.mark.parametrize("kind", ["partner", "enterprise"])
def test_the_session_of_a_login_is_a_token(org: TestOrg, kind: str) -> None:
    status, text = login(org, kind=kind)
    assert status == 200
    bearer = {"authorization": f"Bearer {inside(text, 'sessionId')}"}
    assert org.raw("GET", f"{V}/limits", headers=bearer).status == 200
    assert inside(text, "serverUrl").startswith(org.vendor.base_url + "/services/Soap/")
    assert inside(text, "organizationId") == org.vendor.connection_info()["org_id"]
    assert inside(text, "userName") == org.vendor.connection_info()["username"]


def test_logout_ends_the_session(org: TestOrg) -> None:
    token = inside(login(org)[1], "sessionId")
    header = f"<e:Header><n:SessionHeader><n:sessionId>{token}</n:sessionId></n:SessionHeader></e:Header>"
    names = 'xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:n="urn:partner.soap.sforce.com"'
    body = f"<e:Envelope {names}>{header}<e:Body><n:logout/></e:Body></e:Envelope>".encode()
    assert org.raw("POST", "/services/Soap/u/62.0/00DHs0000000001", body).status == 200
    assert not org.vendor.token_is_live(token)
    again = org.raw("POST", "/services/Soap/u/62.0", body)
    assert (again.status, inside(again.text, "sf:exceptionCode")) == (500, "INVALID_SESSION_ID")


@pytest.mark.parametrize("changes", [{"word": "wrong"}, {"user": "nobody"}, {"user": "pat.past@acme.example"}])
def test_refused(org: TestOrg, changes: dict[str, str]) -> None:
    status, text = login(org, **changes)
    assert (status, inside(text, "sf:exceptionCode")) == (500, "INVALID_LOGIN")


def test_the_token_may_be_left_out_where_the_address_is_trusted(org: TestOrg) -> None:
    word = org.vendor.connection_info()["password"]
    assert login(org, word=word)[0] == 500
    org.switches.trusted_network = True
    assert login(org, word=word)[0] == 200


@pytest.mark.parametrize(
    ("version", "status"), [("30.0", 500), ("31.0", 200), ("64.0", 200), ("65.0", 500), ("x", 500)]
)
def test_versions_that_have_a_login(org: TestOrg, version: str, status: int) -> None:
    answered, text = login(org, version)
    assert answered == status
    assert status == 200 or inside(text, "sf:exceptionCode") == "UNSUPPORTED_API_VERSION"


def test_the_end_of_all_logins(org: TestOrg) -> None:
    org.switches.soap_login = False
    assert login(org)[0] == 500


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "INVALID_SOAP_HEADER"),
        ("<a>", "INVALID_SOAP_HEADER"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "INVALID_SOAP_HEADER"),
        ("<a/>", "UNKNOWN_EXCEPTION"),
    ],
)
def test_what_is_no_login(org: TestOrg, body: str, code: str) -> None:
    reply = org.raw("POST", "/services/Soap/u/59.0", body.encode())
    assert (reply.status, inside(reply.text, "sf:exceptionCode")) == (500, code)
