"""States and countries as people type them, in an org that keeps them as lists and in one that does not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.flows.parties import account_to_customer, customer_to_account
from ml_connector.flows.parties.addresses import Parts, fits_account, of_account, of_customer, placed
from ml_connector.model.flags import Flag
from ml_connector.model.plans import Hold, Refused, Write
from ml_connector.model.refs import Ref
from ml_connector.systems.quickbooks.records import Address, CompanyInfo, Customer
from ml_connector.systems.salesforce.records import SObject
from support.context import REGIONS, World, settle, sobject, with_regions, writes

CUSTOMER = Ref("quickbooks", "Customer", "1")
ACCOUNT = Ref("salesforce", "Account", "001000000000001AAA")
TABLE = with_regions(REGIONS)
LISTS = TABLE.regions
assert LISTS is not None
STREET, CITY = "1 Main", "Anytown"


def picky(write: Write) -> Refused | None:
    """An org with the lists: what it says to a state without its country, or to one that it does not have."""
    if write.kind != "Account":
        return None
    for place in ("Billing", "Shipping"):
        country, state = write.body.get(f"{place}CountryCode"), write.body.get(f"{place}StateCode")
        texts = [name for name in (f"{place}State", f"{place}Country") if write.body.get(name)]
        known = country is None or country in REGIONS
        if texts or not known or (state and (country is None or state not in REGIONS[country][1])):
            return Refused("FIELD_INTEGRITY_EXCEPTION", "A country must be selected first.", (f"{place}StateCode",))
    return None


def world(customer: Customer, *accounts: SObject, home: str = "US") -> World:
    references: dict[tuple[str, str], Any] = {
        ("salesforce", "matching"): None,
        ("quickbooks", "matching"): None,
        ("quickbooks", "company"): CompanyInfo(id="1", country=home),
        ("salesforce", "fields:Account"): TABLE,
    }
    return World(customer, *accounts, references=references, refuses=picky)


def customer(**address: str) -> Customer:
    where = Address(line1=STREET, city=CITY, **address)
    return Customer(id="1", sync_token="0", display_name="Acme", bill_addr=where, ship_addr=where)


SPELLINGS = [
    # typed state, country and postal code; code of state and country, and what goes into the street
    ("MA", "US", "", "MA", "US", ""),
    ("ma", "usa", "", "MA", "US", ""),
    (" Ma ", "U.S.A.", "", "MA", "US", ""),
    ("M.A.", "United States of America", "", "MA", "US", ""),
    ("Massachusetts", "America", "", "MA", "US", ""),
    ("MASSACHUSETTS", "us", "", "MA", "US", ""),
    ("New  York", "USA", "", "NY", "US", ""),
    ("N.Y.", "840", "", "NY", "US", ""),
    ("MA", "", "02110", "MA", "US", ""),
    ("california", "", "", "CA", "US", ""),
    ("", "", "02110", "", "US", ""),
    ("", "", "02110-1234", "", "US", ""),
    ("", "", "SW1A 1AA", "", "", ""),
    ("", "", "", "", "", ""),
    ("QC", "Canada", "", "QC", "CA", ""),
    ("Quebec", "ca", "", "QC", "CA", ""),
    ("QUÉBEC", "CAN", "", "QC", "CA", ""),
    ("BW", "Germany", "", "BW", "DE", ""),
    ("baden-wurttemberg", "Deutschland", "", "BW", "DE", ""),
    ("Baden-Württemberg", "DEU", "", "BW", "DE", ""),
    ("Kent", "England", "", "", "GB", "Kent"),
    ("Cal", "USA", "90001", "CA", "US", ""),
    ("Kal", "USA", "90001", "", "US", "Kal"),
    ("Bayern", "Germany", "", "", "DE", "Bayern"),
    ("MA", "Germany", "", "", "DE", "MA"),
    ("Ontario", "", "", "", "", "Ontario"),
    ("Cal", "", "90001", "CA", "US", ""),
    ("Kal", "", "90001", "", "", "Kal"),
    ("", "Spain", "", "", "", "Spain"),
    ("Madrid", "Spain", "28001", "", "", "Madrid, Spain"),
    ("MA", "Atlantis", "", "", "", "MA, Atlantis"),
    ("??", "??", "", "", "", "??, ??"),
]


@pytest.mark.parametrize(("typed", "land", "postal", "state", "country", "line"), SPELLINGS)
def test_what_people_type_in_an_org_with_lists(
    typed: str, land: str, postal: str, state: str, country: str, line: str
) -> None:
    page = world(customer(country_sub_division_code=typed, country=land, postal_code=postal))
    decisions = settle(customer_to_account.FLOW, CUSTOMER, page)
    assert not isinstance(decisions[-1], Hold)
    (account,) = page.kind("Account")
    for place in ("Billing", "Shipping"):
        here = (account.get(f"{place}StateCode") or "", account.get(f"{place}CountryCode") or "")
        assert here == (state, country)
        assert account[f"{place}Street"].splitlines() == [STREET, *([line] if line else [])]
    flags = {flag for decision in decisions if not isinstance(decision, Hold) for flag in decision.flags}
    assert flags == ({Flag.REGION_IN_STREET} if line else set())
    _rests(page)
    assert page.records[CUSTOMER].ship_addr.country_sub_division_code == typed  # what people typed stays


def _rests(page: World) -> None:
    (account,) = page.kind("Account")
    for _ in range(2):
        assert writes(settle(customer_to_account.FLOW, CUSTOMER, page)) == []
        assert writes(settle(account_to_customer.FLOW, account.ref, page)) == []


@pytest.mark.parametrize(("home", "state", "country"), [("CA", "ON", "CA"), ("DE", "BW", "DE"), ("GB", "", "")])
def test_without_a_country_it_is_the_company_s(home: str, state: str, country: str) -> None:
    assert LISTS is not None
    there = placed(Parts(street=STREET, state=state or "ON"), LISTS, home)
    assert (there.parts.state_code, there.parts.country) == (state, country)


def test_what_has_no_room_in_the_street_is_left_out_and_told() -> None:
    where = Address(line1="x" * 250, country_sub_division_code="Madrid", country="Spain")
    page = world(Customer(id="1", sync_token="0", display_name="Acme", ship_addr=where))
    decisions = settle(customer_to_account.FLOW, CUSTOMER, page)
    assert Flag.REGION_LEFT_OUT in writes(decisions)[0].flags
    (account,) = page.kind("Account")
    assert account["ShippingStreet"] == "x" * 250
    _rests(page)
    assert page.records[CUSTOMER].ship_addr.country == "Spain"


def test_an_org_without_lists_takes_the_text() -> None:
    page = World(customer(country_sub_division_code="Cal", country="Spain"), references={
        ("salesforce", "matching"): None, ("quickbooks", "matching"): None,
    })  # fmt: skip
    settle(customer_to_account.FLOW, CUSTOMER, page)
    (account,) = page.kind("Account")
    assert (account["BillingState"], account["BillingCountry"], account["BillingStreet"]) == ("Cal", "Spain", STREET)


@pytest.mark.parametrize(
    ("codes", "state", "country"),
    [
        ({"State": "Massachusetts", "StateCode": "MA", "Country": "United States", "CountryCode": "US"}, "MA", "US"),
        ({"Country": "Germany", "CountryCode": "DE"}, "", "DE"),
        ({"Country": "Spain"}, "", "Spain"),
    ],
)
def test_an_account_of_such_an_org_becomes_a_customer(codes: dict[str, str], state: str, country: str) -> None:
    fields = {f"Billing{name}": value for name, value in codes.items()}
    account = sobject("Account", ACCOUNT.id, Name="Acme", QBO_Ready__c=True, BillingStreet=STREET, **fields)
    page = World(account, references=world(customer()).references, refuses=picky)
    settle(account_to_customer.FLOW, ACCOUNT, page)
    (made,) = page.kind("Customer")
    assert (made.bill_addr.country_sub_division_code, made.bill_addr.country) == (state, country)
    assert writes(settle(account_to_customer.FLOW, ACCOUNT, page)) == []
    assert writes(settle(customer_to_account.FLOW, made.ref, page)) == []


@pytest.mark.parametrize("typed", ["MA", "Massachusetts", "Cal"])
def test_people_change_the_street_in_salesforce(typed: str) -> None:
    """The shipping address is anybody's: what they change reaches QuickBooks, with the state as it is there."""
    page = world(customer(country_sub_division_code=typed, country="USA"))
    settle(customer_to_account.FLOW, CUSTOMER, page)
    (account,) = page.kind("Account")
    page.put(account.merged({"ShippingStreet": account["ShippingStreet"].replace(STREET, "2 Side")}))
    settle(account_to_customer.FLOW, account.ref, page)
    there = page.records[CUSTOMER].ship_addr
    assert (there.line1, there.country_sub_division_code) == ("2 Side", typed)
    _rests(page)


