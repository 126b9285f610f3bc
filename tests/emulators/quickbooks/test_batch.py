"""Batches and replay by requestid (reference sections 2.1 and 7)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ml_emulators.kit.wire import loads

from .client import Client, Json, Shop


def customer(name: str, b_id: str) -> Json:
    return {"bId": b_id, "operation": "create", "Customer": {"DisplayName": name}}


def test_every_item_is_judged_for_itself(shop: Shop) -> None:
    invoice = shop.invoice(10)
    receipt = shop.make("SalesReceipt", Line=[shop.line(5)])
    answers = shop.batch(
        customer("New", "a"),
        customer("new", "b"),
        {"bId": "c", "operation": "delete", "Invoice": {"Id": "129", "SyncToken": "0"}},
        {"bId": "d", "operation": "update", "Customer": {"Id": "1", "SyncToken": "9", "sparse": True}},
        {"bId": "e", "Query": "select * from Department"},
        {"bId": "f", "Query": "select count(*) from Customer"},
        {
            "bId": "g",
            "operation": "update",
            "optionsData": "void",
            "SalesReceipt": {"Id": receipt["Id"], "SyncToken": "0", "sparse": True},
        },
        {"bId": "h", "operation": "delete", "Invoice": {"Id": invoice["Id"], "SyncToken": "0"}},
        {"bId": "i", "CDCQuery": {"Entities": "Invoice", "ChangedSince": "2026-11-22"}},
        {"bId": "j", "Query": "select nonsense"},
        {"bId": "k", "operation": "create", "Gadget": {}},
        {"bId": "l", "operation": "create"},
        {"bId": "m", "operation": "explode", "Customer": {}},
    )
    seen = [
        (answer["bId"], answer["Fault"]["Error"][0]["code"] if "Fault" in answer else next(iter(answer)))
        for answer in answers
    ]
    assert seen == [
        ("a", "Customer"),
        ("b", "6240"),
        ("c", "610"),
        ("d", "5010"),
        ("e", "QueryResponse"),
        ("f", "QueryResponse"),
        ("g", "SalesReceipt"),
        ("h", "Invoice"),
        ("i", "CDCResponse"),
        ("j", "4000"),
        ("k", "500"),
        ("l", "500"),
        ("m", "500"),
    ]
    assert all(list(answer)[-1] == "bId" for answer in answers)
    assert answers[6]["SalesReceipt"]["TotalAmt"] == 0
    assert answers[7]["Invoice"] == {"domain": "QBO", "status": "Deleted", "Id": invoice["Id"]}
    assert answers[8]["CDCResponse"][0]["QueryResponse"][0]["Invoice"][0]["status"] == "Deleted"


@pytest.mark.parametrize(
    "items",
    [
        [customer(f"C{number}", str(number)) for number in range(31)],
        [customer("A", "same"), customer("B", "same")],
        [{"operation": "create", "Customer": {"DisplayName": "A"}}],
        [],
        "nothing",
        [1],
    ],
)
def test_a_batch_that_is_wrong_as_a_whole(qbo: Client, items: object) -> None:
    assert qbo.send("POST", "/batch", {"BatchItemRequest": items}).status == 400
    assert qbo.ids("select * from Customer") == []


def test_thirty_items_are_fine(qbo: Client) -> None:
    assert len(qbo.batch(*(customer(f"C{number}", str(number)) for number in range(30)))) == 30


def test_switch_answers_come_in_another_order(qbo: Client) -> None:
    qbo.server.switches.batch_reply_order = "shuffled"
    answers = qbo.batch(*(customer(f"C{number}", str(number)) for number in range(30)))
    names = [answer["bId"] for answer in answers]
    assert names != sorted(names, key=int)
    assert all(answer["Customer"]["DisplayName"] == f"C{answer['bId']}" for answer in answers)


def test_the_same_requestid_is_answered_from_memory(qbo: Client) -> None:
    first = qbo.send("POST", "/customer", {"DisplayName": "A"}, requestid="r1")
    qbo.wait(days=20)
    second = qbo.send("POST", "/customer", {"DisplayName": "A"}, requestid="r1")
    other = qbo.send("POST", "/customer", {"DisplayName": "B"}, requestid="r1")
    assert first.body == second.body == other.body
    assert first.headers["intuit_tid"] != second.headers["intuit_tid"]
    assert qbo.ids("select * from Customer") == ["1"]
    assert qbo.send("POST", "/customer", {"DisplayName": "A"}, requestid="").status == 400, (
        "an empty one counts as none"
    )


def test_a_batch_is_known_by_its_requestid_and_its_bids(qbo: Client) -> None:
    first = qbo.batch(customer("A", "1"), customer("B", "2"), requestid="r")
    assert qbo.batch(customer("A", "1"), customer("B", "2"), requestid="r") == first
    assert qbo.batch(customer("A", "3"), requestid="r")[0]["Fault"]["Error"][0]["code"] == "6240"
    assert qbo.ids("select * from Customer") == ["1", "2"]


@pytest.mark.parametrize(
    ("path", "length", "b_id", "status"),
    [
        ("/customer", 50, "", 200),
        ("/customer", 51, "", 400),
        ("/batch", 36, "b" * 10, 200),
        ("/batch", 37, "b", 400),
        ("/batch", 36, "b" * 11, 400),
    ],
)
def test_how_long_ids_may_be(qbo: Client, path: str, length: int, b_id: str, status: int) -> None:
    body = {"DisplayName": "A"} if path == "/customer" else {"BatchItemRequest": [customer("A", b_id)]}
    assert qbo.send("POST", path, body, requestid="r" * length).status == status


@pytest.mark.parametrize(
    ("retention", "waited", "again"), [(None, 10**6, False), (60, 59, False), (60, 60, True), (0, 0, True)]
)
def test_switch_how_long_a_requestid_is_remembered(
    qbo: Client, retention: int | None, waited: int, again: bool
) -> None:
    qbo.server.switches.requestid_retention = retention
    qbo.post("/term", {"Name": "T"}, requestid="r")
    qbo.clock.advance(timedelta(seconds=waited))
    qbo.renew()
    assert (qbo.send("POST", "/term", {"Name": "T"}, requestid="r").status == 400) is again


@pytest.mark.parametrize(("stored", "status"), [(False, 200), (True, 400)])
def test_switch_faults_are_remembered(qbo: Client, stored: bool, status: int) -> None:
    qbo.server.switches.requestid_stores_faults = stored
    assert qbo.fault("/customer", {"Notes": "x"}, requestid="r")["code"] == "2020"
    answer = qbo.send("POST", "/customer", {"DisplayName": "A"}, requestid="r")
    assert answer.status == status
    assert stored or loads(answer.body)["Customer"]["Id"] == "1"
