"""Salesforce records as the flows see them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ml_connector.model.errors import BadAnswer, WrongUse
from ml_connector.model.refs import Ref
from ml_connector.systems.salesforce.records import SHAPES, SObject, decode, fields_needed, long_id
from ml_connector.systems.wire import loads

ORDER = {
    "attributes": {"type": "Order", "url": "/services/data/v67.0/sobjects/Order/801000000000001AAA"},
    "Id": "801000000000001AAA",
    "SystemModstamp": "2026-11-02T10:00:00.000+0000",
    "EffectiveDate": "2026-11-01",
    "ActivatedDate": "2026-11-02T10:00:00.000+0000",
    "TotalAmount": Decimal("1234.50"),
    "IsReductionOrder": False,
    "Account": {
        "attributes": {"type": "Account", "url": "/services/data/v67.0/sobjects/Account/001000000000001AAA"},
        "Department__c": "West",
    },
    "Opportunity": None,
    "OrderItems": {
        "totalSize": 1,
        "done": True,
        "records": [
            {
                "attributes": {
                    "type": "OrderItem",
                    "url": "/services/data/v67.0/sobjects/OrderItem/802000000000001AAA",
                },
                "Id": "802000000000001AAA",
                "SystemModstamp": "2026-11-03T10:00:00.000+0000",
                "Quantity": 3,
                "Product2": {"attributes": {"type": "Product2", "url": ""}, "ProductCode": "W-1"},
            }
        ],
    },
}


def test_an_order_comes_with_its_parents_and_lines() -> None:
    order = decode(ORDER)
    (line,) = order.children("OrderItems")
    assert order.ref == Ref("salesforce", "Order", "801000000000001AAA")
    assert order["TotalAmount"] == order.amount("TotalAmount") == Decimal("1234.50")
    assert order.day("EffectiveDate") == date(2026, 11, 1)
    assert order.instant("ActivatedDate") == datetime(2026, 11, 2, 10, tzinfo=UTC)
    assert order["IsReductionOrder"] is False
    assert (order["Account"].kind, order["Account"].id) == ("Account", "001000000000001AAA")
    assert order["Account"]["Department__c"] == "West"
    assert order["Opportunity"] is None
    assert line["Product2"].text("ProductCode") == "W-1"


def test_every_number_is_a_decimal() -> None:
    quantity = decode(ORDER).children("OrderItems")[0]["Quantity"]
    assert type(quantity) is Decimal


def test_a_changed_line_moves_the_version_of_its_order() -> None:
    order = decode(ORDER)
    assert order.version == "2026-11-03T10:00:00.000+0000"
    assert order.merged({"OrderItems": None}).version == "2026-11-02T10:00:00.000+0000"


def test_no_child_list_means_no_children() -> None:
    assert decode({**ORDER, "OrderItems": None}).children("OrderItems") == []
    assert SObject("Order", "801000000000001AAA").children("OrderItems") == []


def test_a_field_that_the_org_hides_is_none_and_a_misspelt_one_is_an_error() -> None:
    order = SObject("Order", "801000000000001AAA", {})
    assert order["Department__c"] is None
    assert order.get("Department__c", "none") == "none"
    with pytest.raises(KeyError, match=r"Order\.Departmnet__c"):
        order["Departmnet__c"]


def test_merged_replaces_values_and_leaves_the_first_alone() -> None:
    before = SObject("Account", "001000000000001AAA", {"Name": "Acme", "Phone": "1"})
    after = before.merged({"Phone": None, "QBO_Balance__c": 5})
    assert after.fields == {"Name": "Acme", "Phone": None, "QBO_Balance__c": Decimal(5)}
    assert before["Phone"] == "1"


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("001000000000001", "001000000000001AAA"),
        ("001A0000006Vm9r", "001A0000006Vm9rIAC"),
        ("001ABCDEabcdeZZ", "001ABCDEabcdeZZYHY"),
        ("001A0000006Vm9rIAC", "001A0000006Vm9rIAC"),
    ],
)
def test_ids_grow_to_eighteen_characters(short: str, long: str) -> None:
    assert long_id(short) == long


@pytest.mark.parametrize("text", ["", "001", "001A0000006Vm9r'", "001A0000006Vm9rIACX", "001A0000006 m9r"])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(WrongUse):
        long_id(text)


@pytest.mark.parametrize(
    "wire", [{"Id": 7}, {"Id": "7"}, ["Id"], "x", None, {"Id": "801000000000001AAA", "TotalAmount": 1.5}]
)
def test_a_record_that_is_none_is_a_bad_answer(wire: object) -> None:
    with pytest.raises(BadAnswer):
        decode(wire)  # type: ignore[arg-type]  # what the wire may bring


@pytest.mark.parametrize("bad", ["yesterday", "2026-13-01", Decimal(3)])
def test_unreadable_days_and_instants_are_bad_answers_that_name_the_field(bad: object) -> None:
    order = SObject("Order", "801000000000001AAA", {"EffectiveDate": bad, "ActivatedDate": bad, "TotalAmount": "x"})
    with pytest.raises(BadAnswer, match="EffectiveDate"):
        order.day("EffectiveDate")
    with pytest.raises(BadAnswer, match="ActivatedDate"):
        order.instant("ActivatedDate")
    with pytest.raises(BadAnswer, match="TotalAmount"):
        order.amount("TotalAmount")


def test_a_number_that_cannot_be_read_is_a_bad_answer_when_it_is_asked_for() -> None:
    rows = loads(b'{"Id": "801000000000001AAA", "Status": "Draft", "TotalAmount": 1e400}', "an order", strict=False)
    order = decode(rows, "Order")
    assert order.text("Status") == "Draft"
    for ask in (order.amount, order.text, order.get, order.__getitem__):
        with pytest.raises(BadAnswer, match="TotalAmount"):
            ask("TotalAmount")


def test_fields_needed_of_a_parent_include_what_its_children_ask_of_it() -> None:
    assert "StockKeepingUnit" in fields_needed("Product2")
    assert {"Department__c", "ParentId"} <= set(fields_needed("Account"))
    assert all("." not in name for kind in SHAPES for name in fields_needed(kind))
