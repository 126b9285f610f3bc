"""Whose invoice it is: the account it goes to, or the wait until there is one (accounting-rules D.1, D.11)."""

from __future__ import annotations

import msgspec

from ml_connector.flows.parties import emails
from ml_connector.flows.parties.contacts import Bill
from ml_connector.flows.parties.pair_links import awaiting, ended, of_customer
from ml_connector.model.held import Held
from ml_connector.model.plans import Context
from ml_connector.model.refs import Gone, Link, Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import linked
from ml_connector.systems.quickbooks.records import Customer, Invoice, Reference, has_marks

LEVELS = 5


class Billed(msgspec.Struct, frozen=True):
    """The customer with an account, its name as the invoice has it, and the project in between if there is one."""

    customer_id: str
    name: str
    link: Link
    project: str = ""

    @property
    def bill(self) -> Bill:
        """As the contacts of the invoice are looked for: the account, and whether a parent pays for the customer."""
        return Bill(self.customer_id, self.link.target, self.link.agreed.get("bill_with_parent") == "true")

    @property
    def emails(self) -> tuple[str, ...]:
        """The customer's own primary address, for invoices without one."""
        return emails.parse(self.link.agreed.get("billing_email") or "")[:1]


def billed(invoice: Invoice, context: Context) -> Billed:
    """The customer of an invoice, with its own account and never another one.

    Raises `Held`: WAIT_CUSTOMER while it has none and one is to come, CUSTOMER-MISSING where none can come.
    """
    named = invoice.customer_ref or Reference()
    if not named.value:
        raise Held(code="CUSTOMER-MISSING", case="none")
    ref = Ref("quickbooks", "Customer", named.value)
    project = _project_of(invoice)
    link = _account_of(ref, named.name, context)
    if link is not None:
        name = _name_on(named, context) or link.agreed.get("name") or named.value
        return Billed(named.value, name, link, project)
    customer = context.record(ref)
    if isinstance(customer, Gone):
        raise _missing(ref, named.name or ref.id, "")
    if not customer.is_project:
        raise _waits(invoice, customer, context)
    parent = _above(customer, context)
    if parent is None:
        raise _missing(ref, customer.plain_name, "project")
    link = _account_of(parent.ref, parent.plain_name, context)
    if link is None:
        raise _waits(invoice, parent, context)
    return Billed(parent.id, _name_on(named, context) or parent.plain_name, link, project or customer.plain_name)


def _name_on(named: Reference, context: Context) -> str:
    """The customer's name as the invoice has it. Only the customer tells whether the mark of an inactive one is one."""
    if not has_marks(named.name):
        return named.name
    customer = context.record(Ref("quickbooks", "Customer", named.value))
    return named.name if isinstance(customer, Gone) else customer.plain_name


def _project_of(invoice: Invoice) -> str:
    return invoice.project_ref.name if invoice.project_ref else ""


def _account_of(customer: Ref, name: str, context: Context) -> Link | None:
    """The link of the customer. Raises `Held` with ACCOUNT-GONE when people deleted its account."""
    link = of_customer(customer, context)
    past = None if link else ended(customer, context)
    if past is None:
        return link
    name = name or past.agreed.get("name") or customer.id
    raise Held(code="ACCOUNT-GONE", case="invoice", waits_for=(linked(Role.ACCOUNT, customer),), customer=name)


def above(customer: Customer | Gone, context: Context) -> Customer | None:
    """The customer whose account invoices to this one go to: itself, or the first above a project."""
    if isinstance(customer, Gone):
        return None
    return _above(customer, context) if customer.is_project else customer


def _above(project: Customer, context: Context) -> Customer | None:
    """The first customer above a project that is none itself."""
    customer: Customer | Gone = project
    for _ in range(LEVELS):
        if isinstance(customer, Gone) or not customer.is_project:
            break
        above = customer.parent_ref
        if above is None or not above.value:
            return None
        customer = context.record(Ref("quickbooks", "Customer", above.value))
    return None if isinstance(customer, Gone) or customer.is_project else customer


def _waits(invoice: Invoice, customer: Customer, context: Context) -> Held:
    return Held(
        code="WAIT_CUSTOMER",
        waits_for=(linked(Role.ACCOUNT, customer.ref),),
        knocks=(customer.ref,),
        links=awaiting(customer, invoice.ref, context),
        customer=customer.plain_name or customer.id,
        awaited=str(customer.ref),
    )


def _missing(customer: Ref, name: str, case: str) -> Held:
    return Held(code="CUSTOMER-MISSING", case=case, waits_for=(linked(Role.ACCOUNT, customer),), customer=name)
