"""Companies of several kinds: countries, editions, one currency or many, sales tax (reference 6)."""

from __future__ import annotations

from typing import Any

import pytest

from ml_emulators.quickbooks import Company, Fault

from ..client import Client, Json, Shop, journal_line, ref


class Simple(Client):
    """A company with an account, an item and a customer in its home currency."""

    def __init__(self, **more: Any) -> None:
        super().__init__(Company(**more))
        self.sales = self.make("Account", Name="Sales", AccountType="Income")["Id"]
        self.bank = self.make("Account", Name="Bank", AccountType="Bank")["Id"]
        self.item = self.make("Item", Name="Seat", Type="Service", IncomeAccountRef=ref(self.sales))["Id"]
        self.customer = self.make("Customer", DisplayName="Blue Heron")["Id"]

    def code(self, name: str) -> str:
        found: str = self.query(f"select * from TaxCode where Name = '{name}'")["TaxCode"][0]["Id"]
        return found

    def sell(self, amount: Any = 100, code: str = "", **more: Any) -> Json:
        detail = {"ItemRef": ref(self.item), **({"TaxCodeRef": ref(code)} if code else {})}
        line = {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
        return self.make("Invoice", CustomerRef=ref(self.customer), Line=[line], **more)


def british(**more: Any) -> Simple:
    return Simple(country="GB", home_currency="GBP", currencies=(), **more)


# Sales tax outside the US


@pytest.mark.parametrize(
    ("calculation", "tax", "total"),
    [("TaxExcluded", 20, 120), ("TaxInclusive", "16.67", 100), ("NotApplicable", 0, 100), (None, 20, 120)],
)
def test_tax_follows_from_the_codes_of_the_lines(calculation: str | None, tax: Any, total: int) -> None:
    shop = british()
    made = shop.sell(100, shop.code("20.0% S"), GlobalTaxCalculation=calculation)
    assert (str(made["TxnTaxDetail"]["TotalTax"]), made["TotalAmt"]) == (f"{tax}.00" if tax == 20 else str(tax), total)
    assert made["GlobalTaxCalculation"] == (calculation or "TaxExcluded")


def test_each_rate_of_a_code_has_its_line() -> None:
    shop = Simple(country="IN", home_currency="INR", currencies=())
    made = shop.sell(200, shop.code("18.0% GST"))
    assert [(one["Amount"], one["TaxLineDetail"]["TaxPercent"]) for one in made["TxnTaxDetail"]["TaxLine"]] == [
        (18, 9),
        (18, 9),
    ]
    assert made["TotalAmt"] == 236


def test_a_changed_amount_needs_the_tax_left_out() -> None:
    shop = british()
    made = shop.sell(100, shop.code("20.0% S"))
    lines = [{**made["Line"][0], "Amount": 200}]
    assert shop.change("Invoice", made, Line=lines)["TotalAmt"] == 240
    stale = shop.change("Invoice", shop.read("Invoice", made["Id"]), Line=lines, TxnTaxDetail=made["TxnTaxDetail"])
    assert stale["TotalAmt"] == 220, "the tax that was sent stays"


def test_the_tax_is_no_income_of_the_seller() -> None:
    shop = british()
    shop.sell(120, shop.code("20.0% S"), GlobalTaxCalculation="TaxInclusive")
    books = shop.server._service.books[shop.info["realm_id"]]
    assert books.account_balances[shop.sales] == -100
    assert sum(books.account_balances.values()) == 0


def test_codes_of_another_country_are_unknown() -> None:
    shop = british()
    line = {"Amount": 1, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"TaxCodeRef": ref("TAX")}}
    body = {"CustomerRef": ref(shop.customer), "Line": [line]}
    assert shop.fault("/invoice", body)["code"] == "2500"


def test_switch_the_calculation_must_be_told() -> None:
    shop = british()
    shop.server.switches.tax_calculation_required = True
    body = {"CustomerRef": ref(shop.customer), "Line": [{"Amount": 1, "DetailType": "SalesItemLineDetail"}]}
    error = shop.fault("/invoice", body)
    assert (error["code"], error["element"]) == ("2020", "GlobalTaxCalculation")