@pytest.mark.parametrize("typed", ["MA", "Massachusetts", "Cal"])
def test_people_change_the_street_in_quickbooks(typed: str) -> None:
    page = world(customer(country_sub_division_code=typed, country="USA"))
    settle(customer_to_account.FLOW, CUSTOMER, page)
    now = page.records[CUSTOMER]
    moved = msgspec.structs.replace(now.ship_addr, line1="2 Side")
    page.put(msgspec.structs.replace(now, bill_addr=moved, ship_addr=moved))
    decisions = settle(customer_to_account.FLOW, CUSTOMER, page)
    assert not any(flag.startswith("CONFLICT") for each in writes(decisions) for flag in each.flags)
    (account,) = page.kind("Account")
    for place in ("Billing", "Shipping"):
        assert account[f"{place}Street"].splitlines()[0] == "2 Side"
    _rests(page)


def test_a_state_that_becomes_another_country_s_is_cleared_with_its_code() -> None:
    page = world(customer(country_sub_division_code="MA", country="USA"))
    settle(customer_to_account.FLOW, CUSTOMER, page)
    page.put(customer(country_sub_division_code="", country="United Kingdom"))
    settle(customer_to_account.FLOW, CUSTOMER, page)
    (account,) = page.kind("Account")
    assert (account["BillingCountryCode"], account["BillingStateCode"]) == ("GB", None)
    _rests(page)


