"""Bills, vendor credits and refunds: what they need, what they post (reference 4.3 and 6.10)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ..client import Json, Shop, ref


@pytest.fixture
def rent(shop: Shop) -> str:
    return shop.account("Rent", "Expense")


def bought(account: str, amount: Any = 40, **more: Any) -> Json:
    detail = {"AccountRef": ref(account), **more}
    kind = "AccountBasedExpenseLineDetail"
    return {"Amount": amount, "DetailType": kind, kind: detail}


def bill(shop: Shop, *lines: Json, kind: str = "Bill", **more: Any) -> Json:
    return shop.make(kind, VendorRef=ref(shop.vendor), Line=list(lines), **more)


def balance(shop: Shop, kind: str, record_id: str) -> Any:
    record = shop.read(kind, record_id)
    return record["Balance" if kind == "Vendor" else "CurrentBalance"]


def test_a_bill_as_it_is_answered(shop: Shop, rent: str) -> None:
    made = bill(shop, bought(rent, "40.5", CustomerRef=ref(shop.customer)), DocNumber="B-1")
    line = {
        "Id": "1",
        "LineNum": 1,
        "Amount": Decimal("40.50"),
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {
            "AccountRef": {"value": rent, "name": "Rent"},
            "CustomerRef": {"value": shop.customer, "name": "Blue Heron"},
            "BillableStatus": "NotBillable",
            "TaxCodeRef": {"value": "NON"},
        },
    }
    assert made["Line"] == [line]
    assert list(made["Line"][0]) == list(line)
    assert (made["TotalAmt"], made["Balance"], made["DueDate"]) == (Decimal("40.50"), Decimal("40.50"), "2026-11-22")
    assert made["VendorRef"] == {"value": shop.vendor, "name": "Paper Mill"}
    assert made["APAccountRef"] == {"value": shop.payable, "name": "Accounts Payable (A/P)"}
    assert "DocNumber" not in bill(shop, bought(rent))


@pytest.mark.parametrize(("kind", "owed"), [("Bill", 40), ("VendorCredit", -40)])
def test_what_is_owed_moves_the_vendor_and_the_payable(shop: Shop, rent: str, kind: str, owed: int) -> None:
    made = bill(shop, bought(rent), kind=kind)
    assert (balance(shop, "Vendor", shop.vendor), balance(shop, "Account", shop.payable)) == (owed, -owed)
    shop.post(f"/{kind.lower()}", {"Id": made["Id"], "SyncToken": "0"}, operation="delete")
    assert (balance(shop, "Vendor", shop.vendor), balance(shop, "Account", shop.payable)) == (0, 0)


def test_an_item_is_booked_on_its_expense_account(shop: Shop, rent: str) -> None:
    paper = shop.make("Item", Name="Paper", Type="Service", ExpenseAccountRef=ref(rent))["Id"]
    kind = "ItemBasedExpenseLineDetail"
    made = bill(shop, {"Amount": 12, "DetailType": kind, kind: {"ItemRef": ref(paper), "Qty": 3, "UnitPrice": 4}})
    assert (made["TotalAmt"], balance(shop, "Vendor", shop.vendor)) == (12, 12)


def test_the_term_of_the_vendor_makes_the_due_date(shop: Shop, rent: str) -> None:
    term = shop.make("Term", Name="Net 10", DueDays=10)["Id"]
    vendor = shop.make("Vendor", DisplayName="Slow", TermRef=ref(term))["Id"]
    made = shop.make("Bill", VendorRef=ref(vendor), Line=[bought(rent)])
    assert (made["DueDate"], made["SalesTermRef"]) == ("2026-12-02", {"value": term, "name": "Net 10"})


@pytest.mark.parametrize(
    ("more", "code", "element"),
    [
        ({}, "2020", "VendorRef"),
        ({"PrivateNote": "only this"}, "2020", "VendorRef"),
    ],
)
def test_a_sparse_update_needs_the_vendor_again(shop: Shop, rent: str, more: Json, code: str, element: str) -> None:
    made = bill(shop, bought(rent))
    sparse = {"Id": made["Id"], "SyncToken": "0", "sparse": True, **more}
    error = shop.fault("/bill", sparse)
    assert (error["code"], error["element"]) == (code, element)
    changed = shop.post("/bill", {**sparse, "VendorRef": ref(shop.vendor), "PrivateNote": "x"})["Bill"]
    assert (changed["SyncToken"], changed["PrivateNote"], len(changed["Line"])) == ("1", "x", 1)


def test_a_line_left_out_is_gone(shop: Shop, rent: str) -> None:
    made = bill(shop, bought(rent, 10), bought(rent, 5))
    changed = shop.change("Bill", made, VendorRef=ref(shop.vendor), Line=[made["Line"][0]])
    assert (changed["TotalAmt"], [line["Id"] for line in changed["Line"]]) == (10, ["1"])
    assert balance(shop, "Vendor", shop.vendor) == 10


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"Line": []}, "2020"),
        ({"Line": [{"DetailType": "AccountBasedExpenseLineDetail"}]}, "2020"),
        ({"Line": [{"DetailType": "AccountBasedExpenseLineDetail", "Amount": 1}]}, "2020"),
        ({"Line": [{"DetailType": "ItemBasedExpenseLineDetail", "Amount": 1}]}, "2020"),
        ({"Line": [{"DetailType": "SalesItemLineDetail", "Amount": 1}]}, "2170"),
        ({"Line": [bought("999")]}, "2500"),
        ({"VendorRef": ref("999")}, "2500"),
        ({"CurrencyRef": ref("EUR")}, "6000"),
        ({"DocNumber": "x" * 22}, "2050"),
    ],
)
def test_bills_that_are_refused(shop: Shop, rent: str, body: Json, code: str) -> None:
    good = {"VendorRef": ref(shop.vendor), "Line": [bought(rent)]}
    assert shop.fault("/bill", {**good, **body})["code"] == code


@pytest.mark.parametrize("account", ["receivable", "payable"])
def test_receivable_and_payable_are_no_expense(shop: Shop, account: str) -> None:
    body = {"VendorRef": ref(shop.vendor), "Line": [bought(getattr(shop, account))]}
    assert shop.fault("/bill", body)["code"] == "6430"


def test_an_item_that_is_only_sold_cannot_be_bought(shop: Shop) -> None:
    kind = "ItemBasedExpenseLineDetail"
    line = {"Amount": 1, "DetailType": kind, kind: {"ItemRef": ref(shop.item)}}
    assert shop.fault("/bill", {"VendorRef": ref(shop.vendor), "Line": [line]})["code"] == "6000"


def test_closed_books_hold_bills_too(shop: Shop, rent: str) -> None:
    shop.set_preferences(AccountingInfoPrefs={"BookCloseDate": "2026-10-31"})
    body = {"VendorRef": ref(shop.vendor), "Line": [bought(rent)], "TxnDate": "2026-10-31"}
    assert shop.fault("/bill", body)["code"] == "6210"


def test_bills_are_found_by_vendor_and_balance(shop: Shop, rent: str) -> None:
    made = [bill(shop, bought(rent, amount))["Id"] for amount in (10, 20)]
    assert shop.ids(f"select * from Bill where VendorRef = '{shop.vendor}' and Balance > '15'") == made[1:]
    changed = shop.get("/cdc", entities="Bill", changedSince="2026-11-22")["CDCResponse"][0]["QueryResponse"][0]
    assert [one["Id"] for one in changed["Bill"]] == made


@pytest.mark.parametrize(("kind", "code"), [("RefundReceipt", "500"), ("VendorCredit", "500")])
def test_what_the_interface_cannot_void(shop: Shop, kind: str, code: str) -> None:
    assert shop.fault(f"/{kind.lower()}", {"Id": "1", "SyncToken": "0"}, operation="void")["code"] == code


def test_a_refund_takes_money_and_income_back(shop: Shop) -> None:
    refund = {"CustomerRef": ref(shop.customer), "Line": [shop.line(30)]}
    error = shop.fault("/refundreceipt", refund)
    assert (error["code"], error["element"]) == ("2020", "DepositToAccountRef")
    made = shop.make("RefundReceipt", **refund, DepositToAccountRef=ref(shop.bank))
    assert (made["TotalAmt"], made["Balance"], made["DocNumber"]) == (30, 0, "1001")
    assert (balance(shop, "Account", shop.bank), shop.read("Customer", shop.customer)["Balance"]) == (-30, 0)
    shop.post("/refundreceipt", {"Id": made["Id"], "SyncToken": "0"}, operation="delete")
    assert balance(shop, "Account", shop.bank) == 0
