"""What an account must fulfil before it becomes a QuickBooks customer, in order (accounting-rules E.3)."""

from __future__ import annotations

from collections.abc import Callable

from ml_connector.flows.company import Company
from ml_connector.model import canonical
from ml_connector.model.plans import Context, Hold
from ml_connector.model.refs import Gone, Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import linked, table_changed
from ml_connector.systems.salesforce.records import SObject

from . import addresses, emails
from .names import clean
from .pair_links import customer_of, of_account

LEVELS = 5
EMAIL_LIMIT = 100


def is_ready(account: SObject, context: Context) -> bool:
    """V-READY: people say so, or it has an activated order."""
    if account["QBO_Ready__c"]:
        return True
    orders = context.found("salesforce", "Order", "AccountId", account.id)
    return any(order.text("StatusCode") == "Activated" for order in orders)


def first_failing(account: SObject, context: Context) -> Hold | None:
    """The first gate from V-NAME to V-PARENT that does not open."""
    gates: tuple[Callable[[SObject, Context], Hold | None], ...] = (_name, _currency, _country, _email, _parent)
    return next((hold for gate in gates if (hold := gate(account, context))), None)


def _name(account: SObject, _: Context) -> Hold | None:
    return None if clean(account.text("Name")) else Hold(code="V-NAME", facts={"account": account.id})


def _currency(account: SObject, context: Context) -> Hold | None:
    """A company with one currency takes no other; in one with several the currency must be active in the org too."""
    company, currency = Company(context), account.get("CurrencyIsoCode")
    if not currency or currency == company.home_currency:
        return None
    if company.multicurrency and currency in (company.org_currencies or {currency}):
        return None
    facts = {"account": account.text("Name"), "currency": currency}
    waits = (table_changed("preferences"), table_changed("currencies", "salesforce"))
    return Hold(code="V-CUR", facts=facts, waits_for=waits, currency=currency)


def _country(account: SObject, _: Context) -> Hold | None:
    if addresses.of_account(account, "Billing").country.strip():
        return None
    return Hold(code="V-COUNTRY", facts={"account": account.text("Name")})


def _email(account: SObject, _: Context) -> Hold | None:
    address = billing_email(account)
    if not address or len(address) > EMAIL_LIMIT or all(map(canonical.is_email, emails.split(address))):
        return None
    return Hold(code="V-EMAIL", facts={"account": account.text("Name")})


def billing_email(account: SObject) -> str:
    """What people wrote as billing e-mail, else the e-mail of the contacts if they all have the same."""
    written = emails.split(account.text("QBO_Billing_Email__c"))
    known = {address for contact in account.children("Contacts") for address in emails.parse(contact.text("Email"))}
    return ", ".join(written or (known if len(known) == 1 else ()))


def _parent(account: SObject, context: Context) -> Hold | None:
    parent_id = account.text("ParentId")
    if not parent_id:
        return None
    parent = Ref("salesforce", "Account", parent_id)
    facts = {"account": account.text("Name"), "parent": parent_id}
    if parent_id == account.id:
        return Hold(code="V-PARENT", facts={"case": "circle", **facts})
    links = of_account(parent, context)
    if not links:
        waits = (linked(Role.ACCOUNT, parent),)
        facts |= {"name": account.text("Name"), "awaited": str(parent)}
        return Hold(code="WAIT_PARENT", facts=facts, waits_for=waits, knocks=(parent,))
    above = context.record(customer_of(links[0]))
    if isinstance(above, Gone) or above.level >= LEVELS - 1:
        return Hold(code="V-PARENT", facts={"case": "levels", **facts})
    return None
