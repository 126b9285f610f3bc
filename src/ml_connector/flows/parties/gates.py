"""What an account must fulfil before it becomes a QuickBooks customer, in order (accounting-rules E.3)."""

from __future__ import annotations

from ml_connector.accounting.customers import customer_of
from ml_connector.flows.company import Company
from ml_connector.model import canonical
from ml_connector.model.held import Held
from ml_connector.model.plans import Context
from ml_connector.model.refs import Gone, Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import linked, record_changed, table_changed
from ml_connector.systems.salesforce.records import SObject

from . import addresses, emails
from .names import clean
from .pair_links import of_account, of_customer

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
    links = of_account(parent, context)
    if not links:
        raise _unlinked(account, parent, context)
    facts = {"account": account.text("Name"), "parent": parent_id}
    customer = customer_of(links[0])
    above = context.record(customer)
    if isinstance(above, Gone):
        raise Held(facts, code="V-PARENT", case="gone", waits_for=(linked(Role.ACCOUNT, parent),), knocks=(parent,))
    facts["parent"] = above.plain_name
    if not above.active:
        raise Held(facts, code="V-PARENT", case="inactive", waits_for=(record_changed(customer),))
    if above.level >= LEVELS - 1:
        raise Held(facts, code="V-PARENT", case="levels")


def _unlinked(account: SObject, parent: Ref, context: Context) -> Held:
    """Why a parent has no customer: it is on its way, or none will come as things stand."""
    above: SObject | Gone = context.record(parent)
    facts = {"name": account.text("Name"), "account": account.text("Name"), "parent": parent.id}
    waits = (linked(Role.ACCOUNT, parent), record_changed(parent))
    if isinstance(above, Gone):
        return Held(facts, code="V-PARENT", case="gone", waits_for=waits)
    facts["parent"] = above.text("Name") or parent.id
    if case := _hopeless(account, above, context):
        return Held(facts, code="V-PARENT", case=case, waits_for=waits)
    if not above["QBO_Id__c"] and not is_ready(above, context):
        return Held(facts, code="PARENT-NOT-READY", waits_for=waits)
    return Held(facts, code="WAIT_PARENT", waits_for=waits[:1], knocks=(parent,), awaited=str(parent))


def _hopeless(account: SObject, above: SObject, context: Context) -> str:
    """Which case of V-PARENT it is; blank while the parent may still get a customer."""
    if _in_a_circle(account, context):
        return "circle"
    realm, colon, customer = above.text("QBO_Id__c").partition(":")
    if colon and realm != Company(context).rules.realm_id:
        return "other"
    return "second" if colon and of_customer(Ref("quickbooks", "Customer", customer), context) else ""


def _in_a_circle(account: SObject, context: Context) -> bool:
    """Whether the way up leads back; it ends at an account that has a customer."""
    seen, above = {account.ref}, account
    for _ in range(LEVELS):
        ref = Ref("salesforce", "Account", above.text("ParentId"))
        if ref in seen:
            return True
        if not ref.id or of_account(ref, context):
            return False
        record = context.record(ref)
        if isinstance(record, Gone):
            return False
        seen.add(ref)
        above = record
    return False
