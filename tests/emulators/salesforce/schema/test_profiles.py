"""Kinds of org: Professional, Enterprise and Revenue Cloud, with one currency or several."""

from __future__ import annotations

import pytest

from emulators.salesforce.orgs import TestOrg
from ml_emulators.salesforce.org import Profile

_ORDERS = {"Order", "OrderItem", "OrderStatus"}
_BILLING = {"Invoice", "InvoiceLine", "CreditMemo", "Payment", "PaymentLineInvoice"}
_RATES = {"CurrencyType", "DatedConversionRate"}


def _objects(org: TestOrg) -> set[str]:
    return {entry["name"] for entry in org.get("/sobjects").body["sobjects"]}


def _fields(org: TestOrg, kind: str) -> set[str]:
    return {entry["name"] for entry in org.get(f"/sobjects/{kind}/describe").body["fields"]}


@pytest.mark.parametrize(
    ("profile", "there", "absent", "edition"),
    [
        ("professional", {"Account", "Opportunity", "PricebookEntry"}, _ORDERS | _BILLING, "Professional Edition"),
        ("enterprise", _ORDERS, _BILLING, "Enterprise Edition"),
        ("revenue-cloud", _ORDERS | _BILLING, set(), "Enterprise Edition"),
    ],
)
@pytest.mark.parametrize("multicurrency", [True, False])
def test_the_objects_of_a_profile(
    org: TestOrg, profile: Profile, there: set[str], absent: set[str], edition: str, multicurrency: bool
) -> None:
    org.switches.profile, org.switches.multicurrency = profile, multicurrency
    objects = _objects(org)
    assert there <= objects
    assert not objects & absent
    assert (objects >= _RATES) is multicurrency
    assert ("CurrencyIsoCode" in _fields(org, "Account")) is multicurrency
    assert org.column("SELECT OrganizationType FROM Organization") == [edition]


def test_an_object_that_the_edition_lacks_is_unknown_everywhere(org: TestOrg) -> None:
    org.switches.profile = "professional"
    assert org.query("SELECT Id FROM Order").code == "INVALID_TYPE"
    assert org.get("/sobjects/Order/describe").status == 404
    assert org.post("/sobjects/Order", {"Status": "Draft"}).status == 404
    assert org.query("SELECT Id, (SELECT Id FROM Orders) FROM Account").code == "INVALID_TYPE"
    assert "Order" not in {
        child["childSObject"] for child in org.get("/sobjects/Account/describe").body["childRelationships"]
    }


def test_one_currency_is_named_nowhere(org: TestOrg) -> None:
    org.switches.multicurrency = False
    for kind in ("Account", "Contact", "Opportunity", "Order", "OrderItem", "PricebookEntry", "Product2", "User"):
        assert not _fields(org, kind) & {"CurrencyIsoCode", "DefaultCurrencyIsoCode"}, kind
    assert org.query("SELECT CurrencyIsoCode FROM Account").code == "INVALID_FIELD"
    assert org.post("/sobjects/Account", {"Name": "Acme", "CurrencyIsoCode": "EUR"}).code == "INVALID_FIELD"
    assert "CurrencyIsoCode" not in org.record("Account", org.account())


def test_an_order_in_an_org_with_one_currency(org: TestOrg) -> None:
    org.switches.multicurrency = False
    product = org.add("Product2", Name="Widget", IsActive=True)
    body = {"Product2Id": product, "Pricebook2Id": org.standard_book, "UnitPrice": 10}
    entry = org.add("PricebookEntry", **body, IsActive=True)
    assert org.post("/sobjects/PricebookEntry", body).code == "DUPLICATE_VALUE"
    order = org.order()
    org.item(order, entry)
    assert org.patch(f"/sobjects/Order/{order}", {"Status": "Activated"}).status == 204
    assert org.record("Order", order)["TotalAmount"] == 20


def test_records_have_the_corporate_currency_once_there_are_several(org: TestOrg) -> None:
    org.switches.multicurrency = False
    account = org.account()
    org.switches.multicurrency = True
    assert org.record("Account", account)["CurrencyIsoCode"] == "USD"


def test_orders_are_there_again_when_the_edition_has_them(org: TestOrg) -> None:
    order = org.order()
    org.switches.profile = "professional"
    assert org.get(f"/sobjects/Order/{order}").status == 404
    org.switches.profile = "enterprise"
    assert org.get(f"/sobjects/Order/{order}").status == 200


def test_person_accounts_are_off(org: TestOrg) -> None:
    assert "IsPersonAccount" not in _fields(org, "Account")
