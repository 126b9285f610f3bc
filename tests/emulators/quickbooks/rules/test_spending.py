"""Money out and money moved: bills paid, expenses, deposits, transfers, orders, hours (reference 4.3, 6.10, 12.2)."""

from __future__ import annotations

from typing import Any

import pytest

from ml_emulators.kit.wire import loads
from ml_emulators.quickbooks import Fault

from ..client import Json, Shop, ref
from ..endpoint import Endpoint


def cost(shop: Shop, amount: Any = 50, **detail: Any) -> Json:
    inner = {"AccountRef": ref(shop.unbilled), **detail}
    return {"Amount": amount, "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": inner}


def bill(shop: Shop, amount: Any = 50, kind: str = "Bill", **more: Any) -> Json:
    return shop.make(kind, VendorRef=ref(shop.vendor), Line=[cost(shop, amount)], **more)


def bill_payment(shop: Shop, amount: Any, *applied: tuple[str, Json, Any], **more: Any) -> Json:
    lines = [{"Amount": part, "LinkedTxn": [{"TxnId": txn["Id"], "TxnType": kind}]} for kind, txn, part in applied]
    return {
        "VendorRef": ref(shop.vendor),
        "PayType": "Check",
        "CheckPayment": {"BankAccountRef": ref(shop.bank)},
        "TotalAmt": amount,
        "Line": lines,
        **more,
    }


def balance(shop: Shop, account: str) -> Any:
    return shop.read("Account", account)["CurrentBalance"]


# Payments of bills


def test_a_payment_settles_a_bill(shop: Shop) -> None:
    owed = bill(shop, 50)
    paid = shop.make("BillPayment", **bill_payment(shop, 20, ("Bill", owed, 20)))
    left = shop.read("Bill", owed["Id"])
    assert (left["Balance"], left["SyncToken"]) == (30, "1")
    assert left["LinkedTxn"] == [{"TxnId": paid["Id"], "TxnType": "BillPaymentCheck"}]
    assert shop.read("Vendor", shop.vendor)["Balance"] == 30
    assert balance(shop, shop.bank) == -20


def test_a_vendor_credit_pays_along(shop: Shop) -> None:
    owed, credit = bill(shop, 50), bill(shop, 15, "VendorCredit")
    shop.make("BillPayment", **bill_payment(shop, 35, ("Bill", owed, 50), ("VendorCredit", credit, 15)))
    assert shop.read("Bill", owed["Id"])["Balance"] == 0
    assert shop.read("VendorCredit", credit["Id"])["Balance"] == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"PayType": None}, "2020"),
        ({"VendorRef": None}, "2020"),
        ({"CheckPayment": None}, "2020"),
        ({"TotalAmt": 10}, "6000"),
        ({"TotalAmt": -1}, "6000"),
        ({"CheckPayment": {"BankAccountRef": ref("1")}}, "6430"),
        ({"PayType": "Barter"}, "2170"),
    ],
)
def test_payments_of_bills_that_are_refused(shop: Shop, changes: Json, code: str) -> None:
    owed = bill(shop)
    assert shop.fault("/billpayment", {**bill_payment(shop, 50, ("Bill", owed, 50)), **changes})["code"] == code


def test_not_more_than_is_owed_and_not_another_vendor(shop: Shop) -> None:
    owed = bill(shop, 50)
    assert shop.fault("/billpayment", bill_payment(shop, 60, ("Bill", owed, 60)))["code"] == "6000"
    other = shop.make("Vendor", DisplayName="Other")["Id"]
    refused = bill_payment(shop, 50, ("Bill", owed, 50), VendorRef=ref(other))
    assert shop.fault("/billpayment", refused)["code"] == "6000"
    gone = {**owed, "Id": "999"}
    assert shop.fault("/billpayment", bill_payment(shop, 50, ("Bill", gone, 50)))["code"] == "610"
    assert shop.fault("/billpayment", bill_payment(shop, 50, ("Invoice", owed, 50)))["code"] == "2170"


def test_a_paid_bill_is_not_deleted_before_its_payment(shop: Shop) -> None:
    owed = bill(shop)
    paid = shop.make("BillPayment", **bill_payment(shop, 50, ("Bill", owed, 50)))
    now = shop.read("Bill", owed["Id"])
    assert shop.fault("/bill", {"Id": now["Id"], "SyncToken": now["SyncToken"]}, operation="delete")["code"] == "6000"
    shop.post("/billpayment", {"Id": paid["Id"], "SyncToken": "0"}, operation="delete")
    now = shop.read("Bill", owed["Id"])
    assert (now["Balance"], now["LinkedTxn"]) == (50, [])
    shop.post("/bill", {"Id": now["Id"], "SyncToken": now["SyncToken"]}, operation="delete")
    assert shop.read("Vendor", shop.vendor)["Balance"] == 0


