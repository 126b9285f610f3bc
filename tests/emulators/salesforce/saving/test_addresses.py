"""State and Country/Territory Picklists of an org."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from emulators.salesforce.orgs import TestOrg

COUNTRY = (
    "There's a problem with this country, even though it may appear correct. Please select a country/territory "
    "from the list of valid countries.: Billing Country"
)
STATE = (
    "There's a problem with this state, even though it may appear correct. Please select a state from the list of "
    "valid states.: Billing State/Province"
)

NO_COUNTRY = "A country/territory must be specified before specifying a state value for field: Billing State/Province"
OTHER_COUNTRY = "The existing country/territory doesn't recognize the state value ON for field: Billing State/Province"
MISMATCH = "Mismatched integration value and ISO code for field: Billing Country"


@pytest.fixture
def org() -> TestOrg:
    org = TestOrg()
    org.switches.state_country_picklists = True
    return org


def address(org: TestOrg, account: str) -> tuple[Any, ...]:
    row = org.record("Account", account)
    return tuple(row[f"Billing{part}"] for part in ("Country", "CountryCode", "State", "StateCode"))


def test_without_the_feature_an_address_is_free_text() -> None:
    org = TestOrg()
    account = org.account(BillingState="Cal", BillingCountry="Ruritania")
    row = org.record("Account", account)
    assert (row["BillingState"], "BillingStateCode" in row) == ("Cal", False)
    assert org.query("SELECT BillingStateCode FROM Account").code == "INVALID_FIELD"
    assert org.post("/sobjects/Account", {"Name": "A", "BillingCountryCode": "US"}).code == "INVALID_FIELD"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"Country": "United States"}, ("United States", "US", None, None)),
        ({"CountryCode": "us", "StateCode": "ma"}, ("United States", "US", "Massachusetts", "MA")),
        ({"Country": "united states", "State": "massachusetts"}, ("United States", "US", "Massachusetts", "MA")),
        ({"Country": "Canada", "StateCode": "ON", "State": "Ontario"}, ("Canada", "CA", "Ontario", "ON")),
        ({"CountryCode": "DE"}, ("Germany", "DE", None, None)),
        ({"CountryCode": "DE", "Country": "Germany", "State": ""}, ("Germany", "DE", None, None)),
        ({"Street": "1 Main", "City": "Boston"}, (None, None, None, None)),
    ],
)
def test_a_label_or_a_code_is_taken_and_brings_the_other(
    org: TestOrg, given: dict[str, Any], kept: tuple[Any, ...]
) -> None:
    assert address(org, org.account(**{f"Billing{part}": value for part, value in given.items()})) == kept


@pytest.mark.parametrize(
    ("given", "field", "message"),
    [
        ({"Country": "USA"}, "BillingCountry", COUNTRY),
        ({"Country": "US"}, "BillingCountry", COUNTRY),
        ({"CountryCode": "XX"}, "BillingCountryCode", COUNTRY),
        ({"State": "MA"}, "BillingState", NO_COUNTRY),
        ({"Country": "United States", "State": "Cal"}, "BillingState", STATE),
        ({"Country": "Germany", "State": "Baden"}, "BillingState", STATE),
        ({"Country": "United States", "StateCode": "ON"}, "BillingStateCode", OTHER_COUNTRY),
        ({"Country": "Canada", "CountryCode": "US"}, "BillingCountryCode", MISMATCH),
    ],
)  # fmt: skip
def test_an_address_off_the_list_is_refused_with_the_record(
    org: TestOrg, given: dict[str, Any], field: str, message: str
) -> None:
    body = {"Name": "Acme"} | {f"Billing{part}": value for part, value in given.items()}
    reply = org.post("/sobjects/Account", body)
    assert (reply.status, reply.code, reply.message) == (400, "FIELD_INTEGRITY_EXCEPTION", message)
    assert reply.body[0]["fields"] == [field]
    assert org.rows("SELECT Id FROM Account") == []


@pytest.mark.parametrize("kind", ["Account", "Contact", "Order"])
def test_every_object_with_addresses_and_every_way_to_write(org: TestOrg, kind: str) -> None:
    stem = "Mailing" if kind == "Contact" else "Billing"
    record_id = org.order() if kind == "Order" else org.add(kind, **{"Name" if kind == "Account" else "LastName": "A"})
    row = {"attributes": {"type": kind}, "id": record_id, f"{stem}Country": "USA"}
    (item,) = org.patch("/composite/sobjects", {"records": [row]}).body
    assert item["errors"][0]["statusCode"] == "FIELD_INTEGRITY_EXCEPTION"
    assert org.patch(f"/sobjects/{kind}/{record_id}", {f"{stem}CountryCode": "US"}).status == 204
    assert org.record(kind, record_id)[f"{stem}Address"]["countryCode"] == "US"


def test_a_change_is_held_against_what_stays(org: TestOrg) -> None:
    account = org.account(BillingCountryCode="US", BillingStateCode="WA")
    path = f"/sobjects/Account/{account}"
    assert (
        org.patch(path, {"BillingCountryCode": "CA"}).message.startswith("There's a problem with this state") is False
    )
    moved = org.patch(path, {"BillingCountryCode": "CA"})
    assert (moved.code, "doesn't recognize the state value WA" in moved.message) == ("FIELD_INTEGRITY_EXCEPTION", True)
    assert org.patch(path, {"BillingState": "Oregon", "BillingCity": "Salem"}).status == 204
    assert address(org, account) == ("United States", "US", "Oregon", "OR")
    assert org.patch(path, {"BillingCountry": None}).status == 204
    assert address(org, account) == (None, None, None, None)


@pytest.mark.parametrize(
    ("switches", "given", "kept"),
    [
        ({"address_places": {"US": "USA"}}, {"Country": "USA"}, ("USA", "US", None, None)),
        ({"address_places": {"DE-BY": "Bayern"}}, {"CountryCode": "DE", "State": "Bayern"},
         ("Germany", "DE", "Bayern", "BY")),
        ({"state_texts": "code"}, {"Country": "United States", "State": "TX"}, ("United States", "US", "TX", "TX")),
        ({"address_texts_take_codes": True}, {"Country": "US", "State": "TX"}, ("United States", "US", "Texas", "TX")),
        ({"active_countries": {"US", "CA"}}, {"Country": "Spain"}, None),
        ({"active_countries": {"US", "CA"}}, {"CountryCode": "ES"}, None),
        ({"address_places": {"US-MA": ""}}, {"CountryCode": "US", "StateCode": "MA"}, None),
        ({"state_texts": "code"}, {"Country": "United States", "State": "Texas"}, None),
    ],
)  # fmt: skip
def test_what_an_administrator_may_set_up(
    org: TestOrg, switches: dict[str, Any], given: dict[str, Any], kept: tuple[Any, ...] | None
) -> None:
    for name, value in switches.items():
        setattr(org.switches, name, value)
    body = {f"Billing{part}": value for part, value in given.items()}
    if kept is None:
        assert org.post("/sobjects/Account", {"Name": "A"} | body).code == "FIELD_INTEGRITY_EXCEPTION"
    else:
        assert address(org, org.account(**body)) == kept


def test_describe_has_the_lists_and_says_which_states_go_with_which_country(org: TestOrg) -> None:
    org.switches.active_countries = {"CA", "US", "DE"}
    fields = {field["name"]: field for field in org.get("/sobjects/Account/describe").body["fields"]}
    countries, states = fields["BillingCountryCode"], fields["BillingStateCode"]
    assert [(value["value"], value["label"]) for value in countries["picklistValues"]] == [
        *[("CA", "Canada"), ("DE", "Germany"), ("US", "United States")],
    ]
    assert (countries["restrictedPicklist"], states["restrictedPicklist"]) == (True, True)
    assert (states["dependentPicklist"], states["controllerName"]) == (True, "BillingCountryCode")
    assert (countries["dependentPicklist"], countries["controllerName"]) == (False, None)
    assert (fields["BillingState"]["type"], fields["BillingCountry"]["length"]) == ("string", 80)
    valid = {value["label"]: value["validFor"] for value in states["picklistValues"]}
    assert (valid["Ontario"], valid["Massachusetts"]) == ("gAAA", "IAAA")
    assert len(valid) == 13 + 51


def test_the_bits_of_a_long_list(org: TestOrg) -> None:
    fields = {field["name"]: field for field in org.get("/sobjects/Account/describe").body["fields"]}
    codes = [value["value"] for value in fields["BillingCountryCode"]["picklistValues"]]
    assert len(codes) > 230
    texas = next(value for value in fields["BillingStateCode"]["picklistValues"] if value["label"] == "Texas")
    bits = base64.b64decode(texas["validFor"])
    valid = [code for index, code in enumerate(codes) if index // 8 < len(bits) and bits[index // 8] << index % 8 & 128]
    assert valid == ["US"]


def test_turned_on_later_what_fits_gets_its_codes_and_what_does_not_stays() -> None:
    org = TestOrg()
    notices: list[Any] = []
    fits = org.account(BillingCountry="US", BillingState="Texas")
    odd = org.account(BillingCountry="Ruritania", BillingState="Cal")
    org.vendor.on_change.append(notices.append)
    org.switches.state_country_picklists = True
    assert address(org, fits) == ("United States", "US", "Texas", "TX")
    assert address(org, odd) == ("Ruritania", None, "Cal", None)
    assert org.patch(f"/sobjects/Account/{odd}", {"Phone": "1"}).status == 204
    assert [notice.ids for notice in notices] == [(odd,)]


def test_fields_stand_where_the_recorded_org_has_them(org: TestOrg) -> None:
    names = [field["name"] for field in org.get("/sobjects/Account/describe").body["fields"]]
    first = names.index("BillingStreet")
    assert names[first : first + 8] == [
        *("BillingStreet", "BillingCity", "BillingState", "BillingPostalCode", "BillingCountry", "BillingStateCode"),
        *("BillingCountryCode", "BillingLatitude"),
    ]
