"""Change data capture, and the notices for webhooks (reference sections 8 and 9.4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ml_emulators.kit.wire import loads
from ml_emulators.quickbooks import ChangeNotice

from ..client import Client, Json, Shop, ref


def cdc(qbo: Client, entities: str, since: str = "2026-11-22T12:00:00-08:00") -> list[Json]:
    body = qbo.get("/cdc", entities=entities, changedSince=since)
    assert [list(body), len(body["CDCResponse"])] == [["CDCResponse", "time"], 1]
    parts: list[Json] = body["CDCResponse"][0]["QueryResponse"]
    return parts


def test_each_entity_asked_has_its_element(shop: Shop) -> None:
    shop.invoice()
    parts = cdc(shop, "Invoice,estimate,JournalEntry")
    assert [list(part) for part in parts] == [["Invoice", "startPosition", "maxResults"], [], []]
    assert parts[0]["Invoice"][0] == shop.query("select * from Invoice")["Invoice"][0]


@pytest.mark.parametrize("entities", ["customer,INVOICE", "Customer, invoice", " CUSTOMER ,Invoice,,customer"])
def test_entities_are_asked_for_in_any_case(shop: Shop, entities: str) -> None:
    shop.invoice()
    assert cdc(shop, entities) == cdc(shop, "Customer,Invoice")
    assert [next(iter(part)) for part in cdc(shop, entities)] == ["Customer", "Invoice"]


def test_changes_come_once_in_the_order_of_their_time(qbo: Client) -> None:
    for name in ("A", "B", "C"):
        qbo.make("Customer", DisplayName=name)
        qbo.wait(minutes=1)
    qbo.change("Customer", qbo.read("Customer", "1"), Notes="x")
    qbo.change("Customer", qbo.read("Customer", "2"), Active=False)
    assert [one["Id"] for one in cdc(qbo, "Customer")[0]["Customer"]] == ["3", "1", "2"]
    assert [one["Id"] for one in cdc(qbo, "Customer", "2026-11-22T20:02:01Z")[0]["Customer"]] == ["1", "2"]
    assert cdc(qbo, "Customer", "2026-11-22T20:02:01Z")[0]["Customer"][1]["Active"] is False
    assert cdc(qbo, "Customer", "2026-11-22T12:03:01-08:00") == [{}]


def test_a_deleted_transaction_is_a_stub(shop: Shop) -> None:
    invoice = shop.invoice()
    shop.wait(minutes=10)
    shop.post("/invoice", {"Id": invoice["Id"], "SyncToken": "0"}, operation="delete")
    assert cdc(shop, "Invoice", "2026-11-22T12:01:00-08:00")[0]["Invoice"] == [
        {
            "domain": "QBO",
            "status": "Deleted",
            "Id": invoice["Id"],
            "MetaData": {"LastUpdatedTime": "2026-11-22T12:10:00-08:00"},
        }
    ]


@pytest.mark.parametrize(
    ("entities", "since", "status"),
    [
        ("Customer", "2026-10-23T12:00:00-08:00", 400),
        ("Customer", "2026-10-24T12:00:00-08:00", 200),
        ("Customer", "2026-11-20", 200),
        ("Customer", "2026-11-20T00:00:00 08:00", 400),
        ("Customer", "yesterday", 400),
        ("Customer", "", 400),
        ("", "2026-11-20", 400),
        ("TimeActivity", "2026-11-20", 400),
        ("TaxCode", "2026-11-20", 400),
        ("Customer,Gadget", "2026-11-20", 400),
        ("CompanyInfo", "2026-11-20", 400),
        (" Customer , Vendor,", "2026-11-20", 200),
    ],
)
def test_what_can_be_asked(qbo: Client, entities: str, since: str, status: int) -> None:
    answer = qbo.send("GET", "/cdc", entities=entities, changedSince=since)
    assert answer.status == status
    if since.startswith("2026-10-23"):
        assert "30 days is not supported" in loads(answer.body)["Fault"]["Error"][0]["Detail"]


def fill(shop: Shop, customers: int, terms: int) -> None:
    for number in range(customers):
        shop.server.act({"op": "create", "kind": "Customer", "body": {"DisplayName": f"C{number}"}})
    for number in range(terms):
        shop.server.act({"op": "create", "kind": "Term", "body": {"Name": f"T{number}"}})


@pytest.mark.parametrize(("cap", "sizes"), [("entity", [1000, 900]), ("total", [1000, 0])])
def test_at_most_a_thousand(shop: Shop, cap: Any, sizes: list[int]) -> None:
    shop.server.switches.cdc_cap = cap
    fill(shop, 1100, 900)
    assert [part.get("maxResults", 0) for part in cdc(shop, "Customer,Term")] == sizes


def test_switch_living_objects_are_called_deleted(qbo: Client) -> None:
    for name in ("A", "B"):
        qbo.make("Customer", DisplayName=name)
    qbo.server.switches.false_cdc_deletes = 1
    assert [one.get("status") for one in cdc(qbo, "Customer")[0]["Customer"]] == [None, "Deleted"]
    assert qbo.read("Customer", "2")["Active"] is True


def test_every_committed_change_is_told(shop: Shop) -> None:
    told: list[tuple[str, str, str]] = []

    def listen(notice: ChangeNotice) -> None:
        assert (notice.realm_id, notice.instant) == (shop.info["realm_id"], shop.clock.now())
        told.append((notice.entity, notice.id, notice.operation))

    shop.server.on_change.append(listen)

    def news() -> list[tuple[str, str, str]]:
        seen = told.copy()
        told.clear()
        return seen

    invoice = shop.invoice(10)
    assert news() == [("Invoice", invoice["Id"], "Create")]
    payment = shop.pay(10, ("Invoice", invoice["Id"], 10), DepositToAccountRef=ref(shop.bank))
    assert news() == [("Invoice", invoice["Id"], "Update"), ("Payment", payment["Id"], "Create")]
    shop.fault("/invoice", {"Id": "77", "SyncToken": "0", "sparse": True})
    shop.change("Payment", payment, PrivateNote="")
    assert news() == []
    shop.post("/invoice", {"Id": invoice["Id"], "SyncToken": "1"}, operation="void")
    assert news() == [("Payment", payment["Id"], "Update"), ("Invoice", invoice["Id"], "Void")]
    shop.post("/payment", {"Id": payment["Id"], "SyncToken": "1"}, operation="delete")
    assert news() == [("Payment", payment["Id"], "Delete")]
    department, customer = shop.make("Department", Name="East"), shop.read("Customer", shop.customer)
    news()
    shop.change("Department", department, Active=False)
    shop.change("Customer", customer, Active=False)
    assert news() == [("Department", "1", "Update"), ("Customer", shop.customer, "Delete")]
    shop.set_preferences(SalesFormsPrefs={"AllowDeposit": False})
    assert news() == [("Preferences", "1", "Update")]
    shop.batch(
        {"bId": "1", "operation": "create", "Term": {"Name": "T"}},
        {"bId": "2", "operation": "create", "Term": {"Name": "T"}},
    )
    assert news() == [("Term", "1", "Create")]


def test_a_replay_is_no_change(qbo: Client) -> None:
    told: list[ChangeNotice] = []
    qbo.server.on_change.append(told.append)
    for _ in range(2):
        qbo.post("/term", {"Name": "T"}, requestid="r")
    assert len(told) == 1


def test_what_users_do_on_screens(shop: Shop) -> None:
    act = shop.server.act
    made = act({"op": "create", "kind": "Customer", "body": {"DisplayName": "Seen"}})
    assert act({"op": "update", "kind": "Customer", "body": {"Id": made["Id"], "Notes": "x"}})["SyncToken"] == "1"
    assert act({"op": "deactivate", "kind": "Customer", "body": {"Id": made["Id"]}})["DisplayName"] == "Seen (deleted)"
    assert act({"op": "activate", "kind": "Customer", "id": made["Id"]})["DisplayName"] == "Seen"
    invoice = shop.invoice(10)
    assert act({"op": "void", "kind": "Invoice", "id": invoice["Id"]})["TotalAmt"] == 0
    assert act({"op": "delete", "kind": "Invoice", "id": invoice["Id"]})["status"] == "Deleted"
    shop.clock.advance(timedelta(days=-100))
    old = act({"op": "create", "kind": "Customer", "body": {"DisplayName": "Old"}})
    assert old["MetaData"]["CreateTime"] == "2026-08-14T13:00:00-07:00"


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ({"op": "create", "kind": "Customer", "body": {}}, "2020"),
        ({"op": "update", "kind": "Customer", "body": {"Id": "9"}}, "610"),
        ({"op": "explode"}, "500"),
        ({"op": "create", "kind": "Gadget"}, "500"),
        ({"op": "disconnect", "realm": "1"}, "500"),
        ({"op": "set_exchange_rate", "body": {"currency": "EUR"}}, "2080"),
        ({"op": "set_exchange_rate", "body": {"currency": "CHF", "rate": 1}}, "2500"),
        ({"op": "set_exchange_rate", "body": {"currency": "EUR", "rate": 0}}, "2080"),
    ],
)
def test_screens_refuse_too(qbo: Client, operation: Json, code: str) -> None:
    from ml_emulators.quickbooks import Fault

    with pytest.raises(Fault) as refused:
        qbo.server.act(operation)
    assert refused.value.code == code
    assert code in str(refused.value)
