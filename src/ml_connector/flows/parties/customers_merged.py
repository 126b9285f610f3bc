"""Customers that people merged in QuickBooks (accounting-rules D.9).

Nobody tells reliably which customer took over: it is the only other one that the linked invoices name by now. The
account of the vanished customer is then the survivor's second one. Accounts are never merged by themselves.
"""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from ml_connector.accounting.customers import customer_of
from ml_connector.flows.fields import for_salesforce
from ml_connector.flows.invoices.billed_links import PAST
from ml_connector.flows.invoices.customer import above
from ml_connector.model.plans import Context, Decision, Hold, NeedRecord, Skip, Write
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Gone, Json, Link, LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import Trigger, linked
from ml_connector.systems.quickbooks.records import Customer
from ml_connector.systems.salesforce.records import SObject

from . import pair_links, pairs

RECENT = timedelta(days=30)
_OF_THE_CUSTOMER = ("QBO_Id__c", "QBO_Balance__c", "QBO_Overdue__c")


def vanished(customer: Gone, context: Context) -> Decision:
    """A customer cannot be deleted, only merged: what is to be done is decided with the accounts it was linked to."""
    link = pair_links.of_customer(customer.ref, context)
    accounts = [*([link.target] if link else []), *pair_links.beside(customer.ref, context)]
    return Skip(reason=Reason.CUSTOMER_GONE if accounts else Reason.GONE, knocks=tuple(accounts))


def after(account: SObject, link: Link | None, dead: Ref, context: Context) -> Decision:
    """The account of a customer that is gone. `link` is None where only the mark on the account names it."""
    ending = (pair_links.end(link),) if link else ()
    invoices = _billed(account.ref, context)
    if link is not None and not link.exclusive:
        return Skip(reason=Reason.CUSTOMER_MERGED, links=ending, knocks=(account.ref, *invoices))
    survivor = _survivor(account.ref, context)
    if survivor is None:
        return _unknown(account, dead, linked(Role.ACCOUNT, account.ref))
    own = pair_links.of_customer(survivor.ref, context)
    if own is None:
        return _taken_over(survivor, account, ending, context)
    if own.target == account.ref:
        return Skip(reason=Reason.CUSTOMER_MERGED, links=ending, knocks=(account.ref,))
    second = LinkDraft(Role.ACCOUNT, account.ref, survivor.ref, {"merged": dead.id})
    return Skip(
        reason=Reason.CUSTOMER_MERGED,
        links=(*ending, second),
        knocks=(account.ref, *pair_links.beside(dead, context), own.target, survivor.ref, *invoices),
    )


def _taken_over(survivor: Customer, account: SObject, ending: tuple[LinkDraft, ...], context: Context) -> Decision:
    """A survivor without an account of its own gets this one. The old link ends first: an account has one own."""
    decision = pairs.settle(survivor, account, None, context)
    return msgspec.structs.replace(decision, links=(*ending, *decision.links))


def _unknown(account: SObject, dead: Ref, waits: Trigger) -> Hold:
    facts = {"customer": dead.id, "account": account.text("Name"), "record": str(account.ref)}
    return Hold(code="CUSTOMER-GONE", facts=facts, waits_for=(waits,))


def _billed(account: Ref, context: Context) -> list[Ref]:
    """Its invoices; the old ones only where there are no others."""
    now = context.links(Role.BILLED, account)
    links = now or context.links(Role.BILLED, Ref(account.system, PAST, account.id))
    return [link.source for link in links]


def _survivor(account: Ref, context: Context) -> Customer | None:
    """The one customer that the account's invoices name by now, or named when they left it."""
    invoices = _billed(account, context)
    context.want(*(NeedRecord(ref) for ref in invoices))
    living = [record for ref in invoices if not isinstance(record := context.record(ref), Gone)]
    named = {invoice.customer_ref.value for invoice in living if invoice.customer_ref and invoice.customer_ref.value}
    named |= {
        link.agreed.get("customer") or "" for link in context.links(Role.MOVED, account) if _is_recent(link, context)
    }
    refs = [Ref("quickbooks", "Customer", key) for key in sorted(named - {""})]
    context.want(*(NeedRecord(ref) for ref in refs))
    billed = {customer.id: customer for ref in refs if (customer := above(context.record(ref), context))}
    others = {key: customer for key, customer in billed.items() if not _is_of(customer, account, context)}
    left = list((others or billed).values())
    return left[0] if len(left) == 1 else None


def _is_recent(link: Link, context: Context) -> bool:
    return date.fromisoformat(link.agreed.get("date") or "2000-01-01") >= context.today - RECENT


def _is_of(customer: Customer, account: Ref, context: Context) -> bool:
    """Whether its invoices go to this account anyway."""
    link = pair_links.of_customer(customer.ref, context)
    return link is not None and link.target == account


def beside(account: SObject, link: Link, context: Context) -> Decision:
    """The account of a customer that was merged into `link.target`, which has an account of its own."""
    survivor = context.record(link.target)
    if isinstance(survivor, Gone):
        return _followed(account, link, context)
    if body := _stale(account, context):
        return _cleared(account, body)
    if link.agreed.get(pair_links.REVIEWED):
        return Skip(reason=Reason.SECONDARY_LINK)
    own = pair_links.of_customer(link.target, context)
    facts = {
        "account": account.text("Name"),
        "customer": survivor.plain_name,
        "other": (own.agreed.get("name") or own.target.id) if own else "(none)",
        "record": str(link.target),
        "target": str(account.ref),
    }
    return Hold(code="CUSTOMERS-MERGED", facts=facts, waits_for=(linked(Role.ACCOUNT, account.ref),))


def _followed(account: SObject, link: Link, context: Context) -> Decision:
    """The survivor was merged in its turn: where its own account went, this one goes too."""
    if own := pair_links.of_customer(link.target, context):
        waits = (linked(Role.ACCOUNT, link.target),)
        return Skip(reason=Reason.ACCOUNT_DECIDES, knocks=(own.target,), waits_for=waits)
    home = pair_links.ended(link.target, context)
    there = pair_links.of_account(Ref(account.ref.system, "Account", home.target.id), context) if home else []
    now = customer_of(there[0]) if there else link.target
    if now == link.target:
        return _unknown(account, link.target, linked(Role.ACCOUNT, link.target))
    moved = LinkDraft(Role.ACCOUNT, account.ref, now, link.agreed)
    return Skip(reason=Reason.CUSTOMER_MERGED, links=(moved,), knocks=(account.ref,))


def _stale(account: SObject, context: Context) -> Json:
    """What the account still says of a customer that it no longer has: its mark, and what it owed."""
    body: Json = {field: None for field in _OF_THE_CUSTOMER if field in account and account[field] is not None}
    name = account.text("Name")
    return for_salesforce("Account", account.id, body, context, creating=False, record=name).body


def _cleared(account: SObject, body: Json) -> Write:
    return Write(
        step="account",
        system="salesforce",
        kind="Account",
        action="update",
        body=body,
        key=account.id,
        target_id=account.id,
        why=("its customer was merged into another one",),
        label=account.text("Name"),
    )