def test_tax_on_a_bill_is_a_claim() -> None:
    shop = british()
    vendor = shop.make("Vendor", DisplayName="Mill")["Id"]
    detail = {"AccountRef": ref(shop.sales), "TaxCodeRef": ref(shop.code("20.0% S"))}
    line = {"Amount": 50, "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": detail}
    made = shop.make("Bill", VendorRef=ref(vendor), Line=[line])
    assert (made["TotalAmt"], made["Balance"], made["TxnTaxDetail"]["TotalTax"]) == (60, 60, 10)
    assert shop.read("Vendor", vendor)["Balance"] == 60


@pytest.mark.parametrize(
    ("country", "names"),
    [("US", {"Out of state", "State and city"}), ("AU", {"GST", "GST free"}), ("SE", {"Standard", "Zero"})],
)
def test_each_country_has_its_codes(country: str, names: set[str]) -> None:
    shop = Simple(country=country, currencies=())
    assert {one["Name"] for one in shop.query("select * from TaxCode")["TaxCode"]} == names
    code = shop.query("select * from TaxCode")["TaxCode"][0]
    rates = [one["TaxRateRef"]["value"] for one in code["SalesTaxRateList"]["TaxRateDetail"]]
    assert [shop.read("TaxRate", rate)["AgencyRef"]["value"] for rate in rates] == ["1"] * len(rates)
    assert shop.read("TaxAgency", "1")["TaxTrackedOnSales"] is True


# Sales tax in the US


def test_automated_sales_tax_replaces_what_was_sent() -> None:
    shop = Simple(sales_tax="automated")
    made = shop.sell(100, "TAX", TxnTaxDetail={"TxnTaxCodeRef": ref("1"), "TotalTax": 1})
    assert (made["TxnTaxDetail"]["TxnTaxCodeRef"], made["TxnTaxDetail"]["TotalTax"]) == (ref("2"), 8)
    assert (made["TotalAmt"], shop.sell(100, "NON")["TotalAmt"]) == (108, 100)
    exempt = shop.make("Customer", DisplayName="School", Taxable=False)["Id"]
    shop.customer = exempt
    assert shop.sell(100, "TAX")["TotalAmt"] == 100


def test_without_the_engine_the_tax_sent_is_taken() -> None:
    shop = Simple(sales_tax="manual")
    assert shop.sell(100, "TAX", TxnTaxDetail={"TotalTax": 3})["TotalAmt"] == 103
    assert shop.get("/preferences")["Preferences"]["TaxPrefs"] == {"UsingSalesTax": True, "PartnerTaxEnabled": False}


def test_the_kind_of_calculation_is_not_for_the_us() -> None:
    assert "GlobalTaxCalculation" not in Simple().sell(1, GlobalTaxCalculation="TaxInclusive")


# Editions


@pytest.mark.parametrize("edition", ["Simple Start", "Essentials"])
def test_small_editions_have_no_locations_and_no_classes(edition: Any) -> None:
    shop = Simple(edition=edition)
    for kind in ("department", "class"):
        assert shop.fault(f"/{kind}", {"Name": "North"})["code"] == "5020"
    old = shop.get("/preferences")["Preferences"]
    assert (old["AccountingInfoPrefs"]["TrackDepartments"], shop.sell(DepartmentRef=None)["TotalAmt"]) == (False, 100)
    for name in ("TrackDepartments", "ClassTrackingPerTxn", "ClassTrackingPerTxnLine"):
        body = {"SyncToken": old["SyncToken"], "AccountingInfoPrefs": {name: True}}
        assert shop.fault("/preferences", body)["code"] == "5020"


@pytest.mark.parametrize("edition", ["Plus", "Advanced"])
def test_large_editions_turn_them_on_in_the_preferences(edition: Any) -> None:
    shop = Simple(edition=edition, track_departments=False, classes_per_line=False)
    assert shop.fault("/department", {"Name": "North"})["code"] == "5020"
    old = shop.get("/preferences")["Preferences"]
    groups = {"AccountingInfoPrefs": {"TrackDepartments": True, "ClassTrackingPerTxnLine": True}}
    shop.post("/preferences", {"SyncToken": old["SyncToken"], **groups})
    north = shop.make("Department", Name="North")["Id"]
    assert shop.make("Class", Name="Retail")["Active"] is True
    assert shop.sell(DepartmentRef=ref(north))["DepartmentRef"]["name"] == "North"