texts = st.one_of(
    st.text(max_size=90),
    st.sampled_from([typed for row in SPELLINGS for typed in row[:3]]),
    st.sampled_from(["\n", "a\nb", "Cal\n", " "]),
)


@settings(max_examples=120, deadline=None)
@given(street=st.text(max_size=300), city=st.text(max_size=50), state=texts, country=texts, postal=texts)
def test_no_address_keeps_a_customer_out(street: str, city: str, state: str, country: str, postal: str) -> None:
    where = Address(line1=street, city=city, country_sub_division_code=state, country=country, postal_code=postal)
    page = world(Customer(id="1", sync_token="0", display_name="Acme", bill_addr=where, ship_addr=where))
    decisions = settle(customer_to_account.FLOW, CUSTOMER, page)
    assert not isinstance(decisions[-1], Hold)
    _rests(page)
    assert page.records[CUSTOMER].ship_addr == where


@given(state=texts, country=texts, home=st.sampled_from(["US", "CA", "DE", "XX"]))
def test_what_is_placed_is_in_the_lists_or_in_the_street(state: str, country: str, home: str) -> None:
    there = placed(Parts(street=STREET, state=state, country=country), LISTS, home)
    assert there.parts.country in ("", *REGIONS)
    assert not there.parts.state_code or there.parts.state_code in REGIONS[there.parts.country][1]
    assert fits_account(there.parts)
    for typed, code in ((state, there.parts.state_code), (country, there.parts.country)):
        assert code or " ".join(typed.split()) in there.parts.street
    account = SObject("Account", "", {"BillingStreet": there.parts.street, "BillingStateCode": there.parts.state_code})
    assert there.as_typed(of_account(account, "Billing"), of_customer(Address(line1=STREET))) is not None


# --- a state in other words than the org's

TYPED = ["CA", "ca", "Cal", "Calif.", "california", "CALIFORNIA", "C.A."]


@pytest.mark.parametrize("place", ["bill_addr", "ship_addr"])
@pytest.mark.parametrize("country", ["US", "USA", "united states", ""])
@pytest.mark.parametrize("typed", TYPED)
def test_a_state_that_the_org_spells_otherwise_is_no_conflict(typed: str, country: str, place: str) -> None:
    """Written in the org's words, it is neither written again nor taken back to QuickBooks by the next look."""
    address = Address(line1="1 Hill", city="Fresno", country_sub_division_code=typed, country=country)
    customer = msgspec.structs.replace(Customer(id="1", sync_token="0", display_name="Acme"), **{place: address})
    accounts = {("salesforce", "fields:Account"): with_regions(REGIONS), ("salesforce", "matching"): None}
    world = World(customer, references=accounts)
    settle(customer_to_account.FLOW, customer.ref, world)
    (account,) = world.kind("Account")
    side = "Billing" if place == "bill_addr" else "Shipping"
    assert (account[f"{side}StateCode"], account[f"{side}CountryCode"]) == ("CA", "US")
    # The org shows its own label beside the code.
    world.put(account.merged({f"{side}State": "California", f"{side}Country": "United States"}))
    for flow, ref in ((customer_to_account.FLOW, customer.ref), (account_to_customer.FLOW, account.ref)):
        decisions = settle(flow, ref, world)
        assert writes(decisions) == []
        assert not any(flag.startswith("CONFLICT") for each in decisions for flag in getattr(each, "flags", ()))
    world.put(world.records[account.ref].merged({"Phone": "617-555-0100"}))
    settle(account_to_customer.FLOW, account.ref, world)
    assert getattr(world.records[customer.ref], place) == address


@pytest.mark.parametrize(
    ("text", "code"),
    [("Mass", "MA"), ("New", ""), ("Ne", ""), ("Cal", "CA"), ("Calx", ""), ("New Y", "NY"), ("Que", ""), ("", "")],
)
def test_a_state_that_is_cut_short(text: str, code: str) -> None:
    regions = with_regions(REGIONS).regions
    assert regions is not None
    assert regions.state("US", text) == code
