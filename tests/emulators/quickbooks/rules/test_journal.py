"""Journal entries (reference 6.5)."""

from __future__ import annotations

from typing import Any

import pytest

from ml_emulators.kit.wire import loads

from ..client import Client, Json, Shop, journal_line, named, ref


def entry(shop: Shop, amount: Any = "120.50", **more: Any) -> Json:
    lines = [journal_line("Debit", amount, shop.unbilled), journal_line("Credit", amount, shop.sales)]
    return {"Line": lines, **more}


def test_a_journal_entry_as_it_is_answered(shop: Shop) -> None:
    shop.make("Department", Name="East")
    body = entry(shop, DocNumber="SF-1", PrivateNote="ext:1", TxnDate="2026-11-20")
    body["Line"][0]["Description"] = "accrual"
    body["Line"][0]["JournalEntryLineDetail"] |= {"DepartmentRef": ref("1"), "Entity": named("Customer", shop.customer)}
    answer = shop.send("POST", "/journalentry", body)
    assert b'"Amount":120.50' in answer.body
    made = loads(answer.body)["JournalEntry"]
    assert (made["TotalAmt"], made["HomeTotalAmt"], made["Adjustment"], made["ExchangeRate"]) == (0, 0, False, 1)
    assert (made["DocNumber"], made["TxnDate"], made["PrivateNote"]) == ("SF-1", "2026-11-20", "ext:1")
    assert [line["Id"] for line in made["Line"]] == ["0", "1"]
    assert made["Line"][0]["Description"] == "accrual"
    assert made["Line"][0]["JournalEntryLineDetail"] == {
        "PostingType": "Debit",
        "Entity": {"Type": "Customer", "EntityRef": {"value": shop.customer, "name": "Blue Heron"}},
        "AccountRef": {"value": shop.unbilled, "name": "Unbilled Receivable"},
        "DepartmentRef": {"value": "1", "name": "East"},
    }


@pytest.mark.parametrize(
    ("lines", "code", "detail"),
    [
        ([], "6000", "at least two detail lines"),
        ([("Debit", 5, "bank")], "6000", "at least two detail lines"),
        ([("Debit", 5, "bank"), ("Credit", "4.99", "sales")], "6000", "balance debits and credits"),
        ([("Debit", 0, "bank"), ("Debit", 0, "sales")], "6000", "one debit and one credit"),
        ([("Debit", -5, "bank"), ("Credit", -5, "sales")], "6000", "must be positive"),
        (
            [("Debit", 5, "receivable"), ("Credit", 5, "sales")],
            "6000",
            "Business Validation Error: When you use Accounts Receivable",
        ),
        (
            [("Debit", 5, "bank"), ("Credit", 5, "payable")],
            "6000",
            "Business Validation Error: When you use Accounts Payable",
        ),
        ([("Debit", 5, "999"), ("Credit", 5, "998")], "2500", "998"),
        ([("Left", 5, "bank"), ("Credit", 5, "sales")], "2170", "Left"),
        ([("Debit", "abc", "bank"), ("Credit", 5, "sales")], "2080", "abc"),
        ([("Debit", "1234567890123456", "bank"), ("Credit", 5, "sales")], "2080", "1234567890123456"),
    ],
)
def test_what_is_refused(shop: Shop, lines: list[tuple[str, Any, str]], code: str, detail: str) -> None:
    body = {"Line": [journal_line(side, amount, getattr(shop, name, name)) for side, amount, name in lines]}
    errors = shop.faults("/journalentry", body)
    assert {error["code"] for error in errors} == {code}
    assert detail in " ".join(error["Detail"] for error in errors)
    assert shop.query("select count(*) from JournalEntry") == {"totalCount": 0}


def test_every_missing_account_is_reported(shop: Shop) -> None:
    body = entry(shop)
    for line in body["Line"]:
        del line["JournalEntryLineDetail"]["AccountRef"]
    errors = shop.faults("/journalentry", body)
    assert [(error["code"], error["element"]) for error in errors] == [("2020", "AccountRef")] * 2


def test_cents_are_exact(shop: Shop) -> None:
    parts = ["0.10"] * 3
    lines = [journal_line("Debit", part, shop.unbilled) for part in parts]
    shop.make("JournalEntry", Line=[*lines, journal_line("Credit", "0.30", shop.sales)])


