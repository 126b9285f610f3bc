"""Customers and accounts as parties to be matched, and the match of one among the others (accounting-rules E.1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from ml_connector.flows.company import Company
from ml_connector.model import canonical
from ml_connector.model.plans import Context, NeedLink, NeedReference
from ml_connector.model.refs import Ref
from ml_connector.model.roles import Role
from ml_connector.model.tables import Table
from ml_connector.systems.quickbooks.records import Customer
from ml_connector.systems.salesforce.records import SObject

from . import addresses
from .emails import parse
from .matching import Index, Match, Party, match
from .pair_fields import phone_of, web_of
from .pair_links import is_linked

T = TypeVar("T")
_FIRST_NUMBER = re.compile(r"\d+")


def of_customer(customer: Customer, home: str) -> Party:
    """A customer; its tax id is masked on read and so cannot be compared."""
    return _party(
        customer.id,
        customer.plain_name,
        emails=parse(customer.email),
        site=web_of(customer),
        phone=phone_of(customer),
        address=addresses.of_customer(customer.bill_addr),
        home=home,
    )


def of_account(account: SObject, home: str) -> Party:
    """An account with the e-mails of its contacts."""
    emails = [*parse(account.text("QBO_Billing_Email__c"))]
    for contact in account.children("Contacts"):
        emails += parse(contact.text("Email"))
    return _party(
        account.id,
        account.text("Name"),
        emails=emails,
        site=account.text("Website"),
        phone=account.text("Phone"),
        address=addresses.of_account(account, "Billing"),
        home=home,
    )


def _party(
    key: str, name: str, *, emails: Sequence[str], site: str, phone: str, address: addresses.Parts, home: str
) -> Party:
    country = canonical.country(address.country) or ""
    number = canonical.phone(phone, country if len(country) == 2 else home)
    street = _FIRST_NUMBER.search(address.street)
    return Party(
        id=key,
        name=name,
        emails=frozenset(emails),
        hosts=frozenset(filter(None, [canonical.host(site)])),
        phones=frozenset(filter(None, [number])),
        postal_code=canonical.folded(address.postal_code.replace(" ", "").replace("-", "")) or "",
        street_number=street.group() if street else "",
        country=country,
        country_or_home=country or home,
    )


def among_accounts(customer: Customer, context: Context) -> Match:
    """The account of a customer, among those that have no mark of ours and no link.

    One with the mark of another company is among them: it is not taken, but whoever fits it best is not new either.
    """
    context.want(NeedReference("quickbooks", "company"), NeedReference("salesforce", "matching"))
    company = Company(context)
    home = company.home_country
    table: Table[SObject] = context.reference("salesforce", "matching")
    return _match(
        of_customer(customer, home), table.once(home, _accounts(home, company)), "salesforce", "Account", context
    )


def among_customers(account: SObject, context: Context) -> Match:
    """The customer of an account, among those without a link; inactive ones and projects' parents included."""
    context.want(NeedReference("quickbooks", "company"), NeedReference("quickbooks", "matching"))
    home = Company(context).home_country
    table: Table[Customer] = context.reference("quickbooks", "matching")
    return _match(of_account(account, home), table.once(home, _customers(home)), "quickbooks", "Customer", context)


def _accounts(home: str, company: Company) -> Callable[[Table[SObject]], Index]:
    def party(account: SObject) -> Party | None:
        ours = account.text("QBO_Id__c") and company.has_account(account)
        return None if ours else of_account(account, home)

    return lambda table: _index(table, party)


def _customers(home: str) -> Callable[[Table[Customer]], Index]:
    def party(customer: Customer) -> Party | None:
        return None if customer.is_project else of_customer(customer, home)

    return lambda table: _index(table, party)


def _index(table: Table[T], party: Callable[[T], Party | None]) -> Index:
    return Index(map(party, table), lambda place: party(table[place]))


def _match(party: Party, index: Index, system: str, kind: str, context: Context) -> Match:
    return match(party, index, Company(context).rules, _free(system, kind, context))


def _free(system: str, kind: str, context: Context) -> Callable[[Sequence[Party]], Sequence[Party]]:
    def free(parties: Sequence[Party]) -> Sequence[Party]:
        refs = {party.id: Ref(system, kind, party.id) for party in parties}
        context.want(*(NeedLink(Role.ACCOUNT, ref) for ref in refs.values()))
        return [party for party in parties if not is_linked(refs[party.id], context)]

    return free