def test_the_edition_is_told() -> None:
    shop = Simple(edition="Advanced")
    found = shop.get(f"/companyinfo/{shop.info['realm_id']}")["CompanyInfo"]
    assert {"Name": "OfferingSku", "Value": "QuickBooks Online Advanced"} in found["NameValue"]


# Countries and currencies


def test_the_country_is_told_in_two_forms() -> None:
    shop = british()
    found = shop.get(f"/companyinfo/{shop.info['realm_id']}")["CompanyInfo"]
    assert (found["Country"], found["CompanyAddr"]["Country"]) == ("GB", "GBR")
    written = shop.post("/companyinfo", {"SyncToken": "0", "CompanyAddr": {"City": "Cork", "Country": "Ireland"}})
    assert written["CompanyInfo"]["CompanyAddr"]["Country"] == "IRL"


@pytest.mark.parametrize(("country", "longest"), [("US", 7), ("GB", 7), ("IN", 7), ("AU", 20), ("CA", 20)])
def test_the_length_of_account_numbers_depends_on_the_country(country: str, longest: int) -> None:
    shop = Simple(country=country, currencies=())
    body = {"Name": "Fees", "AccountType": "Income"}
    assert shop.make("Account", AcctNum="1" * longest, **body)["AcctNum"] == "1" * longest
    assert shop.fault("/account", {**body, "Name": "More", "AcctNum": "1" * (longest + 1)})["code"] == "2050"


def test_tax_ids_are_masked() -> None:
    shop = british()
    made = shop.make("Customer", DisplayName="Acme", PrimaryTaxIdentifier="GB999999973")
    assert made["PrimaryTaxIdentifier"] == "XXXXXX99973"
    vendor = shop.make("Vendor", DisplayName="Mill", TaxIdentifier="12-3456789")
    assert vendor["TaxIdentifier"] == "XXXXX56789"
    again = shop.change("Vendor", vendor, TaxIdentifier=vendor["TaxIdentifier"])
    assert (again["TaxIdentifier"], again["SyncToken"]) == ("XXXXX56789", "0")
    assert "PrimaryTaxIdentifier" not in Simple().make("Customer", DisplayName="Acme", PrimaryTaxIdentifier="1")


def test_a_french_entry_names_its_journal() -> None:
    shop = Simple(country="FR", home_currency="EUR", currencies=())
    lines = [journal_line("Debit", 5, shop.bank), journal_line("Credit", 5, shop.sales)]
    error = shop.fault("/journalentry", {"Line": lines})
    assert (error["code"], error["element"]) == ("2020", "JournalCodeRef")
    for line in lines:
        line["JournalEntryLineDetail"]["JournalCodeRef"] = ref("1")
    assert shop.make("JournalEntry", Line=lines)["Line"][0]["JournalEntryLineDetail"]["JournalCodeRef"] == ref("1")


def test_exemption_reasons_are_numbered_one_to_fifteen() -> None:
    shop = Simple()
    assert shop.make("Customer", DisplayName="A", TaxExemptionReasonId="15")["TaxExemptionReasonId"] == "15"
    assert shop.fault("/customer", {"DisplayName": "B", "TaxExemptionReasonId": "16"})["code"] == "2170"


def test_one_currency_only() -> None:
    shop = Simple(multicurrency=False)
    assert shop.fault("/customer", {"DisplayName": "Reiher", "CurrencyRef": ref("EUR")})["code"] == "6000"
    assert "ExchangeRate" not in shop.sell()
    assert shop.query("select * from CompanyCurrency") == {}
    assert shop.send("GET", "/exchangerate", sourcecurrencycode="EUR").status == 400


def test_multicurrency_stays_on(shop: Shop) -> None:
    old = shop.get("/preferences")["Preferences"]
    off = {"SyncToken": old["SyncToken"], "CurrencyPrefs": {"MultiCurrencyEnabled": False}}
    assert shop.fault("/preferences", off)["code"] == "6000"


