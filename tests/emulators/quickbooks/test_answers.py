"""Headers, bodies of refusals, the XML form, snapshots (reference 2 and 12)."""

from __future__ import annotations

from random import Random
from xml.etree import ElementTree as ET

import pytest

from ml_emulators.kit.clock import VirtualClock
from ml_emulators.kit.wire import Request, loads
from ml_emulators.quickbooks import Company, QuickBooks

from .client import NOON, Client, Shop

SPACE = "{http://schema.intuit.com/finance/v3}"


def test_headers_of_a_success_and_of_a_fault(qbo: Client) -> None:
    good, bad = qbo.send("GET", "/preferences"), qbo.send("GET", "/customer/9")
    assert (good.headers["Content-Type"], bad.headers["Content-Type"]) == (
        "application/json;charset=utf-8",
        "application/json",
    )
    assert good.headers["intuit_tid"] != bad.headers["intuit_tid"]
    only_good = {"QBO-Version", "Service-Time", "Expires", "Cache-Control"}
    assert only_good <= set(good.headers)
    assert not only_good & set(bad.headers)


@pytest.mark.parametrize(
    "path", ["/v3/company/1/customer/1", "/", "/nowhere", "/oauth2/v1/tokens/bearer", "/connect/oauth2"]
)
def test_every_answer_has_a_tid(qbo: Client, path: str) -> None:
    for method in ("GET", "POST"):
        assert "intuit_tid" in qbo.server.handle(Request(method, path)).headers


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer nonsense", "Basic abc"])
def test_401_has_a_body_of_its_own(qbo: Client, sent: str) -> None:
    answer = qbo.send("GET", "/preferences", headers={"authorization": sent})
    body = loads(answer.body)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Intuit", error="invalid_token"'
    assert body["fault"]["type"] == "AUTHENTICATION"
    assert body["fault"]["error"][0]["message"] == "message=AuthenticationFailed; errorCode=003200; statusCode=401"
    assert (body["fault"]["error"][0]["code"], body["time"]) == ("3200", 1795377600125)


def test_without_accept_json_the_answer_is_xml(shop: Shop) -> None:
    shop.invoice(10)
    shop.make("Customer", DisplayName='<&> "x"')
    answer = shop.send("GET", "/query", query="select * from Invoice", headers={"accept": "*/*"})
    root = ET.fromstring(answer.body)
    assert (answer.headers["Content-Type"], root.tag) == ("application/xml;charset=utf-8", SPACE + "IntuitResponse")
    assert root.attrib == {"time": "2026-11-22T12:00:00.125-08:00"}
    invoice = root.find(f"{SPACE}QueryResponse/{SPACE}Invoice")
    assert invoice is not None
    assert (invoice.get("domain"), invoice.findtext(f"{SPACE}TotalAmt")) == ("QBO", "10.00")
    customer = invoice.find(f"{SPACE}CustomerRef")
    assert customer is not None
    assert (customer.text, customer.get("name")) == (shop.customer, "Blue Heron")
    assert b"&lt;&amp;&gt;" in shop.send("GET", "/query", query="select * from Customer", headers={"accept": ""}).body


@pytest.mark.parametrize(("path", "status"), [("/customer/9", 400), ("/preferences", 401)])
def test_faults_come_in_xml_too(qbo: Client, path: str, status: int) -> None:
    headers = {"accept": "application/xml", **({"authorization": "Bearer x"} if status == 401 else {})}
    answer = qbo.send("GET", path, headers=headers)
    error = ET.fromstring(answer.body).find(f"{SPACE}Fault/{SPACE}Error")
    assert answer.status == status
    assert error is not None
    assert error.get("code") == ("610" if status == 400 else "3200")


def test_switch_faults_in_xml_for_everyone(qbo: Client) -> None:
    qbo.server.switches.xml_faults = True
    assert qbo.send("GET", "/customer/9").body.startswith(b"<?xml")
    assert qbo.send("GET", "/preferences").body.startswith(b"{")


def test_a_run_repeats_from_its_seed() -> None:
    def run() -> list[bytes]:
        shop = Shop()
        return [
            shop.send("POST", "/term", {"Name": "T"}).body,
            shop.token.encode(),
            str(shop.server.connection_info()).encode(),
        ]

    assert run() == run()


def test_connection_info_names_what_a_connector_needs(qbo: Client) -> None:
    assert list(qbo.server.connection_info()) == [
        "base_url",
        "token_url",
        "authorize_url",
        "discovery_url",
        "realm_id",
        "client_id",
        "client_secret",
        "refresh_token",
        "webhook_verifier_token",
    ]
    qbo.server.base_url = "http://127.0.0.1:40001/"
    assert qbo.server.connection_info()["base_url"] == "http://127.0.0.1:40001"


def test_a_snapshot_brings_everything_back(shop: Shop) -> None:
    server = shop.server
    invoice = shop.invoice(10)
    shop.post("/term", {"Name": "T"}, requestid="r")
    before = server.snapshot()
    seen = {kind: server.records(kind) for kind in server.kinds()}
    for _ in range(2):
        shop.pay(10, ("Invoice", invoice["Id"], 10))
        shop.change("Customer", shop.read("Customer", shop.customer), DisplayName="Renamed")
        shop.invoice(99)
        assert shop.read("Invoice", invoice["Id"])["CustomerRef"]["name"] == "Renamed"
        shop.post("/term", {"Name": "U"}, requestid="s")
        shop.post("/invoice", {"Id": invoice["Id"], "SyncToken": "1"}, operation="void")
        server.act({"op": "disconnect"})
        assert shop.send("GET", "/preferences").status == 401
        server.restore(before)
        assert {kind: server.records(kind) for kind in server.kinds()} == seen
        assert shop.read("Invoice", invoice["Id"])["CustomerRef"]["name"] == "Blue Heron"
        assert shop.post("/term", {"Name": "x"}, requestid="r")["Term"]["Name"] == "T"
        assert shop.ids("select * from Term") == ["1"]


def test_the_control_door_sees_deleted_records(shop: Shop) -> None:
    invoice = shop.invoice(10)
    shop.post("/invoice", {"Id": invoice["Id"], "SyncToken": "0"}, operation="delete")
    assert [record["status"] for record in shop.server.records("Invoice")] == ["Deleted"]


def test_reset_is_a_new_company(shop: Shop) -> None:
    shop.invoice()
    shop.server.reset()
    assert shop.send("GET", "/preferences").status == 401
    assert shop.server.records("Customer") == []
    shop.refresh_token = shop.server.connection_info()["refresh_token"]
    shop.renew()
    assert shop.ids("select * from Account") == []


def test_companies_and_apps_live_side_by_side() -> None:
    clock = VirtualClock()
    clock.freeze(NOON)
    server = QuickBooks(clock, Random(1))
    server.add_company(Company(realm_id="77", name="Second"))
    server.act({"op": "create", "kind": "Customer", "realm": "77", "body": {"DisplayName": "A"}})
    assert server.records("Customer") == []
    assert [record["DisplayName"] for record in server.records("Customer", "77")] == ["A"]