def test_a_payment_of_a_bill_is_voided_by_update_with_include(shop: Shop) -> None:
    owed = bill(shop)
    paid = shop.make("BillPayment", **bill_payment(shop, 50, ("Bill", owed, 50)))
    body = {"Id": paid["Id"], "SyncToken": "0", "sparse": True}
    assert shop.fault("/billpayment", body, operation="void")["code"] == "500"
    voided = shop.post("/billpayment", body, operation="update", include="void")["BillPayment"]
    assert (voided["TotalAmt"], voided["PrivateNote"], voided["Line"]) == (0, "Voided", [])
    assert shop.read("Bill", owed["Id"])["Balance"] == 50
    assert balance(shop, shop.bank) == 0


def test_bills_with_the_same_number_by_preference(shop: Shop) -> None:
    bill(shop, DocNumber="B-1")
    bill(shop, DocNumber="B-1")
    shop.set_preferences(OtherPrefs={"NameValue": [{"Name": "WarnDuplicateBillNumber", "Value": "true"}]})
    body = {"VendorRef": ref(shop.vendor), "Line": [cost(shop)], "DocNumber": "B-1"}
    assert shop.fault("/bill", body)["code"] == "6140"
    assert shop.post("/bill", body, include="allowduplicatedocnum")["Bill"]["DocNumber"] == "B-1"


# Expenses


def expense(shop: Shop, **more: Any) -> Json:
    return {"PaymentType": "Check", "AccountRef": ref(shop.bank), "Line": [cost(shop, 40)], **more}


def test_an_expense_is_paid_at_once(shop: Shop) -> None:
    made = shop.make("Purchase", **expense(shop, EntityRef={"value": shop.vendor, "type": "Vendor"}))
    assert (made["TotalAmt"], made["EntityRef"]) == (40, {"value": shop.vendor, "type": "Vendor", "name": "Paper Mill"})
    assert (balance(shop, shop.bank), balance(shop, shop.unbilled)) == (-40, 40)


def test_a_sparse_update_of_an_expense_needs_its_payment_type(shop: Shop) -> None:
    made = shop.make("Purchase", **expense(shop))
    body = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "PrivateNote": "x"}
    error = shop.fault("/purchase", body)
    assert (error["code"], error["element"]) == ("2020", "PaymentType")
    assert shop.post("/purchase", {**body, "PaymentType": "Check"})["Purchase"]["PrivateNote"] == "x"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"AccountRef": None}, "2020"),
        ({"Line": []}, "2020"),
        ({"PaymentType": "CreditCard"}, "6430"),
        ({"DocNumber": "x" * 22}, "2050"),
        ({"AccountRef": ref("999")}, "2500"),
    ],
)
def test_expenses_that_are_refused(shop: Shop, changes: Json, code: str) -> None:
    assert shop.fault("/purchase", {**expense(shop), **changes})["code"] == code


def test_a_card_refund_goes_the_other_way(shop: Shop) -> None:
    card = shop.account("Card", "Credit Card")
    shop.make("Purchase", **expense(shop, PaymentType="CreditCard", AccountRef=ref(card), Credit=True))
    assert balance(shop, shop.unbilled) == -40


# Deposits


def deposit(shop: Shop, *lines: Json) -> Json:
    return {"DepositToAccountRef": ref(shop.bank), "Line": list(lines)}


def taken(kind: str, txn: Json) -> Json:
    return {"LinkedTxn": [{"TxnId": txn["Id"], "TxnType": kind, "TxnLineId": "0"}]}


def test_a_deposited_payment_cannot_change(shop: Shop) -> None:
    paid = shop.pay(30)
    made = shop.make("Deposit", **deposit(shop, taken("Payment", paid)))
    assert (made["TotalAmt"], balance(shop, shop.bank)) == (30, 30)
    change = {"Id": paid["Id"], "SyncToken": "0", "sparse": True, "PrivateNote": "x"}
    assert shop.fault("/payment", change)["code"] == "6540"
    assert shop.fault("/payment", change, operation="delete")["code"] == "6540"
    assert shop.fault("/payment", change, operation="update", include="void")["code"] == "6540"
    shop.post("/deposit", {"Id": made["Id"], "SyncToken": "0"}, operation="delete")
    assert shop.post("/payment", change)["Payment"]["PrivateNote"] == "x"
    assert balance(shop, shop.bank) == 0


