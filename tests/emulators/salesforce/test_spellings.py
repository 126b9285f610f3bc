"""Clients of every version, and every spelling they may use, over real sockets (salesforce reference 0, 2.1, 2.4)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from .orgs import TestOrg
from .sockets import listening

VERSIONS = [f"v{number}.0" for number in range(50, 69)]


class Client:
    """Plain requests to an org with an account, its contact, and one of them in a load."""

    def __init__(self, org: TestOrg, port: int) -> None:
        self.org = org
        self.base = f"http://127.0.0.1:{port}/services/data"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {org.token}"
        self.account = org.account(Name="Acme", QBO_Id__c="a/1")

    def send(self, method: str, path: str, **more: Any) -> requests.Response:
        return self.session.request(method, self.base + path, **more)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    org = TestOrg()
    with listening(org) as port:
        client = Client(org, port)
        yield client
        client.session.close()


def calls(version: str, account: str) -> list[tuple[str, str, Any, int]]:
    """One call of every kind: method, path, body, status."""
    inner = f"/services/data/{version}"
    contact = {"attributes": {"type": "Contact"}, "LastName": "Roe"}
    node = {"method": "POST", "url": f"{inner}/sobjects/Contact", "referenceId": "a", "body": {"LastName": "Roe"}}
    planted = {"attributes": {"type": "Contact", "referenceId": "r"}, "LastName": "Roe"}
    return [
        ("GET", "", None, 200),
        ("GET", "/limits", None, 200),
        ("GET", "/sobjects", None, 200),
        ("GET", "/sobjects/Account", None, 200),
        ("GET", "/sobjects/Account/describe", None, 200),
        ("POST", "/sobjects/Contact", {"LastName": "Roe"}, 201),
        ("GET", f"/sobjects/Account/{account}", None, 200),
        ("PATCH", f"/sobjects/Account/{account}", {"Site": version}, 204),
        ("PATCH", "/sobjects/Account/QBO_Id__c/a%2F1", {"Phone": "5"}, 200),
        ("GET", "/sobjects/Account/updated?start=2026-01-05T00:00:00Z&end=2026-01-06T00:00:00Z", None, 200),
        ("GET", "/sobjects/Account/deleted?start=2026-01-05T00:00:00Z&end=2026-01-06T00:00:00Z", None, 200),
        ("GET", "/query?q=SELECT+Id+FROM+Account", None, 200),
        ("GET", "/queryAll?q=SELECT+Id+FROM+Account", None, 200),
        ("POST", "/composite/sobjects", {"records": [contact]}, 200),
        ("PATCH", "/composite/sobjects/Contact/QBO_Id__c", {"records": [contact | {"QBO_Id__c": version}]}, 200),
        ("POST", "/composite", {"compositeRequest": [node]}, 200),
        ("POST", "/composite/graph", {"graphs": [{"graphId": "1", "compositeRequest": [node]}]}, 200),
        ("POST", "/composite/batch", {"batchRequests": [{"method": "GET", "url": f"{version}/limits"}]}, 200),
        ("POST", "/composite/tree/Contact", {"records": [planted]}, 201),
        ("POST", "/jobs/ingest", {"object": "Account", "operation": "insert"}, 200),
        ("POST", "/jobs/query", {"operation": "query", "query": "SELECT Id FROM Account"}, 200),
        ("GET", "/tooling/query?q=SELECT+Id+FROM+CustomField+LIMIT+1", None, 200),
    ]


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_has_every_call_with_and_without_a_slash(client: Client, version: str, slash: str) -> None:
    for method, path, body, status in calls(version, client.account):
        place, mark, query = path.partition("?")
        reply = client.send(method, f"/{version}{place}{slash}{mark}{query}", json=body)
        assert (path, reply.status_code) == (path, status), reply.text
        assert "hasErrors" not in reply.text or '"hasErrors":false' in reply.text


@pytest.mark.parametrize(
    ("version", "status", "code"),
    [
        ("v49.0", 400, "UNSUPPORTED_API_VERSION"),
        ("v30.0", 400, "UNSUPPORTED_API_VERSION"),
        ("v69.0", 404, "NOT_FOUND"),
        ("v67", 404, "NOT_FOUND"),
        ("67.0", 404, "NOT_FOUND"),
        ("v67.1", 404, "NOT_FOUND"),
    ],
)
def test_other_versions_get_the_vendors_error(client: Client, version: str, status: int, code: str) -> None:
    reply = client.send("GET", f"/{version}/sobjects")
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (status, code)


@pytest.mark.parametrize(
    "path",
    [
        "/sobjects/account/{id}",
        "/sobjects/ACCOUNT/{id15}",
        "/sobjects/Account/{lower}",
        "/sobjects/Account/{upper}",
        "/sobjects/Account/qbo_id__C/a%2f1",
        "/sobjects//Account/{id}",
        "/sobjects/Account/{id}?fields=name,OWNER.name",
    ],
)
def test_names_and_ids_in_any_documented_spelling(client: Client, path: str) -> None:
    own = client.account
    spelled = path.format(id=own, id15=own[:15], lower=own.lower(), upper=own.upper())
    reply = client.send("GET", f"/v67.0{spelled}")
    assert (reply.status_code, reply.json()["Name"]) == (200, "Acme"), reply.text


@pytest.mark.parametrize(
    "spell", [lambda own: own[:15].swapcase(), lambda own: own[:14], lambda own: own + "A", "x{}".format]
)
def test_ids_that_the_vendor_refuses(client: Client, spell: Any) -> None:
    assert client.send("GET", f"/v67.0/sobjects/Account/{spell(client.account)}").status_code == 404


@pytest.mark.parametrize(
    "text",
    [
        "select id from account where name = 'acme'",
        "SELECT ID FROM ACCOUNT WHERE NAME LIKE 'AC%' ORDER BY NAME DESC NULLS LAST LIMIT 1",
        "SeLeCt iD fRoM aCcOuNt a wHeRe a.NaMe In ('ACME') AnD nOt a.PhOnE = 'x'",
        "select\n\tId\r\nfrom Account\nwhere qbo_ID__c='a/1'",
    ],
)
def test_keywords_in_any_case(client: Client, text: str) -> None:
    reply = client.send("GET", "/v67.0/query", params={"q": text})
    assert [row["Id"] for row in reply.json()["records"]] == [client.account]


def pieces(text: bytes) -> Iterator[bytes]:
    for start in range(0, len(text), 7):
        yield text[start : start + 7]


@pytest.mark.parametrize("packed", [False, True])
def test_bodies_in_pieces_and_packed(client: Client, packed: bool) -> None:
    body = json.dumps({"LastName": "Chunk", "Description": "x" * 3000}).encode()
    headers = {"Content-Type": "application/json"} | ({"Content-Encoding": "gzip"} if packed else {})
    content = gzip.compress(body) if packed else body
    made = client.send("POST", "/v67.0/sobjects/Contact", data=pieces(content), headers=headers)
    assert made.status_code == 201, made.text
    job = client.send("POST", "/v67.0/jobs/ingest", json={"object": "Contact", "operation": "insert"}).json()["id"]
    sheet = b"LastName\n" + b"Load\n" * 50
    content = gzip.compress(sheet) if packed else sheet
    headers["Content-Type"] = "text/csv; charset=UTF-8"
    sent = client.send("PUT", f"/v67.0/jobs/ingest/{job}/batches", data=pieces(content), headers=headers)
    assert sent.status_code == 201
    client.send("PATCH", f"/v67.0/jobs/ingest/{job}", json={"state": "UploadComplete"})
    assert client.send("GET", f"/v67.0/jobs/ingest/{job}").json()["numberRecordsProcessed"] == 50


def test_answers_are_packed_when_asked(client: Client) -> None:
    path = "/v67.0/sobjects/Account/describe"
    packed = client.send("GET", path, headers={"Accept-Encoding": "gzip"})
    plain = client.send("GET", path, headers={"Accept-Encoding": "identity"})
    assert (packed.headers.get("Content-Encoding"), plain.headers.get("Content-Encoding")) == ("gzip", None)
    assert packed.json() == plain.json()


def test_a_look_at_the_head_only(client: Client) -> None:
    reply = client.send("HEAD", f"/v67.0/sobjects/Account/{client.account}")
    assert (reply.status_code, reply.content) == (200, b"")
    assert reply.headers["Sforce-Limit-Info"].startswith("api-usage=")


def test_a_method_that_cannot_be_sent_is_named_in_the_address(client: Client) -> None:
    own = f"/v67.0/sobjects/Account/{client.account}?_HttpMethod=PATCH"
    assert client.send("POST", own, json={"Fax": "9"}).status_code == 204
