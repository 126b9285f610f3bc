"""Payments and what they do to invoices, credit memos and customers (reference 6.3, 6.4)."""

from __future__ import annotations

from typing import Any

import pytest

from ..client import Json, Shop, journal_line, named, ref


def balances(shop: Shop, invoice: Json) -> tuple[str, str]:
    """Of the invoice and of its customer."""
    return str(shop.read("Invoice", invoice["Id"])["Balance"]), str(shop.read("Customer", shop.customer)["Balance"])


def test_a_payment_without_lines_waits_unapplied(shop: Shop) -> None:
    made = shop.pay(100)
    assert {key: str(made[key]) for key in ("TotalAmt", "UnappliedAmt")} == {
        "TotalAmt": "100.00",
        "UnappliedAmt": "100.00",
    }
    assert (made["Line"], made["ProcessPayment"], "DocNumber" in made) == ([], False, False)
    assert str(shop.read("Customer", shop.customer)["Balance"]) == "-100.00"
    deposit = shop.read("Account", made["DepositToAccountRef"]["value"])
    assert (deposit["AccountSubType"], str(deposit["CurrentBalance"])) == ("UndepositedFunds", "100.00")


def test_a_payment_lowers_the_invoice_and_both_show_each_other(shop: Shop) -> None:
    invoice = shop.invoice(100)
    shop.wait(minutes=1)
    made = shop.pay(60, ("Invoice", invoice["Id"], 60))
    after = shop.read("Invoice", invoice["Id"])
    assert made["Line"] == [{"Amount": 60, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}]
    assert made["UnappliedAmt"] == 0
    assert after["LinkedTxn"] == [{"TxnId": made["Id"], "TxnType": "Payment"}]
    assert (after["SyncToken"], after["MetaData"]["LastUpdatedTime"]) == ("1", "2026-11-22T12:01:00-08:00")
    assert balances(shop, invoice) == ("40.00", "40.00")
    assert str(after["HomeBalance"]) == "40.00"


def test_switch_an_invoice_is_lowered_without_a_new_sync_token(shop: Shop) -> None:
    shop.server.switches.side_effects_bump_sync_token = False
    invoice = shop.invoice(100)
    shop.pay(60, ("Invoice", invoice["Id"], 60))
    assert shop.read("Invoice", invoice["Id"])["SyncToken"] == "0"


@pytest.mark.parametrize(
    ("total", "applied", "code"),
    [
        (100, [("Invoice", "invoice", "100.01")], "6000"),
        (50, [("Invoice", "invoice", 51)], "6000"),
        (50, [("Invoice", "invoice", -1)], "6000"),
        (-5, [], "6000"),
        (200, [("Invoice", "invoice", 60), ("Invoice", "invoice", 60)], "6000"),
        (50, [("Invoice", "other", 5)], "6000"),
        (50, [("Invoice", "nothing", 5)], "610"),
        (50, [("Bill", "invoice", 5)], "2170"),
        (100, [("Invoice", "invoice", 60), ("Invoice", "invoice", 40)], None),
    ],
)
def test_what_a_payment_may_apply(
    shop: Shop, total: Any, applied: list[tuple[str, str, Any]], code: str | None
) -> None:
    stranger = shop.make("Customer", DisplayName="Stranger")["Id"]
    ids = {"invoice": shop.invoice(100)["Id"], "other": shop.invoice(100, CustomerRef=ref(stranger))["Id"]}
    body = shop.payment(total, [(kind, ids.get(name, "999"), part) for kind, name, part in applied])
    answer = shop.send("POST", "/payment", body)
    assert answer.status == (200 if code is None else 400)
    assert code is None or shop.fault("/payment", body)["code"] == code


@pytest.mark.parametrize(
    ("body", "element"),
    [({"TotalAmt": 5}, "CustomerRef"), ({"CustomerRef": {"value": "1"}}, "TotalAmt")],
)
def test_what_a_payment_needs(shop: Shop, body: Json, element: str) -> None:
    error = shop.fault("/payment", body)
    assert (error["code"], error["element"]) == ("2020", element)


def test_a_payment_is_in_the_customers_currency(shop: Shop) -> None:
    assert shop.fault("/payment", shop.payment(5, [], CurrencyRef=ref("EUR")))["code"] == "6000"
    assert shop.pay(5, CustomerRef=ref(shop.euro_customer))["CurrencyRef"]["value"] == "EUR"


def test_the_payer_may_be_the_parent(shop: Shop) -> None:
    job = shop.make("Customer", DisplayName="Roof", ParentRef=ref(shop.customer))["Id"]
    invoice = shop.invoice(10, CustomerRef=ref(job))
    parent = shop.read("Customer", shop.customer)
    assert (str(parent["Balance"]), str(parent["BalanceWithJobs"])) == ("0", "10.00")
    shop.pay(10, ("Invoice", invoice["Id"], 10))
    assert shop.read("Invoice", invoice["Id"])["Balance"] == 0


