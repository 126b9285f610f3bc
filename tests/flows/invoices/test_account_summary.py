"""An Account summed up from its invoices: whatever they are, and whatever people wrote (accounting-rules E.2, D.4)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.flows.dimensions import texts as dim_texts
from ml_connector.flows.invoices import account_summary
from ml_connector.flows.parties import status_text as account_status
from ml_connector.model.flags import Flag
from ml_connector.model.plans import Hold, Refused, Skip
from ml_connector.model.refs import Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import record_changed, table_changed
from support.context import TODAY, World, settle, sobject, writes
from support.digests import digest

ACCOUNT = Ref("salesforce", "Account", "001000000000001AAA")
NAMES = {"11": "East", "12": "West", "13": "North"}
CENTS = st.integers(-100_000, 100_000).map(lambda cents: Decimal(cents) / 100)

INVOICES = st.lists(
    st.fixed_dictionaries(
        {
            "net": CENTS,
            "balance": st.sampled_from([Decimal(0), Decimal("12.34"), Decimal(500)]),
            "txn_date": st.dates(TODAY - timedelta(days=500), TODAY + timedelta(days=40)),
            "due": st.none() | st.integers(0, 90),
            "department": st.sampled_from(["", "11", "12", "13"]),
            "status": st.sampled_from(["", "", "", "VOIDED", "CREDITED"]),
        }
    ),
    max_size=8,
)


def town(invoices: list[dict[str, Any]], text: str | None) -> World:
    world = World(sobject("Account", ACCOUNT.id, Name="Acme", Department__c=text, Class__c=None, QBO_Overdue__c=None))
    for id_, name in NAMES.items():
        target = Ref("quickbooks", "DepartmentName", name.lower())
        world.link(Role.DIM_NAME, Ref("quickbooks", "Department", id_), target, {"name": name})
    for number, each in enumerate(invoices):
        due = None if each["due"] is None else (each["txn_date"] + timedelta(days=each["due"])).isoformat()
        agreed = {
            "net": f"{each['net']:f}", "balance": f"{each['balance']:f}", "currency": "USD", "due_date": due,
            "txn_date": each["txn_date"].isoformat(), "department_id": each["department"] or None,
            "status": each["status"] or None,
        }  # fmt: skip
        world.link(Role.BILLED, Ref("quickbooks", "Invoice", str(number)), ACCOUNT, agreed)
    return world


def largest(invoices: list[dict[str, Any]], today: date) -> set[str]:
    """The departments with the most money, worked out the long way; none if there is nothing to go by."""
    year_ago = today.replace(year=today.year - 1)
    counted = [
        invoice
        for invoice in invoices
        if invoice["net"] and not invoice["status"] and year_ago < invoice["txn_date"] <= today
    ]
    sums = {id_: sum(abs(each["net"]) for each in counted if each["department"] == id_) for id_ in NAMES}
    most = max(sums.values())
    return {NAMES[id_] for id_, each in sums.items() if each == most and most}


@given(INVOICES)
def test_the_department_is_the_one_with_the_most_money(invoices: list[dict[str, Any]]) -> None:
    world = town(invoices, None)
    settle(account_summary.FLOW, ACCOUNT, world)
    assert world.records[ACCOUNT]["Department__c"] == min(largest(invoices, TODAY), default=None)


@given(INVOICES, st.sampled_from(["East", "West", "Head office"]), st.integers(0, 400))
def test_a_text_of_people_is_never_touched(invoices: list[dict[str, Any]], text: str, days: int) -> None:
    world = town(invoices, text)
    settle(account_summary.FLOW, ACCOUNT, world)
    world.today = TODAY + timedelta(days=days)
    settle(account_summary.FLOW, ACCOUNT, world)
    assert world.records[ACCOUNT]["Department__c"] == text


CURRENCIES = st.sampled_from(["USD", "EUR", "JPY"])


@settings(max_examples=100)
@given(INVOICES, st.lists(CURRENCIES, min_size=8, max_size=8), st.none() | CURRENCIES)
def test_amounts_of_different_currencies_are_never_added(
    invoices: list[dict[str, Any]], currencies: list[str], of_the_customer: str | None
) -> None:
    """Neither what is overdue nor which department has the most money; where nobody can choose, it is flagged."""
    world = town(invoices, None)
    for number, currency in zip(range(len(invoices)), currencies, strict=False):
        link = world.links[Role.BILLED, Ref("quickbooks", "Invoice", str(number))]
        world.link(Role.BILLED, link.source, link.target, {**link.agreed, "currency": currency})
    if of_the_customer:
        world.link(Role.ACCOUNT, Ref("quickbooks", "Customer", "1"), ACCOUNT, {"currency": of_the_customer})
    end = settle(account_summary.FLOW, ACCOUNT, world)[-1]
    assert isinstance(end, Skip)
    year_ago = TODAY.replace(year=TODAY.year - 1)
    named = {
        currency
        for each, currency in zip(invoices, currencies, strict=False)
        if each["balance"] or (each["net"] and not each["status"] and year_ago < each["txn_date"] <= TODAY)
    }
    chosen = {of_the_customer} if of_the_customer else named
    if len(chosen) > 1:
        assert (end.flags, world.records[ACCOUNT]["QBO_Overdue__c"]) == ((Flag.SEVERAL_CURRENCIES,), None)
        assert f"link:account:{ACCOUNT}" in end.waits_for
        assert world.records[ACCOUNT]["Department__c"] is None
    elif invoices:
        own = [each for each, currency in zip(invoices, currencies, strict=False) if currency in chosen]
        late = [each["balance"] for each in own if each["txn_date"] + timedelta(days=each["due"] or 0) < TODAY]
        assert (end.flags, world.records[ACCOUNT]["QBO_Overdue__c"]) == ((), sum(late))
        assert world.records[ACCOUNT]["Department__c"] == min(largest(own, TODAY), default=None)


@settings(max_examples=60)
@given(INVOICES)
def test_nothing_changes_before_the_day_that_is_waited_for(invoices: list[dict[str, Any]]) -> None:
    world = town(invoices, None)
    end = settle(account_summary.FLOW, ACCOUNT, world)[-1]
    assert isinstance(end, Skip)
    named = [date.fromisoformat(each.removeprefix("day:")) for each in end.waits_for]
    until = min(named, default=TODAY + timedelta(days=600))
    assert until > TODAY
    for day in (TODAY, until - timedelta(days=1)):
        world.today = day
        assert writes(settle(account_summary.FLOW, ACCOUNT, world)) == []


def test_a_long_reason_fits_into_the_status() -> None:
    hold = Hold(code="V-COUNTRY", facts={"account": "Very long name " * 30})
    text = account_status.text_of(hold)
    assert (len(text), text[:31], text[-6:]) == (254, "V-COUNTRY: Account Very long na", " long…")


def test_a_refused_account_waits_for_a_change_of_its_own() -> None:
    """No sweep lists records for these two flows, so the change must be waited for by name."""
    invoice = {"net": Decimal(1), "balance": Decimal(0), "txn_date": TODAY, "due": None, "department": "11"}
    world = town([{**invoice, "status": ""}], None)
    write = writes(settle(account_summary.FLOW, ACCOUNT, world))[0]
    for flow in (account_summary.FLOW, dim_texts.FLOW):
        hold = flow.refused(write, Refused("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Not in this org"), digest)
        assert isinstance(hold, Hold)
        waits = (record_changed(ACCOUNT), table_changed("fields:Account", "salesforce"))
        assert (hold.code, hold.waits_for) == ("REFUSED-BY-SALESFORCE", waits)
