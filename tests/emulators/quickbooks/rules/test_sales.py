"""Invoices, receipts, credit memos, estimates (reference 4.3, 4.4, 6.2, 6.4)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ml_emulators.kit.wire import loads
from ml_emulators.quickbooks import Company

from ..client import Json, Shop, ref


def test_an_invoice_as_it_is_answered(shop: Shop) -> None:
    body = {
        "CustomerRef": ref(shop.customer),
        "Line": [shop.line(100, Qty="4.0", UnitPrice="25.00")],
        "TxnDate": "2026-01-15",
    }
    answer = shop.send("POST", "/invoice", body)
    assert b'"Amount":100.00,' in answer.body
    assert b'"UnitPrice":25,"Qty":4,' in answer.body
    assert b'"TotalTax":0' in answer.body
    made = loads(answer.body)["Invoice"]
    assert made["Line"] == [
        {
            "Id": "1",
            "LineNum": 1,
            "Amount": Decimal(100),
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {
                "ItemRef": {"value": shop.item, "name": "Seat"},
                "UnitPrice": 25,
                "Qty": 4,
                "ItemAccountRef": {"value": shop.sales, "name": "Subscription"},
                "TaxCodeRef": {"value": "NON"},
            },
            "CustomExtensions": [],
        },
        {"Amount": Decimal(100), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}},
    ]
    assert (made["DocNumber"], made["DueDate"], made["LinkedTxn"]) == ("1001", "2026-02-14", [])
    assert (made["TotalAmt"], made["Balance"], made["HomeTotalAmt"], made["ExchangeRate"]) == (100, 100, 100, 1)
    assert (made["EmailStatus"], made["PrintStatus"]) == ("NotSet", "NeedToPrint")


@pytest.mark.parametrize(
    ("lines", "tax", "total"),
    [
        ([("item", 100)], None, "100.00"),
        ([("item", "0.10"), ("item", "0.20")], None, "0.30"),
        ([("item", 200), ("percent", 10)], None, "180.00"),
        ([("item", 200), ("fixed", "12.34")], None, "187.66"),
        ([("item", 100)], "8.25", "108.25"),
        ([("item", 100), ("memo", 55)], None, "100.00"),
        ([("item", 100), ("text", 0)], None, "100.00"),
        ([("group", 30), ("item", 5)], None, "35.00"),
        ([("item", "33.33"), ("percent", "12.5")], "1", "30.16"),
    ],
)
def test_totals(shop: Shop, lines: list[tuple[str, Any]], tax: str | None, total: str) -> None:
    def line(kind: str, value: Any) -> Json:
        detail: dict[str, Json] = {
            "item": shop.line(value),
            "memo": {"Amount": value, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {}},
            "text": {"Description": "hello", "DetailType": "DescriptionOnly", "DescriptionLineDetail": {}},
            "percent": {
                "DetailType": "DiscountLineDetail",
                "DiscountLineDetail": {"PercentBased": True, "DiscountPercent": value},
            },
            "fixed": {"Amount": value, "DetailType": "DiscountLineDetail", "DiscountLineDetail": {}},
            "group": {"DetailType": "GroupLineDetail", "GroupLineDetail": {"Line": [shop.line(value)]}},
        }
        return detail[kind]

    more = {} if tax is None else {"TxnTaxDetail": {"TotalTax": tax}}
    made = shop.invoice(Line=[line(*one) for one in lines], **more)
    assert (str(made["TotalAmt"]), str(made["Balance"])) == (total, total)
    assert str(shop.read("Customer", shop.customer)["Balance"]) == total


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"CustomerRef": None}, "2020"),
        ({"Line": []}, "2020"),
        ({"Line": [{"Description": "x", "DetailType": "DescriptionOnly"}]}, "6000"),
        ({"Line": [{"Amount": 5, "DetailType": "Wrong"}]}, "2170"),
        ({"Line": [{"Amount": 5}]}, "2020"),
        ({"Line": [{"DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": {"value": "1"}}}]}, "2020"),
        (
            {
                "Line": [
                    {
                        "Amount": 5,
                        "DetailType": "SalesItemLineDetail",
                        "SalesItemLineDetail": {"ItemRef": {"value": "9"}},
                    }
                ]
            },
            "2500",
        ),
        ({"Line": [{"Amount": 5, "DetailType": "SalesItemLineDetail", "Surprise": 1}]}, "2010"),
        ({"CustomerRef": {"value": "77"}}, "2500"),
        ({"DocNumber": "x" * 22}, "2050"),
        ({"PrivateNote": "x" * 4001}, "2050"),
        ({"CustomerMemo": {"value": "x" * 1001}}, "2050"),
        ({"EmailStatus": "NeedToSend"}, "6000"),
        ({"EmailStatus": "Later"}, "2170"),
        ({"CurrencyRef": {"value": "EUR"}}, "6000"),
        ({"TxnDate": "2026-13-01"}, "2090"),
        ({"Balanced": True}, "2010"),
    ],
)
def test_what_is_refused(shop: Shop, change: Json, code: str) -> None:
    body = {"CustomerRef": ref(shop.customer), "Line": [shop.line()], **change}
    assert shop.fault("/invoice", body)["code"] == code
    assert shop.query("select count(*) from Invoice") == {"totalCount": 0}


@pytest.mark.parametrize(
    ("qty", "price", "amount", "good"), [(3, "33.333", 100, True), (3, "33.34", 100, False), ("0.5", 7, "3.5", True)]
)
def test_amount_is_quantity_times_price(shop: Shop, qty: Any, price: Any, amount: Any, good: bool) -> None:
    body = {"CustomerRef": ref(shop.customer), "Line": [shop.line(amount, Qty=qty, UnitPrice=price)]}
    answer = shop.send("POST", "/invoice", body)
    assert answer.status == (200 if good else 400)


def test_lines_are_replaced_whole(shop: Shop) -> None:
    made = shop.invoice(Line=[{**shop.line(1), "Description": "a"}, shop.line(2)])
    second = {key: made["Line"][1][key] for key in ("Id", "Amount", "DetailType", "SalesItemLineDetail")}
    changed = shop.change("Invoice", made, Line=[second, shop.line(4)])
    assert [(one.get("Id"), one.get("LineNum"), one["Amount"]) for one in changed["Line"]] == [
        ("2", 1, 2),
        ("3", 2, 4),
        (None, None, 6),
    ]
    assert changed["TotalAmt"] == 6


@pytest.mark.parametrize(
    ("term", "issued", "due"),
    [
        ({"DueDays": 15}, "2026-11-22", "2026-12-07"),
        ({"DueDays": 0}, "2026-11-22", "2026-11-22"),
        ({"Type": "DATE_DRIVEN", "DayOfMonthDue": 10, "DueNextMonthDays": 5}, "2026-11-03", "2026-11-10"),
        ({"Type": "DATE_DRIVEN", "DayOfMonthDue": 10, "DueNextMonthDays": 5}, "2026-11-08", "2026-12-10"),
        ({"Type": "DATE_DRIVEN", "DayOfMonthDue": 10, "DueNextMonthDays": 5}, "2026-12-22", "2027-01-10"),
    ],
)
def test_due_dates_follow_the_terms(shop: Shop, term: Json, issued: str, due: str) -> None:
    made = shop.make("Term", Name="T", **term)
    assert shop.invoice(TxnDate=issued, SalesTermRef=ref(made["Id"]))["DueDate"] == due
    shop.change("Customer", shop.read("Customer", shop.customer), SalesTermRef=ref(made["Id"]))
    from_customer = shop.invoice(TxnDate=issued)
    assert (from_customer["DueDate"], from_customer["SalesTermRef"]["name"]) == (due, "T")
    assert shop.invoice(DueDate="2027-05-05")["DueDate"] == "2027-05-05"


def test_addresses_come_from_the_customer(shop: Shop) -> None:
    shop.change("Customer", shop.read("Customer", shop.customer), BillAddr={"Line1": "1 Road"})
    assert shop.invoice()["BillAddr"] == {"Id": "1", "Line1": "1 Road"}
    assert shop.invoice(BillAddr={"Line1": "9 Lane"})["BillAddr"] == {"Id": "2", "Line1": "9 Lane"}


def test_numbers_count_on_over_all_sales_forms(shop: Shop) -> None:
    receipt: Json = {"Line": [shop.line()]}
    assert [shop.invoice()["DocNumber"], shop.make("SalesReceipt", **receipt)["DocNumber"]] == ["1001", "1002"]
    assert shop.invoice(DocNumber="2000")["DocNumber"] == "2000"
    assert shop.invoice()["DocNumber"] == "2001"
    assert shop.invoice(DocNumber="SF-7")["DocNumber"] == "SF-7"
    assert shop.invoice(DocNumber="AUTO_GENERATE")["DocNumber"] == "2002"


def test_custom_numbers_stay_empty_unless_asked_for() -> None:
    shop = Shop(Company(custom_txn_numbers=True))
    assert "DocNumber" not in shop.invoice()
    assert shop.invoice(DocNumber="AUTO_GENERATE")["DocNumber"] == "1001"


def test_a_number_is_used_once_on_each_kind_of_form(shop: Shop) -> None:
    first = shop.invoice(DocNumber="SF-1")
    body = {"CustomerRef": ref(shop.customer), "Line": [shop.line()], "DocNumber": "sf-1"}
    error = shop.fault("/invoice", body)
    assert (error["code"], f"TxnId={first['Id']}" in error["Detail"]) == ("6140", True)
    shop.make("CreditMemo", **body)
    shop.post("/invoice", body, include="allowduplicatedocnum")
    shop.server.switches.refuse_duplicate_sales_numbers = False
    shop.make("Invoice", **body)


def test_dimensions_follow_the_preferences(shop: Shop) -> None:
    shop.make("Department", Name="East")
    shop.make("Class", Name="SaaS")
    sent = {"DepartmentRef": ref("1"), "ClassRef": ref("1"), "Line": [shop.line(1, ClassRef=ref("1"))]}
    made = shop.invoice(**sent)
    assert made["DepartmentRef"] == {"value": "1", "name": "East"}
    assert made["Line"][0]["SalesItemLineDetail"]["ClassRef"] == {"value": "1", "name": "SaaS"}
    assert "ClassRef" not in made
    shop.set_preferences(
        AccountingInfoPrefs={"TrackDepartments": False, "ClassTrackingPerTxnLine": False, "ClassTrackingPerTxn": True}
    )
    made = shop.invoice(**sent)
    assert "DepartmentRef" not in made
    assert "ClassRef" not in made["Line"][0]["SalesItemLineDetail"]
    assert made["ClassRef"]["name"] == "SaaS"


def test_foreign_invoices_carry_the_rate_of_their_day(shop: Shop) -> None:
    shop.server.act({"op": "set_exchange_rate", "body": {"currency": "EUR", "rate": "1.085", "day": "2026-11-01"}})
    made = shop.invoice("99.99", CustomerRef=ref(shop.euro_customer), TxnDate="2026-11-05")
    assert (made["CurrencyRef"]["value"], str(made["ExchangeRate"]), str(made["HomeTotalAmt"])) == (
        "EUR",
        "1.085",
        "108.49",
    )
    assert shop.invoice(CustomerRef=ref(shop.euro_customer), TxnDate="2026-10-05")["ExchangeRate"] == 1
    assert str(shop.invoice(CustomerRef=ref(shop.euro_customer), ExchangeRate="1.2")["ExchangeRate"]) == "1.2"
    assert str(shop.read("Account", shop.euro_receivable)["CurrentBalance"]) == "299.99"


def test_switch_the_currency_must_be_named(shop: Shop) -> None:
    shop.server.switches.currency_required = True
    body = {"CustomerRef": ref(shop.customer), "Line": [shop.line()]}
    assert shop.fault("/invoice", body)["element"] == "CurrencyRef"
    shop.make("Invoice", **body, CurrencyRef=ref("USD"))


def test_custom_fields_without_a_definition_vanish() -> None:
    shop = Shop(Company(custom_fields=(("1", "Crew #"),)))
    sent = [{"DefinitionId": "1", "Type": "StringType", "StringValue": "x"}, {"DefinitionId": "4", "StringValue": "y"}]
    assert shop.invoice(CustomField=sent)["CustomField"] == sent[:1]


def test_a_void_leaves_zeros(shop: Shop) -> None:
    made = shop.invoice(Line=[shop.line(10, Qty=2, UnitPrice=5)], PrivateNote="as agreed")
    body = {"Id": made["Id"], "SyncToken": "0"}
    gone = shop.post("/invoice", body, operation="void")["Invoice"]
    assert (gone["TotalAmt"], gone["Balance"], gone["LinkedTxn"], gone["PrivateNote"]) == (
        0,
        0,
        [],
        "Voided - as agreed",
    )
    assert [(line["Amount"], line.get("SalesItemLineDetail", {}).get("Qty")) for line in gone["Line"]] == [
        (0, 0),
        (0, None),
    ]
    assert gone["SyncToken"] == "1"
    assert shop.read("Customer", shop.customer)["Balance"] == 0
    assert shop.post("/invoice", {**body, "SyncToken": "1"}, operation="void")["Invoice"]["SyncToken"] == "1"


def test_a_receipt_is_voided_by_an_update(shop: Shop) -> None:
    made = shop.make("SalesReceipt", Line=[shop.line(10)], DepositToAccountRef=ref(shop.bank))
    body = {"Id": made["Id"], "SyncToken": "0", "sparse": True}
    gone = shop.post("/salesreceipt", body, operation="update", include="void")["SalesReceipt"]
    assert (gone["TotalAmt"], gone["PrivateNote"]) == (0, "Voided")
    assert shop.read("Account", shop.bank)["CurrentBalance"] == 0


def test_a_deleted_form_is_gone(shop: Shop) -> None:
    made = shop.invoice()
    answer = shop.post("/invoice", {"Id": made["Id"], "SyncToken": "0"}, operation="delete")
    assert list(answer["Invoice"].items()) == [("domain", "QBO"), ("status", "Deleted"), ("Id", made["Id"])]
    assert shop.ids("select * from Invoice") == []
    assert shop.fault("/invoice", {"Id": made["Id"], "SyncToken": "0"}, operation="delete")["code"] == "610"
    assert shop.fault("/invoice", {"Id": made["Id"], "SyncToken": "0", "sparse": True})["code"] == "610"


def test_closed_books_hold_invoices_too(shop: Shop) -> None:
    made = shop.invoice(TxnDate="2026-10-31")
    shop.set_preferences(AccountingInfoPrefs={"BookCloseDate": "2026-10-31"})
    body = {"Id": made["Id"], "SyncToken": "0"}
    for params in ({"operation": "void"}, {"operation": "delete"}):
        assert shop.fault("/invoice", body, **params)["code"] == "6210"


def test_an_invoice_from_an_estimate_closes_it(shop: Shop) -> None:
    estimate = shop.make("Estimate", CustomerRef=ref(shop.customer), Line=[shop.line(10)])
    assert (estimate["TxnStatus"], estimate["DocNumber"]) == ("Pending", "1001")
    link = [{"TxnId": estimate["Id"], "TxnType": "Estimate"}]
    made = shop.invoice(10, LinkedTxn=link)
    assert made["LinkedTxn"] == link
    closed = shop.read("Estimate", estimate["Id"])
    assert (closed["TxnStatus"], closed["LinkedTxn"]) == ("Closed", [{"TxnId": made["Id"], "TxnType": "Invoice"}])
    assert (
        shop.fault(
            "/invoice",
            {
                "CustomerRef": ref(shop.customer),
                "Line": [shop.line()],
                "LinkedTxn": [{"TxnId": "999", "TxnType": "Estimate"}],
            },
        )["code"]
        == "2500"
    )


def test_an_estimate_moves_no_balance(shop: Shop) -> None:
    shop.make("Estimate", CustomerRef=ref(shop.customer), Line=[shop.line(10)])
    assert shop.read("Customer", shop.customer)["Balance"] == 0


def test_what_a_company_lacks_it_opens_by_itself(shop: Shop) -> None:
    shop.make("SalesReceipt", Line=[shop.line(5)], TxnTaxDetail={"TotalTax": 1})
    opened = shop.query("select * from Account where AccountSubType IN ('UndepositedFunds', 'SalesTaxPayable')")[
        "Account"
    ]
    assert [(one["Name"], str(one["CurrentBalance"])) for one in opened] == [
        ("Sales Tax Payable", "-1.00"),
        ("Undeposited Funds", "6.00"),
    ]