def test_a_changed_payment_moves_the_difference(shop: Shop) -> None:
    first, second = shop.invoice(100), shop.invoice(50)
    made = shop.pay(60, ("Invoice", first["Id"], 60))
    line = {"Amount": 20, "LinkedTxn": [{"TxnId": second["Id"], "TxnType": "Invoice"}]}
    changed = shop.change("Payment", made, Line=[line])
    assert (str(changed["UnappliedAmt"]), changed["SyncToken"]) == ("40.00", "1")
    assert balances(shop, first) == ("100.00", "90.00")
    assert balances(shop, second) == ("30.00", "90.00")
    assert shop.read("Invoice", first["Id"])["LinkedTxn"] == []


@pytest.mark.parametrize("how", ["void", "delete"])
def test_undoing_a_payment_opens_the_invoice_again(shop: Shop, how: str) -> None:
    invoice = shop.invoice(100)
    made = shop.pay(60, ("Invoice", invoice["Id"], 60))
    body = {"Id": made["Id"], "SyncToken": "0", "sparse": True}
    if how == "void":
        gone = shop.post("/payment", body, operation="update", include="void")["Payment"]
        assert (gone["TotalAmt"], gone["UnappliedAmt"], gone["Line"], gone["PrivateNote"]) == (0, 0, [], "Voided")
    else:
        shop.post("/payment", body, operation="delete")
    assert balances(shop, invoice) == ("100.00", "100.00")
    assert shop.read("Invoice", invoice["Id"])["SyncToken"] == "2"


def test_a_paid_invoice_cannot_be_deleted_but_voided(shop: Shop) -> None:
    invoice = shop.invoice(100)
    made = shop.pay(60, ("Invoice", invoice["Id"], 60))
    body = {"Id": invoice["Id"], "SyncToken": "1"}
    assert shop.fault("/invoice", body, operation="delete")["code"] == "6000"
    shop.post("/invoice", body, operation="void")
    after = shop.read("Payment", made["Id"])
    assert (after["Line"], str(after["UnappliedAmt"]), after["SyncToken"]) == ([], "60.00", "1")
    assert balances(shop, invoice) == ("0", "-60.00")


def test_an_invoice_cannot_fall_below_what_is_paid(shop: Shop) -> None:
    invoice = shop.invoice(100)
    shop.pay(60, ("Invoice", invoice["Id"], 60))
    body = {"Id": invoice["Id"], "SyncToken": "1", "sparse": True, "Line": [shop.line(59)]}
    assert shop.fault("/invoice", body)["code"] == "6000"
    assert shop.post("/invoice", {**body, "Line": [shop.line(60)]})["Invoice"]["Balance"] == 0


def test_a_credit_memo_is_applied_by_an_empty_payment(shop: Shop) -> None:
    invoice = shop.invoice(100)
    memo = shop.make("CreditMemo", CustomerRef=ref(shop.customer), Line=[shop.line(30)])
    assert [str(memo[key]) for key in ("TotalAmt", "Balance", "RemainingCredit")] == ["30.00"] * 3
    assert str(shop.read("Customer", shop.customer)["Balance"]) == "70.00"
    shop.pay(0, ("Invoice", invoice["Id"], 25), ("CreditMemo", memo["Id"], 25))
    assert str(shop.read("CreditMemo", memo["Id"])["RemainingCredit"]) == "5.00"
    assert balances(shop, invoice) == ("75.00", "70.00")
    assert (
        shop.fault("/payment", shop.payment(0, [("Invoice", invoice["Id"], 6), ("CreditMemo", memo["Id"], 6)]))["code"]
        == "6000"
    )


def test_a_receivable_posted_by_journal_is_paid_like_an_invoice(shop: Shop) -> None:
    entity = named("Customer", shop.customer)
    lines = [journal_line("Debit", 80, shop.receivable, Entity=entity), journal_line("Credit", 80, shop.sales)]
    entry = shop.make("JournalEntry", Line=lines)
    assert str(shop.read("Customer", shop.customer)["Balance"]) == "80.00"
    shop.pay(50, ("JournalEntry", entry["Id"], 50))
    assert shop.fault("/payment", shop.payment(50, [("JournalEntry", entry["Id"], 31)]))["code"] == "6000"
    shop.pay(30, ("JournalEntry", entry["Id"], 30))
    assert shop.read("Customer", shop.customer)["Balance"] == 0
    assert shop.read("JournalEntry", entry["Id"])["SyncToken"] == "0"


def test_a_balance_moves_the_time_but_not_the_token(shop: Shop) -> None:
    shop.wait(minutes=5)
    shop.invoice(10)
    moved = [shop.read("Customer", shop.customer), shop.read("Account", shop.receivable)]
    assert [(one["SyncToken"], one["MetaData"]["LastUpdatedTime"]) for one in moved] == [
        ("0", "2026-11-22T12:05:00-08:00")
    ] * 2
    assert (
        "Customer"
        in shop.get("/cdc", entities="Customer", changedSince="2026-11-22T12:05:00-08:00")["CDCResponse"][0][
            "QueryResponse"
        ][0]
    )


def test_switch_a_balance_moves_nothing_else(shop: Shop) -> None:
    shop.server.switches.balance_moves_last_updated = False
    shop.wait(minutes=5)
    shop.invoice(10)
    found = shop.read("Customer", shop.customer)
    assert (str(found["Balance"]), found["MetaData"]["LastUpdatedTime"]) == ("10.00", "2026-11-22T12:00:00-08:00")