@pytest.mark.parametrize(
    ("account", "party", "code"),
    [
        ("receivable", ("Customer", "customer"), None),
        ("receivable", ("Vendor", "vendor"), "6000"),
        ("receivable", ("Customer", "euro_customer"), "6000"),
        ("payable", ("Vendor", "vendor"), None),
        ("payable", ("Customer", "customer"), "6000"),
        ("euro_receivable", ("Customer", "euro_customer"), "6000"),
        ("bank", ("Customer", "euro_customer"), "6000"),
        ("bank", ("Vendor", "customer"), "2500"),
        ("bank", ("Employee", "vendor"), "2500"),
    ],
)
def test_who_may_stand_on_a_line(shop: Shop, account: str, party: tuple[str, str], code: str | None) -> None:
    entity = named(party[0], getattr(shop, party[1]))
    first = journal_line("Debit", 5, getattr(shop, account), Entity=entity)
    answer = shop.send("POST", "/journalentry", {"Line": [first, journal_line("Credit", 5, shop.sales)]})
    errors = loads(answer.body).get("Fault", {}).get("Error", [{}])
    assert errors[0].get("code") == code


def test_the_kind_of_a_party_is_filled_in(shop: Shop) -> None:
    first = journal_line("Debit", 5, shop.receivable, Entity={"EntityRef": ref(shop.customer)})
    made = shop.make("JournalEntry", Line=[first, journal_line("Credit", 5, shop.sales)])
    assert made["Line"][0]["JournalEntryLineDetail"]["Entity"]["Type"] == "Customer"


def test_a_foreign_entry_is_in_one_currency(shop: Shop) -> None:
    entity = named("Customer", shop.euro_customer)
    lines = [journal_line("Debit", 100, shop.euro_receivable, Entity=entity), journal_line("Credit", 100, shop.sales)]
    made = shop.make("JournalEntry", Line=lines, CurrencyRef=ref("EUR"), ExchangeRate="1.1")
    assert (made["CurrencyRef"], str(made["ExchangeRate"])) == ({"value": "EUR", "name": "Euro"}, "1.1")
    assert str(shop.read("Customer", shop.euro_customer)["Balance"]) == "100.00"
    assert str(shop.read("Account", shop.euro_receivable)["CurrentBalance"]) == "100.00"
    assert shop.make("JournalEntry", Line=lines, CurrencyRef=ref("EUR"))["ExchangeRate"] == 1


def test_an_unknown_currency_is_refused(shop: Shop) -> None:
    assert shop.fault("/journalentry", entry(shop, CurrencyRef=ref("CHF")))["code"] == "2500"


def test_two_receivable_accounts_in_one_entry(shop: Shop) -> None:
    other = shop.account("A/R 2", "Accounts Receivable")
    entity = named("Customer", shop.customer)
    lines = [journal_line("Debit", 5, shop.receivable, Entity=entity), journal_line("Credit", 5, other, Entity=entity)]
    assert shop.fault("/journalentry", {"Line": lines})["code"] == "6000"
    shop.server.switches.one_ar_ap_account_per_entry = False
    shop.make("JournalEntry", Line=lines)


def test_several_customers_on_one_receivable_account(shop: Shop) -> None:
    second = shop.make("Customer", DisplayName="Second")["Id"]
    first, other = named("Customer", shop.customer), named("Customer", second)
    lines = [
        journal_line("Debit", 5, shop.receivable, Entity=first),
        journal_line("Credit", 5, shop.receivable, Entity=other),
    ]
    shop.make("JournalEntry", Line=lines)
    assert [str(shop.read("Customer", one)["Balance"]) for one in (shop.customer, second)] == ["5.00", "-5.00"]


def test_numbers_are_not_given_and_not_unique(shop: Shop) -> None:
    assert "DocNumber" not in shop.make("JournalEntry", **entry(shop))
    for _ in range(2):
        assert shop.make("JournalEntry", **entry(shop, DocNumber="7"))["DocNumber"] == "7"
    auto = shop.post("/journalentry", entry(shop), include="allowautodocnum")["JournalEntry"]
    assert auto["DocNumber"] == "1001"
    assert shop.fault("/journalentry", entry(shop, DocNumber="x" * 22))["code"] == "2050"


