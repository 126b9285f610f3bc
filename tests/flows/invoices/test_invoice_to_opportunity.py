"""Opportunities of sales with several invoices: their sums, whatever the currencies (accounting-rules D.4, D.5)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.flows.invoices import invoice_to_opportunity
from ml_connector.model import money
from ml_connector.model.plans import Hold
from ml_connector.model.refs import Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import Invoice, Reference
from support.context import World, settle, sobject

ACCOUNT, DEAL = (
    Ref("salesforce", "Account", "001000000000001AAA"),
    Ref("salesforce", "Opportunity", "006000000000009AAA"),
)
CURRENCIES = st.sampled_from(["USD", "EUR"])
NETS = st.integers(1, 500_000).map(lambda cents: Decimal(cents) / 100)


def sales(net: Decimal, currency: str, others: list[tuple[Decimal, str]], org: str, of_the_deal: str) -> World:
    """An invoice in euros or dollars, on a deal that shows other invoices already."""
    bill = Invoice(
        id="7", doc_number="7", total_amt=net, balance=net, currency_ref=Reference(value=currency),
        customer_ref=Reference(value="1", name="Acme"), exchange_rate=Decimal("1.0850"),
    )  # fmt: skip
    deal = sobject("Opportunity", DEAL.id, Name="Deal", AccountId=ACCOUNT.id, StageName="Closed Won")
    deal = deal if org == "one currency" else deal.merged({"CurrencyIsoCode": of_the_deal})
    references: dict[tuple[str, str], Any] = {("salesforce", "currencies"): {}} if org == "one currency" else {}
    world = World(bill, deal, sobject("Account", ACCOUNT.id, Name="Acme"), references=references)
    world.link(Role.ACCOUNT, Ref("quickbooks", "Customer", "1"), ACCOUNT, {"name": "Acme"})
    world.link(Role.OPPORTUNITY, bill.ref, DEAL)
    for number, (other, named) in enumerate(others, 100):
        agreed = {"net": f"{other}", "currency": named}
        agreed |= {"rate": "1.0850", "home": "USD"} if org == "one currency" and named != "USD" else {}
        world.link(Role.OPPORTUNITY, Ref("quickbooks", "Invoice", str(number)), DEAL, agreed)
    return world


@settings(max_examples=60)
@given(
    NETS,
    CURRENCIES,
    st.lists(st.tuples(NETS, CURRENCIES), max_size=3),
    st.sampled_from(["one currency", "several"]),
    CURRENCIES,
)
def test_amounts_of_different_currencies_are_never_added(
    net: Decimal, currency: str, others: list[tuple[Decimal, str]], org: str, of_the_deal: str
) -> None:
    world = sales(net, currency, others, org, of_the_deal)
    end = settle(invoice_to_opportunity.FLOW, Ref("quickbooks", "Invoice", "7"), world)[-1]
    shown = world.records[DEAL].get("QBO_Invoiced_Net__c")
    every = [(net, currency), *others]
    if org == "several" and {each for _, each in every} != {of_the_deal}:
        assert isinstance(end, Hold)
        assert (end.code, shown) == ("H-CUR-MISMATCH", None)
        return
    rates = {"USD": Decimal(1), "EUR": Decimal("1.0850") if org == "one currency" else Decimal(1)}
    assert shown == sum(money.q(each * rates[named], "USD") for each, named in every)
