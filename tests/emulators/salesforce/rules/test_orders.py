"""The life of orders, order products and reduction orders (salesforce reference 7.5)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from emulators.salesforce.orgs import TestOrg
from ml_emulators.salesforce import Org


def order(org: TestOrg, record_id: str) -> dict[str, Any]:
    return org.record("Order", record_id)


def activate(org: TestOrg, record_id: str) -> Any:
    return org.patch(f"/sobjects/Order/{record_id}", {"Status": "Activated"})


def test_numbers_are_given_by_the_platform(org: TestOrg) -> None:
    first, second = org.order(), org.order()
    item = org.item(first, org.price())
    assert [order(org, order_id)["OrderNumber"] for order_id in (first, second)] == ["00000001", "00000002"]
    assert org.record("OrderItem", item)["OrderItemNumber"] == "0000000001"


def test_a_new_order_is_a_draft_worth_nothing(org: TestOrg) -> None:
    body = order(org, org.order())
    assert (body["Status"], body["StatusCode"], body["TotalAmount"]) == ("Draft", "Draft", Decimal("0.0"))
    assert (body["IsReductionOrder"], body["ActivatedDate"], body["CurrencyIsoCode"]) == (False, None, "USD")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Status": "Activated"}, "FAILED_ACTIVATION"),
        ({"Status": "Shipped"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Status": None}, "REQUIRED_FIELD_MISSING"),
        ({"AccountId": None}, "REQUIRED_FIELD_MISSING"),
        ({"EffectiveDate": None}, "REQUIRED_FIELD_MISSING"),
        ({"EndDate": "2026-01-04"}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"StatusCode": "Draft"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"TotalAmount": 5}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"OrderNumber": "1"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"OriginalOrderId": "801Hs0000000001"}, "FIELD_INTEGRITY_EXCEPTION"),
    ],
)
def test_refused_on_create(org: TestOrg, changes: dict[str, Any], code: str) -> None:
    body = {"AccountId": org.account(), "EffectiveDate": "2026-01-05", "Status": "Draft"}
    reply = org.post("/sobjects/Order", body | changes)
    assert (reply.status, reply.code) == (400, code)


def test_a_contract_brings_its_account(org: TestOrg) -> None:
    account = org.account()
    contract = org.add("Contract", AccountId=account, StartDate="2026-01-01", ContractTerm=12)
    assert org.record("Contract", contract)["EndDate"] == "2026-12-31"
    assert order(org, org.order(AccountId=None, ContractId=contract))["AccountId"] == account


def test_items_make_the_total_and_move_the_stamp_of_the_order_only(org: TestOrg) -> None:
    record_id, entry = org.order(), org.price("10.00")
    org.clock.advance(timedelta(minutes=1))
    item = org.item(record_id, entry, quantity=3, price="9.99")
    body = order(org, record_id)
    assert body["TotalAmount"] == Decimal("29.97")
    assert body["SystemModstamp"] == "2026-01-05T12:01:30.000+0000"
    assert body["LastModifiedDate"] == "2026-01-05T12:00:30.000+0000"
    org.clock.advance(timedelta(minutes=1))
    org.patch(f"/sobjects/OrderItem/{item}", {"Description": "no change of the sum"})
    assert order(org, record_id)["SystemModstamp"] == "2026-01-05T12:01:30.000+0000"
    org.patch(f"/sobjects/OrderItem/{item}", {"Quantity": 1})
    assert order(org, record_id)["TotalAmount"] == Decimal("9.99")
    org.delete(f"/sobjects/OrderItem/{item}")
    assert order(org, record_id)["TotalAmount"] == Decimal("0.0")


def test_what_an_item_takes_from_its_price_book_entry(org: TestOrg) -> None:
    entry = org.price("12.50")
    item = org.record("OrderItem", org.item(org.order(), entry, quantity="1.5", price="10.00"))
    product = org.column(f"SELECT Product2Id FROM PricebookEntry WHERE Id = '{entry}'")[0]
    assert item["Product2Id"] == product
    assert item["ListPrice"] == Decimal("12.5")
    assert item["TotalPrice"] == Decimal("15.0")
    assert item["AvailableQuantity"] == Decimal("1.5")
    assert item["CurrencyIsoCode"] == "USD"


@pytest.mark.parametrize(
    ("changes", "code", "fields"),
    [
        ({"UnitPrice": None}, "REQUIRED_FIELD_MISSING", ["UnitPrice"]),
        ({"Quantity": None}, "REQUIRED_FIELD_MISSING", ["Quantity"]),
        ({"PricebookEntryId": None}, "REQUIRED_FIELD_MISSING", ["PricebookEntryId"]),
        ({"OrderId": None}, "REQUIRED_FIELD_MISSING", ["OrderId"]),
        ({"Quantity": 0}, "FIELD_INTEGRITY_EXCEPTION", ["Quantity"]),
        ({"Quantity": -1}, "FIELD_INTEGRITY_EXCEPTION", ["Quantity"]),
        ({"PricebookEntryId": "01uHs0000000zzz"}, "INVALID_CROSS_REFERENCE_KEY", []),
        ({"TotalPrice": 1}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["TotalPrice"]),
        ({"OriginalOrderItemId": "802Hs0000000001"}, "FIELD_INTEGRITY_EXCEPTION", ["OriginalOrderItemId"]),
    ],
)
def test_refused_items(org: TestOrg, changes: dict[str, Any], code: str, fields: list[str]) -> None:
    body = {"OrderId": org.order(), "PricebookEntryId": org.price(), "Quantity": 1, "UnitPrice": 1}
    reply = org.post("/sobjects/OrderItem", body | changes)
    assert (reply.status, reply.code, reply.body[0]["fields"]) == (400, code, fields)


def test_the_entry_must_be_of_the_orders_book_and_currency_and_active(org: TestOrg) -> None:
    usd, eur = org.price(), org.price(currency="EUR")
    book = org.add("Pricebook2", Name="Partners", IsActive=True)
    none = org.order(Pricebook2Id=None)
    inactive = org.price()
    org.patch(f"/sobjects/PricebookEntry/{inactive}", {"IsActive": False})
    cases = [
        (org.order(), eur, "different pricebook"),
        (org.order(CurrencyIsoCode="EUR"), usd, "CurrencyIsoCode"),
        (org.order(Pricebook2Id=book), usd, "different pricebook"),
        (none, usd, "no price book"),
        (org.order(), inactive, "inactive"),
    ]
    for record_id, entry, words in cases:
        body = {"OrderId": record_id, "PricebookEntryId": entry, "Quantity": 1, "UnitPrice": 1}
        reply = org.post("/sobjects/OrderItem", body)
        assert (reply.code, words in reply.message) == ("FIELD_INTEGRITY_EXCEPTION", True), reply.text
    assert org.item(org.order(CurrencyIsoCode="EUR"), eur)


def test_the_price_book_stays_while_there_are_items(org: TestOrg) -> None:
    record_id = org.order()
    org.item(record_id, org.price())
    book = org.add("Pricebook2", Name="Partners", IsActive=True)
    reply = org.patch(f"/sobjects/Order/{record_id}", {"Pricebook2Id": book})
    assert (reply.code, reply.body[0]["fields"]) == ("FIELD_INTEGRITY_EXCEPTION", ["Pricebook2Id"])


def test_activation_wants_items_and_the_status_alone(org: TestOrg) -> None:
    record_id = org.order()
    assert activate(org, record_id).code == "FAILED_ACTIVATION"
    org.item(record_id, org.price())
    both = org.patch(f"/sobjects/Order/{record_id}", {"Status": "Activated", "Description": "x"})
    assert both.code == "FAILED_ACTIVATION"
    assert activate(org, record_id).status == 204
    body = order(org, record_id)
    assert (body["Status"], body["StatusCode"]) == ("Activated", "Activated")
    assert body["ActivatedDate"] == "2026-01-05T12:00:30.000+0000"
    assert body["ActivatedById"] == body["LastModifiedById"]


@pytest.mark.parametrize(
    ("switch", "value", "status"),
    [("activate_orders", False, 400), ("activation_needs_items", False, 204)],
)
def test_activation_depends_on_rights_and_switches(org: TestOrg, switch: str, value: bool, status: int) -> None:
    setattr(org.switches, switch, value)
    assert activate(org, org.order()).status == status


def test_statuses_of_ones_own() -> None:
    org = TestOrg(Org(order_statuses=(("Draft", "Draft"), ("In review", "Draft"), ("Booked", "Activated"))))
    record_id = org.order(Status="In review")
    org.item(record_id, org.price())
    assert org.patch(f"/sobjects/Order/{record_id}", {"Status": "Booked"}).status == 204
    assert order(org, record_id)["StatusCode"] == "Activated"
    org.act("deactivate_order", "", Id=record_id)
    assert order(org, record_id)["Status"] == "Draft"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"QBO_Status__c": "POSTED", "QBO_Journal_Entry__c": "7"}, 204),
        ({"Department__c": "East"}, 204),
        ({"Description": "x"}, 204),
        ({"PoNumber": "x"}, 400),
        ({"EffectiveDate": "2026-02-01"}, 400),
        ({"EffectiveDate": "2026-01-05"}, 204),
        ({"AccountId": None}, 400),
    ],
)
def test_an_activated_order_is_locked_but_for_some_fields(org: TestOrg, changes: dict[str, Any], status: int) -> None:
    record_id, _item, _entry = org.active_order()
    reply = org.patch(f"/sobjects/Order/{record_id}", changes)
    assert reply.status == status
    if status == 400:
        assert (reply.code, reply.body[0]["fields"]) == ("INSUFFICIENT_ACCESS_OR_READONLY", sorted(changes))


def test_without_the_right_nothing_of_an_activated_order_can_be_written(org: TestOrg) -> None:
    record_id, item, _entry = org.active_order()
    org.switches.edit_activated_orders = False
    assert org.patch(f"/sobjects/Order/{record_id}", {"QBO_Status__c": "X"}).code == "INSUFFICIENT_ACCESS_OR_READONLY"
    assert org.patch(f"/sobjects/OrderItem/{item}", {"Quantity": 9}).code == "INSUFFICIENT_ACCESS_OR_READONLY"
    org.switches.edit_activated_orders = True
    assert org.patch(f"/sobjects/OrderItem/{item}", {"Quantity": 9}).status == 204
    assert order(org, record_id)["TotalAmount"] == Decimal("90.0")


def test_an_activated_order_keeps_its_items_and_itself(org: TestOrg) -> None:
    record_id, item, entry = org.active_order()
    body = {"OrderId": record_id, "PricebookEntryId": entry, "Quantity": 1, "UnitPrice": 1}
    assert org.post("/sobjects/OrderItem", body).code == "INSUFFICIENT_ACCESS_OR_READONLY"
    assert org.delete(f"/sobjects/OrderItem/{item}").code == "DELETE_FAILED"
    assert org.delete(f"/sobjects/Order/{record_id}").code == "DELETE_FAILED"
    account = order(org, record_id)["AccountId"]
    assert org.delete(f"/sobjects/Account/{account}").code == "DELETE_FAILED"


def test_back_to_draft(org: TestOrg) -> None:
    record_id, _item, _entry = org.active_order()
    assert org.patch(f"/sobjects/Order/{record_id}", {"Status": "Draft"}).status == 204
    body = order(org, record_id)
    assert (body["StatusCode"], body["ActivatedDate"], body["ActivatedById"]) == ("Draft", None, None)
    assert org.delete(f"/sobjects/Order/{record_id}").status == 204
    assert org.column("SELECT COUNT(Id) FROM OrderItem") == [0]
    org.act("undelete", "Order", Id=record_id)
    assert org.column("SELECT COUNT(Id) FROM OrderItem") == [1]


def reduction(org: TestOrg, record_id: str, **more: Any) -> str:
    account = order(org, record_id)["AccountId"]
    return org.order(AccountId=account, IsReductionOrder=True, OriginalOrderId=record_id, **more)


def reduce_by(org: TestOrg, reducing: str, item: str, entry: str, quantity: Any) -> Any:
    body = {"OrderId": reducing, "PricebookEntryId": entry, "OriginalOrderItemId": item, "UnitPrice": 10}
    return org.post("/sobjects/OrderItem", body | {"Quantity": quantity})


def test_a_reduction_order_takes_from_the_original_when_it_is_activated(org: TestOrg) -> None:
    record_id, item, entry = org.active_order()
    reducing = reduction(org, record_id)
    made = reduce_by(org, reducing, item, entry, -1)
    assert made.status == 201, made.text
    assert org.record("OrderItem", made.body["id"])["AvailableQuantity"] == Decimal("0.0")
    assert order(org, reducing)["TotalAmount"] == Decimal("-10.0")
    assert org.record("OrderItem", item)["AvailableQuantity"] == Decimal("2.0")
    assert activate(org, reducing).status == 204
    assert org.record("OrderItem", item)["AvailableQuantity"] == Decimal("1.0")
    back = org.patch(f"/sobjects/Order/{record_id}", {"Status": "Draft"})
    assert back.code == "FAILED_ACTIVATION"
    assert org.patch(f"/sobjects/Order/{reducing}", {"Status": "Draft"}).status == 204
    assert org.record("OrderItem", item)["AvailableQuantity"] == Decimal("2.0")


@pytest.mark.parametrize(
    ("quantity", "sign", "status"),
    [
        *((-2, "negative", 201), (-3, "negative", 400), (1, "negative", 400), (1, "positive", 201)),
        *((-1, "positive", 400), (1, "either", 201), (-1, "either", 201), (0, "either", 400)),
    ],
)
def test_the_sign_and_size_of_a_reduction(org: TestOrg, quantity: int, sign: str, status: int) -> None:
    org.switches.reduction_sign = sign
    record_id, item, entry = org.active_order()
    assert reduce_by(org, reduction(org, record_id), item, entry, quantity).status == status


def test_two_reductions_cannot_take_more_than_there_is(org: TestOrg) -> None:
    record_id, item, entry = org.active_order()
    first, second = reduction(org, record_id), reduction(org, record_id)
    for reducing in (first, second):
        assert reduce_by(org, reducing, item, entry, -2).status == 201
    assert activate(org, first).status == 204
    assert activate(org, second).code == "FAILED_ACTIVATION"


def test_a_reduction_must_name_what_it_reduces(org: TestOrg) -> None:
    record_id, _item, entry = org.active_order()
    draft = org.order(AccountId=order(org, record_id)["AccountId"])
    refused = org.post(
        "/sobjects/Order",
        {"AccountId": org.account(), "EffectiveDate": "2026-01-05", "Status": "Draft"}
        | {"IsReductionOrder": True, "OriginalOrderId": record_id},
    )
    assert refused.body[0]["fields"] == ["OriginalOrderId"]
    assert reduce_by(org, reduction(org, record_id), "802Hs0000000zzz", entry, -1).status == 400
    reducing = reduction(org, record_id)
    body = {"OrderId": reducing, "PricebookEntryId": entry, "UnitPrice": 10, "Quantity": -1}
    assert org.post("/sobjects/OrderItem", body).body[0]["fields"] == ["OriginalOrderItemId"]
    other_entry = org.price()
    loose = org.item(draft, other_entry)
    assert reduce_by(org, reducing, loose, other_entry, -1).body[0]["fields"] == ["OriginalOrderItemId"]


def test_reduction_orders_may_be_switched_off(org: TestOrg) -> None:
    org.switches.reduction_orders = False
    body = {"AccountId": org.account(), "EffectiveDate": "2026-01-05", "Status": "Draft", "IsReductionOrder": True}
    assert org.post("/sobjects/Order", body).code == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_a_total_beyond_18_digits_is_refused(org: TestOrg) -> None:
    big = Decimal("9999999999999999.99")
    record_id, entry = org.order(), org.price()
    body = {"OrderId": record_id, "PricebookEntryId": entry, "Quantity": big, "UnitPrice": big}
    reply = org.post("/sobjects/OrderItem", body)
    assert (reply.code, reply.body[0]["fields"]) == ("NUMBER_OUTSIDE_VALID_RANGE", ["TotalPrice"])
    assert org.item(record_id, entry, quantity=1, price="9999999999999999.99")
