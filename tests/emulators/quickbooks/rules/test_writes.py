"""Create, read, update, deactivate: what holds for every kind (reference sections 2, 4 and 5)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from ml_emulators.kit.wire import loads
from ml_emulators.quickbooks import Company

from ..client import Client, Json, Shop, journal_line, ref


def test_a_new_customer_is_answered_as_quickbooks_does(qbo: Client) -> None:
    body = {"DisplayName": "Ann's", "GivenName": "Ann", "FamilyName": "Lee", "BillAddr": {"Line1": "1 Road"}}
    answer = qbo.send("POST", "/customer", body)
    assert loads(answer.body)["time"] == "2026-11-22T12:00:00.125-08:00"
    assert loads(answer.body)["Customer"] == {
        "Taxable": True,
        "BillAddr": {"Id": "1", "Line1": "1 Road"},
        "Job": False,
        "BillWithParent": False,
        "Balance": 0,
        "BalanceWithJobs": 0,
        "CurrencyRef": {"value": "USD", "name": "United States Dollar"},
        "PreferredDeliveryMethod": "Print",
        "IsProject": False,
        "domain": "QBO",
        "sparse": False,
        "Id": "1",
        "SyncToken": "0",
        "MetaData": {"CreateTime": "2026-11-22T12:00:00-08:00", "LastUpdatedTime": "2026-11-22T12:00:00-08:00"},
        "GivenName": "Ann",
        "FamilyName": "Lee",
        "FullyQualifiedName": "Ann's",
        "DisplayName": "Ann's",
        "PrintOnCheckName": "Ann Lee",
        "Active": True,
        "DefaultTaxCodeRef": {"value": "2"},
    }


def test_reads_show_more_than_writes(qbo: Client) -> None:
    made = qbo.make("Customer", DisplayName="Ann's")
    assert set(qbo.read("Customer", "1")) - set(made) == {"V4IDPseudonym"}
    assert set(qbo.query("select * from Customer")["Customer"][0]) - set(made) == {"V4IDPseudonym", "ClientEntityId"}


def test_sparse_update_keeps_what_is_left_out(qbo: Client) -> None:
    made = qbo.make("Customer", DisplayName="Ann's", Notes="x", CompanyName="Co", BillAddr={"Line1": "1", "City": "B"})
    changed = qbo.change("Customer", made, Notes="y", BillAddr={"Line1": "2"})
    assert (changed["SyncToken"], changed["Notes"], changed["CompanyName"]) == ("1", "y", "Co")
    assert changed["BillAddr"] == {"Id": made["BillAddr"]["Id"], "Line1": "2"}


def test_full_update_clears_what_is_left_out(qbo: Client) -> None:
    made = qbo.make("Customer", DisplayName="Ann's", Notes="x", CompanyName="Co")
    body = {"Id": made["Id"], "SyncToken": "0", "DisplayName": "Ann & Co"}
    changed = qbo.post("/customer", body)["Customer"]
    assert (changed["DisplayName"], changed["PrintOnCheckName"], changed["SyncToken"]) == ("Ann & Co", "Ann & Co", "1")
    assert not {"Notes", "CompanyName"} & set(changed)


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_value_clears_a_field(qbo: Client, empty: Any) -> None:
    made = qbo.make("Customer", DisplayName="Ann's", Notes="x")
    assert "Notes" not in qbo.change("Customer", made, Notes=empty)


def test_a_write_that_changes_nothing_moves_nothing(qbo: Client) -> None:
    made = qbo.make("Customer", DisplayName="Ann's", Notes="x")
    qbo.wait(hours=1)
    same = qbo.change("Customer", made, Notes="x")
    assert (same["SyncToken"], same["MetaData"]) == ("0", made["MetaData"])


def test_two_names_cannot_be_cleared_by_a_sparse_update(qbo: Client) -> None:
    made = qbo.make("Customer", DisplayName="Ann's", PrintOnCheckName="Ann")
    assert qbo.change("Customer", made, DisplayName="", PrintOnCheckName=None) == made


def everything(shop: Shop) -> list[tuple[str, Json]]:
    """One record of each kind."""
    department = shop.make("Department", Name="East")
    invoice = shop.invoice(Line=[shop.line("12.50", Qty="2.5", UnitPrice=5), shop.line(1)], DepartmentRef=ref("1"))
    memo = shop.make("CreditMemo", CustomerRef=ref(shop.customer), Line=[shop.line(7)])
    lines = [
        journal_line("Debit", "10.10", shop.bank),
        journal_line("Credit", "10.10", shop.sales, DepartmentRef=ref("1")),
    ]
    return [
        ("Customer", shop.read("Customer", shop.customer)),
        ("Customer", shop.make("Customer", DisplayName="Sub", Job=True, ParentRef=ref(shop.customer))),
        ("Vendor", shop.read("Vendor", shop.vendor)),
        ("Employee", shop.make("Employee", GivenName="Ed", FamilyName="Moe")),
        ("Item", shop.make("Item", Name="Box", Type="NonInventory", IncomeAccountRef=ref(shop.sales), UnitPrice="9.5")),
        ("Account", shop.make("Account", Name="Petty", AccountType="Bank", AcctNum="1001")),
        ("Department", department),
        ("Class", shop.make("Class", Name="SaaS")),
        ("Term", shop.make("Term", Name="Net 10", DueDays=10)),
        ("PaymentMethod", shop.make("PaymentMethod", Name="Wire")),
        ("CompanyCurrency", shop.make("CompanyCurrency", Code="GBP")),
        ("Invoice", invoice),
        ("SalesReceipt", shop.make("SalesReceipt", Line=[shop.line(3)])),
        ("Estimate", shop.make("Estimate", CustomerRef=ref(shop.customer), Line=[shop.line(3)])),
        ("CreditMemo", memo),
        ("Payment", shop.pay(5, ("Invoice", invoice["Id"], 6), ("CreditMemo", memo["Id"], 2))),
        ("JournalEntry", shop.make("JournalEntry", Line=lines)),
        ("Preferences", shop.get("/preferences")["Preferences"]),
        ("CompanyInfo", shop.get(f"/companyinfo/{shop.info['realm_id']}")["CompanyInfo"]),
    ]


def test_a_record_sent_back_as_it_was_read_changes_nothing(shop: Shop) -> None:
    made = everything(shop)
    shop.wait(hours=1)
    for kind, record in made:
        now = shop.query(f"select * from {kind} where Id = '{record['Id']}'")[kind][0]
        after = shop.post(f"/{kind.lower()}", now)[kind]
        assert after == {key: value for key, value in now.items() if key in after}, kind
        assert after["SyncToken"] == now["SyncToken"], kind


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"SyncToken": "7"}, "5010"),
        ({"SyncToken": "-1"}, "5010"),
        ({}, "2020"),
        ({"Id": "99", "SyncToken": "0"}, "610"),
        ({"Id": "001", "SyncToken": "0"}, "610"),
        ({"Id": "x", "SyncToken": "0"}, "2030"),
        ({"Id": "1.5", "SyncToken": "0"}, "2030"),
    ],
)
def test_whom_an_update_names(qbo: Client, body: Json, code: str, sparse: bool) -> None:
    qbo.make("Customer", DisplayName="Ann's")
    assert qbo.fault("/customer", {"Id": "1", "DisplayName": "B", "sparse": sparse, **body})["code"] == code


def test_a_stale_token_names_the_other_user(qbo: Client) -> None:
    qbo.make("Customer", DisplayName="Ann's")
    error = qbo.fault("/customer", {"Id": "1", "SyncToken": "3", "sparse": True})
    assert error["Message"] == "Stale Object Error"
    assert error["Detail"].startswith("Stale Object Error : You and Robin Ledger were working on this")
    assert error["element"] == ""


def test_a_missing_object_is_610(qbo: Client) -> None:
    answer = qbo.send("GET", "/customer/5")
    assert answer.status == 400
    assert loads(answer.body)["Fault"]["Error"][0]["code"] == "610"


def test_a_create_with_an_id_is_an_update_attempt(qbo: Client) -> None:
    assert qbo.fault("/customer", {"Id": "5", "DisplayName": "Ann's"})["code"] == "610"


@pytest.mark.parametrize(
    ("kind", "body", "codes"),
    [
        ("customer", {"DisplayName": "x" * 501}, ["2050"]),
        ("customer", {"DisplayName": "x" * 500}, []),
        ("customer", {"DisplayName": "a", "Title": "x" * 17, "Notes": "x" * 2001}, ["2050", "2050"]),
        ("customer", {"DisplayName": "a", "CompanyName": "x" * 101}, ["2050"]),
        ("customer", {"DisplayName": "a", "PrintOnCheckName": "x" * 111}, ["2050"]),
        ("customer", {"DisplayName": "a:b"}, ["2040"]),
        ("customer", {"DisplayName": "a\tb"}, ["2040"]),
        ("customer", {"DisplayName": "a", "GivenName": "b\n"}, ["2040"]),
        ("customer", {"DisplayName": "a", "Suffix": "b:c"}, ["2040"]),
        ("customer", {}, ["2020"]),
        ("customer", {"GivenName": "Ann", "FamilyName": "Lee"}, []),
        ("customer", {"DisplayName": "a", "PrimaryEmailAddr": {"Address": "nobody"}}, ["2040"]),
        ("customer", {"DisplayName": "a", "PrimaryEmailAddr": {"Address": "a@b.c" + "x" * 100}}, ["2050"]),
        ("customer", {"DisplayName": "a", "PrimaryPhone": {"FreeFormNumber": "1" * 31}}, ["2050"]),
        ("customer", {"DisplayName": "a", "PreferredDeliveryMethod": "Pigeon"}, ["2170"]),
        ("customer", {"DisplayName": "a", "Colour": "red"}, ["2010"]),
        ("customer", {"DisplayName": "a", "Taxable": "maybe"}, ["2170"]),
        ("customer", {"DisplayName": "a", "SalesTermRef": {"value": "9"}}, ["2500"]),
        (
            "customer",
            {"DisplayName": "a", "SalesTermRef": {"value": "9"}, "ParentRef": {"value": "8"}},
            ["2500", "2500"],
        ),
        ("customer", {"DisplayName": "a", "CurrencyRef": {"value": "dollars"}}, ["2500"]),
        ("customer", [], ["2010"]),
        ("item", {"Type": "Service"}, ["2020"]),
        ("item", {"Name": "a", "Type": "Service"}, ["2020"]),
        ("item", {"Name": "a", "Type": "Gadget"}, ["2170"]),
        ("item", {"Name": "a", "IncomeAccountRef": {"value": "44"}}, ["2500"]),
        ("item", {"Name": "a", "Type": "Inventory"}, ["2020"] * 5),
        ("item", {"Name": "a", "UnitPrice": "12,5", "IncomeAccountRef": {"value": "1"}}, ["2080"]),
        ("account", {"Name": "a"}, ["2020"]),
        ("account", {"Name": "a", "AccountType": "Cash"}, ["2170"]),
        ("account", {"Name": "a", "AccountSubType": "Checking"}, []),
        ("account", {"Name": "a", "AccountType": "Bank", "AccountSubType": "Travel"}, ["2170"]),
        ("account", {"Name": 'a"b', "AccountType": "Bank"}, ["2040"]),
        ("account", {"Name": "a", "AccountType": "Bank", "AcctNum": "12345678"}, ["2050"]),
        ("account", {"Name": "a", "AccountType": "Income", "CurrencyRef": {"value": "EUR"}}, ["6000"]),
        ("account", {"Name": "a", "AccountType": "Bank", "CurrencyRef": {"value": "CHF"}}, ["2500"]),
        ("department", {"Name": "a", "SubDepartment": True}, ["2020"]),
        ("department", {"Name": "a" * 101}, ["2050"]),
        ("class", {}, ["2020"]),
        ("term", {"Name": "a" * 32}, ["2050"]),
        ("companycurrency", {"Code": "EURO"}, ["2050"]),
        ("companycurrency", {"Code": "E1"}, ["2040"]),
        ("companycurrency", {"Code": "eur"}, ["6240"]),
        ("employee", {"PrimaryAddr": {"Line1": "x"}}, ["2020"]),
        ("gadget", {}, ["500"]),
        ("preferences", {"Id": "1", "SyncToken": "0", "CurrencyPrefs": {"MultiCurrencyEnabled": False}}, ["6000"]),
        ("invoice", {"TxnDate": "22/11/2026", "Line": "x"}, ["2090", "2040"]),
    ],
)
def test_what_a_create_may_hold(qbo: Client, kind: str, body: Any, codes: list[str]) -> None:
    answer = qbo.send("POST", f"/{kind}", body)
    assert [one["code"] for one in loads(answer.body).get("Fault", {}).get("Error", [])] == codes
    assert answer.status == (400 if codes else 200)


def test_the_element_is_named(qbo: Client) -> None:
    assert qbo.fault("/item", {"Name": "a", "Type": "Service"})["element"] == "IncomeAccountRef"
    assert qbo.fault("/customer", {"DisplayName": "x" * 501})["element"] == "DisplayName"


@pytest.mark.parametrize("body", [b"", b"{", b"[1", b"NaN", b"{'a': 1}", b"\x00"])
def test_a_body_that_is_not_json(qbo: Client, body: bytes) -> None:
    answer = qbo.send("POST", "/customer", body)
    assert (answer.status, loads(answer.body)["Fault"]["Error"][0]["code"]) == (400, "2010")


def test_bad_bytes_are_code_500(qbo: Client) -> None:
    answer = qbo.send("POST", "/customer", b'{"DisplayName": "\xff"}')
    assert (answer.status, loads(answer.body)["Fault"]["Error"][0]["code"]) == (400, "500")


def test_receivable_accounts_cannot_be_sold_on(shop: Shop) -> None:
    for account in (shop.receivable, shop.payable):
        assert shop.fault("/item", {"Name": "b", "IncomeAccountRef": ref(account)})["code"] == "6430"


def test_the_currency_of_a_customer_is_fixed(shop: Shop) -> None:
    customer = shop.read("Customer", shop.customer)
    body = {"Id": customer["Id"], "SyncToken": "0", "sparse": True, "CurrencyRef": {"value": "EUR"}}
    assert shop.fault("/customer", body)["code"] == "6000"


def test_an_unknown_currency_joins_the_companys_list(qbo: Client) -> None:
    qbo.make("Customer", DisplayName="Berg", CurrencyRef={"value": "CHF"})
    assert [one["Code"] for one in qbo.query("select * from CompanyCurrency")["CompanyCurrency"]] == ["CHF", "EUR"]


def test_without_multicurrency_only_the_home_currency_goes() -> None:
    qbo = Client(Company(multicurrency=False, currencies=()))
    assert qbo.fault("/customer", {"DisplayName": "Berg", "CurrencyRef": {"value": "CHF"}})["code"] == "6000"


@pytest.mark.parametrize(
    ("op", "kind", "code"),
    [
        ("delete", "customer", "500"),
        ("delete", "preferences", "500"),
        ("purge", "customer", "500"),
        ("void", "estimate", "500"),
    ],
)
def test_operations_that_do_not_exist(qbo: Client, op: str, kind: str, code: str) -> None:
    assert qbo.fault(f"/{kind}", {"Id": "1", "SyncToken": "0"}, operation=op)["code"] == code


def test_company_and_preferences(qbo: Client) -> None:
    info = qbo.get(f"/companyinfo/{qbo.info['realm_id']}")["CompanyInfo"]
    assert (info["Id"], info["Country"], info["CompanyAddr"]["Country"]) == ("1", "US", "USA")
    preferences = qbo.get("/preferences")["Preferences"]
    assert preferences["CurrencyPrefs"] == {"MultiCurrencyEnabled": True, "HomeCurrency": {"value": "USD"}}
    assert preferences["AccountingInfoPrefs"]["ClassTrackingPerTxnLine"] is True
    assert "BookCloseDate" not in preferences["AccountingInfoPrefs"]
    body = {"Id": "1", "SyncToken": "0", "SalesFormsPrefs": {"CustomTxnNumbers": True}}
    changed = qbo.post("/preferences", body)["Preferences"]
    assert changed["SyncToken"] == "1"
    assert changed["SalesFormsPrefs"]["AllowDeposit"] is True
    qbo.post("/companyinfo", {"Id": "1", "SyncToken": "0", "sparse": True, "LegalName": "New"})
    assert qbo.query("select * from CompanyInfo")["CompanyInfo"][0]["LegalName"] == "New"


def test_exchange_rates(qbo: Client) -> None:
    assert qbo.get("/exchangerate", sourcecurrencycode="EUR")["ExchangeRate"]["Rate"] == 1
    for day, rate in (("2026-11-01", "1.0825"), ("2026-11-15", "1.09")):
        qbo.server.act({"op": "set_exchange_rate", "body": {"currency": "EUR", "rate": rate, "day": day}})
    table = {
        "2026-10-31": 1,
        "2026-11-01": Decimal("1.0825"),
        "2026-11-14": Decimal("1.0825"),
        "2026-11-22": Decimal("1.09"),
    }
    for day, known in table.items():
        found = qbo.get("/exchangerate", sourcecurrencycode="EUR", asofdate=day)["ExchangeRate"]
        assert (found["Rate"], found["TargetCurrencyCode"]) == (known, "USD")
    assert qbo.send("GET", "/exchangerate", sourcecurrencycode="XXX").status == 400


def test_a_trailing_slash_and_old_minor_versions_make_no_difference(qbo: Client) -> None:
    qbo.make("Customer", DisplayName="Ann's")
    assert qbo.send("GET", "/customer/1/", minorversion="4").status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", "/customer/12/5"), ("GET", "/customer/1/notes"), ("GET", "/customer"), ("GET", "/batch")),
        *(("GET", "/gadget"), ("GET", "/gadget/1"), ("GET", "/gadget/1/2"), ("POST", "/gadget"), ("POST", "/cdc")),
        *(("PUT", "/customer"), ("POST", "/customer/1"), ("POST", "/customer/1/send")),
    ],
)
def test_unknown_places_are_not_supported(qbo: Client, method: str, path: str) -> None:
    answer = qbo.send(method, path, {} if method != "GET" else None)
    error = loads(answer.body)["Fault"]["Error"][0]
    assert (answer.status, error["code"], error["Message"]) == (400, "500", "Unsupported Operation")


@pytest.mark.parametrize("record_id", ["1.5", "abc", "-1", "1e3", "\u0661", "006123456789012XYZ", "1 or 1"])
@pytest.mark.parametrize("kind", ["customer", "invoice", "journalentry", "companyinfo"])
def test_what_can_be_no_id(qbo: Client, kind: str, record_id: str) -> None:
    error = qbo.read_fault(f"/{kind}/{quote(record_id)}")
    assert (error["code"], error["Message"], error["element"]) == ("2030", "Invalid ID", "Id")


@pytest.mark.parametrize("record_id", ["0", "12", "007", "9" * 40])
def test_an_id_of_nothing(qbo: Client, record_id: str) -> None:
    assert qbo.read_fault(f"/customer/{record_id}")["code"] == "610"