def test_a_preference_refuses_a_number_twice(shop: Shop) -> None:
    shop.set_preferences(OtherPrefs={"NameValue": [{"Name": "WarnDuplicateJournalNumber", "Value": "true"}]})
    first = shop.make("JournalEntry", **entry(shop, DocNumber="SF-1"))
    error = shop.fault("/journalentry", entry(shop, DocNumber="SF-1"))
    assert error["code"] == "6140"
    assert f"TxnType=Journal Entry with TxnId={first['Id']}" in error["Detail"]
    shop.post("/journalentry", entry(shop, DocNumber="SF-1"), include="allowduplicatedocnum")


@pytest.mark.parametrize(("day", "refused"), [("2026-10-31", True), ("2026-10-30", True), ("2026-11-01", False)])
def test_closed_books(shop: Shop, day: str, refused: bool) -> None:
    before = shop.make("JournalEntry", **entry(shop, TxnDate=day))
    shop.set_preferences(AccountingInfoPrefs={"BookCloseDate": "2026-10-31"})
    named_so = {"Id": before["Id"], "SyncToken": "0", "sparse": True}
    tries: list[tuple[Json, dict[str, str]]] = [
        (entry(shop, TxnDate=day), {}),
        ({**named_so, "PrivateNote": "x"}, {}),
        ({**named_so, "TxnDate": "2026-11-20"}, {}),
        ({**named_so}, {"operation": "delete"}),
    ]
    for body, params in tries:
        if refused:
            assert shop.fault("/journalentry", body, **params)["code"] == "6210"
    after = shop.make("JournalEntry", **entry(shop, TxnDate="2026-11-20"))
    moved = {"Id": after["Id"], "SyncToken": "0", "sparse": True, "TxnDate": day}
    assert shop.send("POST", "/journalentry", moved).status == (400 if refused else 200)
    shop.set_preferences(AccountingInfoPrefs={"BookCloseDate": None})
    shop.make("JournalEntry", **entry(shop, TxnDate=day))


def test_an_edit_keeps_known_lines_and_numbers_new_ones(shop: Shop) -> None:
    made = shop.make("JournalEntry", **entry(shop, 10))
    lines = [made["Line"][1], journal_line("Debit", 4, shop.bank), journal_line("Debit", 6, shop.bank)]
    changed = shop.change("JournalEntry", made, Line=lines)
    assert [line["Id"] for line in changed["Line"]] == ["1", "2", "3"]


def test_a_void_answers_and_changes_nothing(shop: Shop) -> None:
    made = shop.make("JournalEntry", **entry(shop))
    answer = shop.post("/journalentry", {"Id": made["Id"], "SyncToken": "0"}, operation="void")
    assert answer == {"BatchItemResponse": [], "time": "2026-11-22T12:00:00.125-08:00"}
    assert shop.read("JournalEntry", made["Id"]) == made


def test_a_delete_takes_the_balances_back(shop: Shop) -> None:
    made = shop.make("JournalEntry", **entry(shop))
    assert str(shop.read("Account", shop.unbilled)["CurrentBalance"]) == "120.50"
    gone = shop.post("/journalentry", {"Id": made["Id"], "SyncToken": "0"}, operation="delete")["JournalEntry"]
    assert list(gone.items()) == [("domain", "QBO"), ("status", "Deleted"), ("Id", made["Id"])]
    assert shop.read("Account", shop.unbilled)["CurrentBalance"] == 0


def test_untracked_dimensions_are_dropped_in_silence(shop: Shop) -> None:
    shop.make("Department", Name="East")
    shop.make("Class", Name="SaaS")
    shop.set_preferences(AccountingInfoPrefs={"TrackDepartments": False, "ClassTrackingPerTxnLine": False})
    body = entry(shop)
    body["Line"][0]["JournalEntryLineDetail"] |= {"DepartmentRef": ref("1"), "ClassRef": ref("1")}
    detail = shop.make("JournalEntry", **body)["Line"][0]["JournalEntryLineDetail"]
    assert not {"DepartmentRef", "ClassRef"} & set(detail)


def test_odd_answers_to_a_void(qbo: Client) -> None:
    bill = qbo.post("/bill", {"Id": "1", "SyncToken": "0"}, operation="void")
    assert (bill["Fault"]["type"], bill["Fault"]["Error"][0]["code"]) == ("SystemFault", "10000")
    for kind in ("purchase", "billpayment"):
        assert qbo.fault(f"/{kind}", {"Id": "1", "SyncToken": "0"}, operation="void")["code"] == "500"