def test_a_company_with_a_closing_day_and_one_without() -> None:
    lines = {"TxnDate": "2026-10-31"}
    closed, opened = Simple(close_day="2026-10-31"), Simple()
    assert closed.get("/preferences")["Preferences"]["AccountingInfoPrefs"]["BookCloseDate"] == "2026-10-31"
    assert "BookCloseDate" not in opened.get("/preferences")["Preferences"]["AccountingInfoPrefs"]
    with pytest.raises(AssertionError, match="6210"):
        closed.sell(**lines)
    assert opened.sell(**lines)["TxnDate"] == "2026-10-31"
    closed.server.act({"op": "set_company", "body": {"close_day": ""}})
    assert "BookCloseDate" not in closed.get("/preferences")["Preferences"]["AccountingInfoPrefs"]
    assert closed.sell(**lines)["TxnDate"] == "2026-10-31"


@pytest.mark.parametrize(
    ("profile", "group", "shown"),
    [
        ({"classes_per_line": False}, "AccountingInfoPrefs", {"ClassTrackingPerTxnLine": False}),
        (
            {"classes_per_line": False, "classes_per_txn": True},
            "AccountingInfoPrefs",
            {"ClassTrackingPerTxnLine": False, "ClassTrackingPerTxn": True},
        ),
        ({"track_departments": False}, "AccountingInfoPrefs", {"TrackDepartments": False}),
        ({"account_numbers": False}, "AccountingInfoPrefs", {"UseAccountNumbers": False}),
        ({"custom_txn_numbers": True}, "SalesFormsPrefs", {"CustomTxnNumbers": True}),
        ({"close_day": "2026-10-31"}, "AccountingInfoPrefs", {"BookCloseDate": "2026-10-31"}),
        ({"multicurrency": False}, "CurrencyPrefs", {"MultiCurrencyEnabled": False}),
    ],
)
def test_an_open_company_gets_another_profile(profile: Json, group: str, shown: Json) -> None:
    late, early = Simple(), Simple(**profile)
    late.server.act({"op": "set_company", "body": profile})
    found = late.get("/preferences")["Preferences"][group]
    assert found == early.get("/preferences")["Preferences"][group]
    assert shown.items() <= found.items()


def test_a_company_loses_its_other_currencies_and_their_empty_accounts() -> None:
    shop = Simple()
    shop.make("Account", Name="Euro", AccountType="Bank", CurrencyRef=ref("EUR"))
    shop.server.act({"op": "set_exchange_rate", "body": {"currency": "EUR", "rate": "1.1"}})
    shop.server.act({"op": "set_company", "body": {"multicurrency": False}})
    names = {account["Name"] for account in shop.query("select * from Account")["Account"]}
    assert {"Sales", "Bank"} <= names
    assert "Euro" not in names
    assert shop.query("select * from CompanyCurrency") == shop.query("select * from ExchangeRate") == {}
    assert shop.fault("/customer", {"DisplayName": "Reiher", "CurrencyRef": ref("EUR")})["code"] == "6000"
    assert "ExchangeRate" not in shop.sell()
    shop.server.act({"op": "set_company", "body": {"multicurrency": True}})
    shop.make("Customer", DisplayName="Reiher", CurrencyRef=ref("EUR"))
    shop.server.act({"op": "set_exchange_rate", "body": {"currency": "EUR", "rate": "1.2"}})
    assert shop.make("Account", Name="Euro", AccountType="Bank", CurrencyRef=ref("EUR"))["Active"] is True


@pytest.mark.parametrize(
    "body", [{"multicurrency": False}, {"edition": "Plus"}, {"multicurrency": "no"}, {"close_day": False}]
)
def test_profiles_that_cannot_be(shop: Shop, body: Json) -> None:
    before = shop.get("/preferences")["Preferences"]
    with pytest.raises(Fault):
        shop.server.act({"op": "set_company", "body": body})
    assert shop.get("/preferences")["Preferences"] == before


@pytest.mark.parametrize("version", ["", "1", "65", "75", "99", "x"])
def test_every_minor_version_behaves_alike(shop: Shop, version: str) -> None:
    made = shop.invoice()
    assert shop.get(f"/invoice/{made['Id']}", minorversion=version)["Invoice"] == made
