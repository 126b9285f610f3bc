"""A Salesforce account that is ready becomes a QuickBooks customer, once; then both stay in agreement (E.2 to E.5)."""

from __future__ import annotations

from collections.abc import Sequence

from ml_connector.accounting.customers import customer_of
from ml_connector.flows.company import Company
from ml_connector.flows.dimensions import texts as dim_texts
from ml_connector.flows.invoices import account_summary
from ml_connector.flows.refusals import refused
from ml_connector.model.held import Held
from ml_connector.model.plans import Context, Decision, Flow, Hold, Skip
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Gone, Record, Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import SETTINGS, linked, table_changed
from ml_connector.systems.salesforce.records import SObject

from . import accounts_merged, customers_merged, gates, pair_links, pairs
from . import status_text as account_status
from .candidates import among_customers
from .matching import Match, facts_of
from .new_customer import new_customer


def decide(account: SObject, context: Context) -> Decision:
    """What is to be done, and on the account itself why it is held, if it is."""
    try:
        decision = _decide(account, context)
    except Held as held:
        decision = held.hold()
    return account_status.shown(account, decision, context)


def _decide(account: SObject, context: Context) -> Decision:
    """Names of departments and classes are renewed; a known pair is brought into agreement; an unknown account passes
    the gates first."""
    link = next(iter(pair_links.of_account(account.ref, context)), None)
    source = customer_of(link) if link else _marked(account, context)
    if (source is not None and source.id == "") or not Company(context).has_account(account):
        return Skip(reason=Reason.OTHER_COMPANY)
    if text := dim_texts.renewed(account, context):
        return text
    if source is None:
        return _unlinked(account, context)
    if link is not None and link.source == account.ref:
        return customers_merged.beside(account, link, context)
    customer = context.record(source)
    if isinstance(customer, Gone):
        return customers_merged.after(account, link, source, context)
    if link is None and pair_links.of_customer(source, context):
        return Skip(reason=Reason.CUSTOMER_HAS_ANOTHER_ACCOUNT)
    decision = pairs.settle(customer, account, link or pair_links.ended(source, context), context)
    return (isinstance(decision, Skip) and account_summary.restored(account, context)) or decision


def _marked(account: SObject, context: Context) -> Ref | None:
    """The customer that the mark on the account names; without an id if it is of another company."""
    realm, colon, customer_id = account.text("QBO_Id__c").partition(":")
    if not colon:
        return None
    ours = realm == Company(context).rules.realm_id
    return Ref("quickbooks", "Customer", customer_id if ours else "")


def _unlinked(account: SObject, context: Context) -> Decision:
    if not gates.is_ready(account, context):
        return Skip(reason=Reason.NOT_READY)
    gates.check(account, context)
    match = among_customers(account, context)
    if match.outcome == "auto":
        return _link_to(match, account, context)
    if match.outcome == "review" and not pair_links.is_declared_new(context, account.ref):
        return _review(match, account)
    return new_customer(account, context)


def _link_to(match: Match, account: SObject, context: Context) -> Decision:
    customer = context.record(Ref("quickbooks", "Customer", match.best.party.id))
    return _review(match, account) if isinstance(customer, Gone) else pairs.settle(customer, account, None, context)


def _review(match: Match, account: SObject) -> Hold:
    own = (linked(Role.ACCOUNT, account.ref), linked(Role.DECLARED_NEW, account.ref))
    facts = {**facts_of(match), "account": account.text("Name")}
    return Hold(code="V-DUP", facts=facts, waits_for=(*own, table_changed("matching"), SETTINGS))


def _account_of(order: Record, context: Context) -> Sequence[Ref]:
    """An order can make its account ready; one that has a customer is so for good."""
    account_id = order.text("AccountId") if isinstance(order, SObject) else ""
    account = Ref("salesforce", "Account", account_id)
    return [account] if account_id and not pair_links.of_account(account, context) else []


FLOW = Flow(
    name="account_to_customer",
    system="salesforce",
    kind="Account",
    rank=20,
    decide=decide,
    gone=accounts_merged.gone,
    refused=refused,
    changed_by={"Order": _account_of},
)
