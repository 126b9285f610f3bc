"""What an account must fulfil before it becomes a QuickBooks customer, in order (accounting-rules E.3)."""

from __future__ import annotations

from ml_connector.accounting.customers import customer_of
from ml_connector.flows.company import Company
from ml_connector.model import canonical
from ml_connector.model.held import Held
from ml_connector.model.plans import Context
from ml_connector.model.refs import Gone, Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import linked, table_changed
from ml_connector.systems.salesforce.records import SObject

from . import addresses, emails
from .names import clean
from .pair_links import of_account

LEVELS = 5
EMAIL_LIMIT = 100


def is_ready(account: SObject, context: Context) -> bool:
    """V-READY: people say so, or it has an activated order."""
    if account["QBO_Ready__c"]:
        return True
    orders = context.found("salesforce", "Order", "AccountId", account.id)
    return any(order.text("StatusCode") == "Activated" for order in orders)


def check(account: SObject, context: Context) -> None:
    """Raises `Held` with the first gate from V-NAME to V-PARENT that does not open."""
    for gate in (_name, _currency, _country, _email, _parent):
        gate(account, context)


def _name(account: SObject, _: Context) -> None:
    if not clean(account.text("Name")):
        raise Held(code="V-NAME", account=account.id)


def _currency(account: SObject, context: Context) -> None:
    """A company with one currency takes no other; in one with several the currency must be active in the org too."""
    company, currency = Company(context), account.get("CurrencyIsoCode")
    if not currency or currency == company.home_currency:
        return
    if company.multicurrency and currency in (company.org_currencies or {currency}):
        return
    waits = (table_changed("preferences"), table_changed("currencies", "salesforce"))
    raise Held(code="V-CUR", waits_for=waits, account=account.text("Name"), currency=currency)


def _country(account: SObject, _: Context) -> None:
    if not addresses.of_account(account, "Billing").country.strip():
        raise Held(code="V-COUNTRY", account=account.text("Name"))


def _email(account: SObject, _: Context) -> None:
    address = billing_email(account)
    if address and len(address) <= EMAIL_LIMIT and not all(map(canonical.is_email, emails.split(address))):
        raise Held(code="V-EMAIL", account=account.text("Name"))


def billing_email(account: SObject) -> str:
    """What people wrote as billing e-mail, else the e-mail of the contacts if they all have the same."""
    written = emails.split(account.text("QBO_Billing_Email__c"))
    known = {address for contact in account.children("Contacts") for address in emails.parse(contact.text("Email"))}
    return ", ".join(written or (known if len(known) == 1 else ()))


def _parent(account: SObject, context: Context) -> None:
    parent_id = account.text("ParentId")
    if not parent_id:
        return
    parent = Ref("salesforce", "Account", parent_id)
    facts = {"account": account.text("Name"), "parent": parent_id}
    if parent_id == account.id:
        raise Held(facts, code="V-PARENT", case="circle")
    links = of_account(parent, context)
    if not links:
        raise Held(
            facts,
            code="WAIT_PARENT",
            waits_for=(linked(Role.ACCOUNT, parent),),
            knocks=(parent,),
            name=account.text("Name"),
            awaited=str(parent),
        )
    above = context.record(customer_of(links[0]))
    if isinstance(above, Gone) or above.level >= LEVELS - 1:
        raise Held(facts, code="V-PARENT", case="levels")