def test_a_deposit_out_of_an_account(shop: Shop) -> None:
    line = {"Amount": 12, "DetailType": "DepositLineDetail", "DepositLineDetail": {"AccountRef": ref(shop.sales)}}
    assert shop.make("Deposit", **deposit(shop, line))["TotalAmt"] == 12
    assert balance(shop, shop.bank) == 12


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ({"Amount": 5, "DetailType": "DepositLineDetail", "DepositLineDetail": {}}, "2020"),
        ({"LinkedTxn": [{"TxnId": "999", "TxnType": "Payment"}]}, "610"),
        ({"LinkedTxn": [{"TxnId": "1", "TxnType": "Bill"}]}, "2170"),
    ],
)
def test_deposits_that_are_refused(shop: Shop, line: Json, code: str) -> None:
    assert shop.fault("/deposit", deposit(shop, line))["code"] == code


def test_a_payment_is_deposited_once_and_only_out_of_undeposited_funds(shop: Shop) -> None:
    paid, direct = shop.pay(30), shop.pay(5, DepositToAccountRef=ref(shop.bank))
    shop.make("Deposit", **deposit(shop, taken("Payment", paid)))
    for txn in (paid, direct):
        assert shop.fault("/deposit", deposit(shop, taken("Payment", txn)))["code"] == "6000"


# Transfers, orders, hours


def test_a_transfer_moves_money(shop: Shop) -> None:
    savings = shop.account("Savings", "Bank")
    body = {"FromAccountRef": ref(shop.bank), "ToAccountRef": ref(savings), "Amount": 70}
    shop.make("Transfer", **body)
    assert (balance(shop, shop.bank), balance(shop, savings)) == (-70, 70)
    assert shop.fault("/transfer", {**body, "Amount": 0})["code"] == "6000"
    assert shop.fault("/transfer", {**body, "ToAccountRef": ref(shop.bank)})["code"] == "6000"
    assert shop.fault("/transfer", {**body, "ToAccountRef": ref(shop.euro_receivable)})["code"] == "6000"


def test_a_purchase_order_books_nothing(shop: Shop) -> None:
    made = shop.make("PurchaseOrder", VendorRef=ref(shop.vendor), Line=[cost(shop, 9)])
    assert (made["TotalAmt"], made["POStatus"], made["DocNumber"]) == (9, "Open", "1001")
    assert shop.read("Vendor", shop.vendor)["Balance"] == 0


def test_hours_worked(shop: Shop) -> None:
    employee = shop.make("Employee", GivenName="Kit")["Id"]
    made = shop.make("TimeActivity", NameOf="Employee", EmployeeRef=ref(employee), Hours=2, ItemRef=ref(shop.item))
    assert (made["EmployeeRef"]["name"], made["Minutes"]) == ("Kit", 0)
    assert shop.fault("/timeactivity", {"NameOf": "Vendor"})["element"] == "VendorRef"
    assert shop.send("GET", "/cdc", entities="TimeActivity", changedSince="2026-11-22").status == 400


def test_only_users_void_these(shop: Shop) -> None:
    memo = shop.make("CreditMemo", CustomerRef=ref(shop.customer), Line=[shop.line(8)])
    spent = shop.make("Purchase", **expense(shop))
    assert shop.fault("/creditmemo", {"Id": memo["Id"], "SyncToken": "0"}, operation="void")["code"] == "500"
    for kind, txn in (("CreditMemo", memo), ("Purchase", spent)):
        voided = shop.server.act({"op": "void", "kind": kind, "id": txn["Id"]})
        assert (voided["TotalAmt"], voided["PrivateNote"]) == (0, "Voided")
    with pytest.raises(Fault):
        shop.server.act({"op": "void", "kind": "Bill", "id": bill(shop)["Id"]})
    assert balance(shop, shop.bank) == 0


# Sent by mail


def send(shop: Shop, kind: str, record_id: str, **params: str) -> Any:
    headers = {"content-type": "application/octet-stream"}
    return shop.send("POST", f"/{kind.lower()}/{record_id}/send", b"", headers, **params)


def test_an_invoice_is_sent(shop: Shop) -> None:
    endpoint, made = Endpoint(shop), shop.invoice()
    assert send(shop, "Invoice", made["Id"]).status == 400, "it has no address"
    sent = loads(send(shop, "Invoice", made["Id"], sendTo="ann@acme.co").body)["Invoice"]
    assert (sent["EmailStatus"], sent["BillEmail"]) == ("EmailSent", {"Address": "ann@acme.co"})
    assert sent["DeliveryInfo"]["DeliveryType"] == "Email"
    assert endpoint.told()[-1] == f"qbo.invoice.emailed.v1 {made['Id']}"


def test_what_cannot_be_sent(shop: Shop) -> None:
    for kind, record_id, params in (
        ("Bill", bill(shop)["Id"], {}),
        ("Invoice", "999", {}),
        ("Invoice", shop.invoice()["Id"], {"sendTo": "nobody"}),
    ):
        assert send(shop, kind, record_id, **params).status == 400
